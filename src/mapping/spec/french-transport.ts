// How the data travel: address, authentication, file name and hours, in French.
// Invariant: a secret is named, never shown.
import type { CompiledMapping } from '../contract.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { asText } from '../fields/formatters.ts';
import { frenchLabel } from '../fields/french.ts';
import { acceptNames } from '../fields/conditions.ts';
import { callRows } from './french-calls.ts';
import { sourceLabel } from './french-sources.ts';

type Raw = Readonly<Record<string, unknown>>;

const shown = (value: unknown): string =>
  typeof value === 'string' && value.startsWith('secret:')
    ? `confidentiel (${value.slice('secret:'.length)})`
    : Array.isArray(value)
      ? (value as unknown[]).map(shown).join(', ')
      : asText(value);

const formatNames = { json: 'JSON', form: 'formulaire', xml: 'XML', csv: 'CSV' } as const;

export function transportRows(whole: Raw, compiled: CompiledMapping): readonly (readonly string[])[] {
  const format = (['json', 'form', 'xml', 'csv'] as const).find((known) => Object.hasOwn(whole, known));
  const dialect = format === undefined ? {} : blockAt(whole, format);
  const parts = Object.entries(dialect).flatMap(([key, value]) =>
    isRecord(value) || Array.isArray(value) ? [] : [`${dialectWords[key] ?? key} ${asText(value)}`],
  );
  const name = format === undefined ? '' : formatNames[format];
  const written = name === '' ? [] : [['Format', [name, ...parts].join(', ')]];
  return [...settingRows(whole, compiled), ...written];
}

const dialectWords: Readonly<Record<string, string>> = {
  delimiter: 'séparateur',
  quote: 'guillemets',
  encoding: 'encodage',
  unmappable: 'caractères hors encodage :',
  eol: 'fin de ligne',
  header: 'ligne de titres :',
  decimal: 'décimale',
  lineBreak: 'saut de ligne remplacé par',
  root: 'racine',
  record: 'élément',
  list: 'liste :',
};

function settingRows(whole: Raw, compiled: CompiledMapping): readonly (readonly string[])[] {
  const send = blockAt(whole, 'send');
  const calls = callRows(whole, compiled);
  switch (compiled.connector) {
    case 'webhook':
      return [
        ...(calls.length > 0
          ? calls
          : [
              ['Transport', 'Appel HTTPS, une demande par appel'],
              ['Adresse', `${shown(send['method'] ?? 'POST')} ${shown(send['url'])}`],
            ]),
        ['Authentification', authWords(send)],
        ...(isRecord(send['signature'])
          ? [['Signature', 'Standard Webhooks (en-têtes webhook-id, webhook-timestamp, webhook-signature)']]
          : []),
        [
          'Clé de la demande',
          `${calls.length > 0 ? "celle de la demande suivie du nom de l'appel, " : ''}la même à chaque essai : en-têtes webhook-id et ${asText(send['idempotencyHeader'] ?? 'Idempotency-Key')}`,
        ],
      ];
    case 'flow': {
      const file = blockAt(whole, 'file');
      const schedule = blockAt(file, 'schedule');
      const control = blockAt(file, 'control');
      return [
        ['Transport', 'Fichier déposé, puis renommé une fois complet'],
        ['Emplacement', shown(file['to'])],
        ['Nom du fichier', shown(file['name'])],
        [
          'Horaires',
          `${cronWords(asText(schedule['cron']))} (${asText(schedule['timezone'] ?? 'Europe/Paris')}) ; aucun fichier sans demande`,
        ],
        ...(Object.hasOwn(control, 'sidecar')
          ? [
              [
                'Fichier de contrôle',
                `${asText(control['sidecar'])} : ${listAt(control, 'fields').map(asText).join(', ')}`,
              ],
            ]
          : []),
        ...(isRecord(file['ack'])
          ? [
              [
                'Accusé de réception',
                `${asText(file['ack']['path'])}, attendu sous ${asText(file['ack']['within'])}`,
              ],
            ]
          : []),
      ];
    }
    case 'email':
      return [
        ['Transport', 'Courrier électronique, une demande par message'],
        ['Destinataires', shown(send['to'])],
        ...(Object.hasOwn(send, 'cc') ? [['Copie', shown(send['cc'])]] : []),
        ['Expéditeur', shown(send['from'])],
        ...(Object.hasOwn(send, 'attachment') ? [['Pièce jointe', shown(send['attachment'])]] : []),
      ];
    default:
      return [['Transport', compiled.connector]];
  }
}

function authWords(send: Raw): string {
  const auth = blockAt(send, 'auth');
  if (Object.hasOwn(auth, 'bearer')) return `en-tête Authorization: Bearer, ${shown(auth['bearer'])}`;
  if (isRecord(auth['basic'])) return `HTTP Basic, utilisateur ${shown(auth['basic']['user'])}`;
  if (isRecord(auth['header']))
    return `en-tête ${asText(auth['header']['name'])}, ${shown(auth['header']['value'])}`;
  const [name] = Object.keys(auth);
  return name ?? 'aucune';
}

const days = ['dimanche', 'lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'];

/** Plain schedules as a sentence; others as they are written. */
export function cronWords(cron: string): string {
  const [minute = '', hour = '', day, month, weekday = '*'] = cron.trim().split(/\s+/);
  const hours = hour.split(',').flatMap((part): readonly number[] => {
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range === null) return /^\d+$/.test(part) ? [Number(part)] : [Number.NaN];
    return Array.from({ length: Number(range[2]) - Number(range[1]) + 1 }, (_, at) => Number(range[1]) + at);
  });
  const span = /^(\d)-(\d)$/.exec(weekday);
  const which =
    weekday === '*'
      ? 'tous les jours'
      : span !== null
        ? `du ${days[Number(span[1])] ?? '?'} au ${days[Number(span[2])] ?? '?'}`
        : /^\d(,\d)*$/.test(weekday)
          ? weekday
              .split(',')
              .map((part) => `le ${days[Number(part)] ?? '?'}`)
              .join(', ')
          : undefined;
  if (
    !/^\d+$/.test(minute) ||
    hours.some(Number.isNaN) ||
    day !== '*' ||
    month !== '*' ||
    which === undefined
  )
    return `calendrier cron ${cron}`;
  const at = hours.map((full) => `${full} h ${minute.padStart(2, '0')}`);
  return `${which}, à ${at.join(', ')}`;
}

/** Which leads go there. */
export function acceptsItems(whole: Raw): readonly string[] {
  const accepts = blockAt(whole, 'accepts');
  const items = Object.entries(accepts).map(([key, value]) => {
    const path = acceptNames[key] ?? key;
    const list = (Array.isArray(value) ? (value as unknown[]) : [value]).map((item) =>
      asText(frenchLabel(path, item)),
    );
    return `${sourceLabel(path)} : ${list.join(', ')}`;
  });
  return items.length === 0 ? ['Toutes les demandes recueillies pour vous.'] : items;
}
