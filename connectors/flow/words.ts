// Describes the transport of files, and when one counts as delivered, for the document a client signs.
// Invariant: plain schedules as a sentence, others as written; a secret is shown by its name.
import type { Both, SignedRow, SignedWords } from '../contract.ts';
import { shownSetting } from '../guard.ts';
import type { LineSettings } from './line-settings.ts';
import { packingRows } from './packing/settings.ts';
import { controlFields, type FlowSettings } from './settings.ts';
import { handOverOf, transportOf, type FlowServer } from './transports.ts';

const same = (text: string): Both => [text, text];

function transport({
  to,
  name,
  schedule,
  empty,
  mode,
  control,
  ack,
  marker,
  server,
  compress,
  openpgp,
}: Partial<FlowSettings>): readonly SignedRow[] {
  const { cron = '', timezone = 'Europe/Paris' } = schedule ?? {};
  return [
    {
      point: ['Transport', 'Transport'],
      agreed:
        (server === undefined ? undefined : handOverOf(server)?.transport) ??
        (marker === undefined
          ? ['Fichier déposé, puis renommé une fois complet', 'A file dropped, then renamed once it is whole']
          : [
              `Fichier déposé sous son nom ; complet quand le témoin ${marker} est à côté`,
              `A file dropped under its name; whole once the marker ${marker} is beside it`,
            ]),
    },
    ...(server === undefined ? [] : (transportOf(server).words?.(server) ?? [])),
    placeRow(to ?? '', server),
    { point: ['Nom du fichier', 'Name of the file'], agreed: shownSetting(name ?? '') },
    {
      point: ['Horaires', 'Hours'],
      agreed: [
        `${cronWords(cron)} (${timezone}) ; ${empty === 'header' ? 'un fichier sans ligne quand il n’y a pas de lead' : 'aucun fichier quand il n’y a pas de lead'}`,
        `cron ${cron} (${timezone}); ${empty === 'header' ? 'a file without records when there are no leads' : 'no file without leads'}`,
      ],
    },
    ...(mode === 'full' ? [fullRow] : []),
    ...packingRows({ compress, openpgp }),
    ...(control === undefined
      ? []
      : [
          {
            point: ['Fichier de contrôle', 'Control file'] as const,
            agreed: same(`${control.sidecar} : ${(control.fields ?? controlFields).join(', ')}`),
          },
        ]),
    ...ackRows(ack),
  ];
}

const fullRow: SignedRow = {
  point: ['Contenu', 'Content'],
  agreed: [
    'Chaque fichier contient tous les leads en cours ; un lead qui n’y figure plus est à effacer, une valeur modifiée est à reprendre ; un désabonnement recueilli chez vous prime sur l’opt-in du fichier, et nous est signalé',
    'Each file holds every current lead; one that is not in it any more is to be erased, a changed value to be taken over; who unsubscribed at yours stays so whatever the file says, and you tell us',
  ],
};

function placeRow(to: string, server: FlowServer | undefined): SignedRow {
  const mailboxes = server === undefined ? undefined : handOverOf(server)?.targets(to);
  return mailboxes === undefined
    ? { point: ['Emplacement', 'Place'], agreed: shownSetting(to) }
    : { point: ['Destinataires', 'Recipients'], agreed: shownSetting(mailboxes) };
}

/** The rows about the acknowledgement, in French: its place, its deadline, and the meaning of its lines. */
function ackRows(ack: FlowSettings['ack']): readonly SignedRow[] {
  if (ack === undefined) return [];
  const { path, within, lines } = ack;
  const place: SignedRow = {
    point: ['Accusé de réception', 'Acknowledgement'],
    agreed:
      within === undefined
        ? same(path)
        : [`${path}, attendu sous ${within}`, `${path}, expected within ${within}`],
  };
  return lines === undefined ? [place] : [place, lineRow(lines)];
}

function lineRow(lines: LineSettings): SignedRow {
  const { reference, key, status, reason, id, accepted, duplicate, refused, again } = lines;
  const format =
    lines.xml === undefined
      ? `CSV, séparateur ${lines.csv?.delimiter ?? ';'}, ${lines.csv?.encoding ?? 'utf-8'}`
      : `XML, <${lines.xml.record}>`;
  const said = (fr: string, words: readonly string[] = []): readonly string[] =>
    words.length === 0 ? [] : [`${fr} : ${words.join(', ')}`];
  const columns = [
    reference === undefined ? `clé de livraison : ${key ?? ''}` : `notre référence : ${reference}`,
    `statut : ${status}`,
    ...(reason === undefined ? [] : [`code du refus : ${reason}`]),
    ...(id === undefined ? [] : [`votre numéro : ${id}`]),
  ];
  const words = [
    ...said('acceptée', accepted),
    ...said('déjà présente', duplicate),
    ...said('refusée', refused),
    ...said('à renvoyer', again),
  ];
  return {
    point: ['Lignes de l’accusé', 'Lines of the acknowledgement'],
    agreed: [
      `${format} ; ${columns.join(' ; ')} ; ${words.join(' ; ')}. Un lead sans ligne n’est jamais compté comme remis.`,
      `${format.replace('séparateur', 'delimiter')}; one line for each lead; a lead without a line never counts as delivered.`,
    ],
  };
}

const days = ['dimanche', 'lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'];

/** Plain schedules as a French sentence; others as written. */
export function cronWords(cron: string): string {
  const [minute = '', hour = '', day, month, weekday = '*'] = cron.trim().split(/\s+/);
  const hours = hour.split(',').flatMap((part): readonly number[] => {
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range === null) return /^\d+$/.test(part) ? [Number(part)] : [Number.NaN];
    const first = Number(range[1]);
    const last = Number(range[2]);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const which = weekdayWords(weekday);
  const plain = /^\d+$/.test(minute) && !hours.some(Number.isNaN) && day === '*' && month === '*';
  if (!plain || which === undefined) return `calendrier cron ${cron}`;
  return `${which}, à ${hours.map((at) => `${at} h ${minute.padStart(2, '0')}`).join(', ')}`;
}

function weekdayWords(weekday: string): string | undefined {
  const nameOf = (number: string | undefined): string => days[Number(number)] ?? '?';
  if (weekday === '*') return 'tous les jours';
  const span = /^(\d)-(\d)$/.exec(weekday);
  if (span !== null) return `du ${nameOf(span[1])} au ${nameOf(span[2])}`;
  if (!/^\d(,\d)*$/.test(weekday)) return undefined;
  return weekday
    .split(',')
    .map((number) => `le ${nameOf(number)}`)
    .join(', ');
}

export const flowWords: SignedWords<FlowSettings> = {
  transport,
  delivered: ({ server }) =>
    (server === undefined ? undefined : handOverOf(server)?.delivered) ?? [
      'Un fichier déposé, relu, puis renommé (ou accompagné de son témoin) vaut remise.',
      'A file dropped, read back, then renamed (or given its marker) counts as handed over.',
    ],
};
