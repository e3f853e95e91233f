// Describes in French the meaning of the client's answers and what follows; durations and retry schedules too.
// Invariant: rules keep their order; a condition without words is shown as the file writes it.
import {
  leftOpen,
  looksLikeRefusal,
  statusMeanings,
  type StatusMeaning,
} from '../../../connectors/http-status.ts';
import type { CompiledMapping } from '../contract.ts';
import { isRecord, listAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { statusTest } from '../response/conditions.ts';
import { ruleKinds } from '../response/rule.ts';
import { type Block, paragraph, tableOf, type Raw } from './blocks.ts';

const units: readonly (readonly [number, string])[] = [
  [86_400_000, 'j'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** `1 h 30 min`, `5 s`. */
export function durationWords(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [size, unit] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** Name and consequence of each outcome; those of the statuses come from their table. */
const meanings: Readonly<Record<string, readonly [string, string]>> = {
  ...Object.fromEntries(statusMeanings.map(({ outcome, name, next }) => [outcome, [name[0], next[0]]])),
  accepted: ['Accepté', 'Le lead est livré.'],
  duplicate: ['Déjà connu', 'Le lead est livré : vous l\u2019aviez déjà.'],
  pending: ['En attente de votre décision', 'Nous vous interrogeons de nouveau.'],
  refused: ['Refusé', 'Définitif ; notre support en est averti.'],
  invalid: ['Format refusé', 'Définitif pour cette version ; nous corrigeons puis renvoyons.'],
  unconfirmed: ['Remis sans preuve', 'Le lead est considéré comme remis.'],
  absent: ['Inconnu chez vous', 'Le lead est envoyé de nouveau.'],
};

const stages: Readonly<Record<string, string>> = {
  create: 'création',
  update: 'mise à jour',
  erase: 'effacement',
  lookup: 'vérification',
};

const joined = (items: readonly (string | number)[], word: string): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1) ?? ''}`;

const opens = joined(leftOpen, 'et');

/** `408, 425 ou 5xx (sauf 502 et 504)`. */
const statusesOf = ({ statuses, from }: StatusMeaning): string =>
  joined([...statuses, ...(from === undefined ? [] : [classWords(from)])], 'ou');

const classWords = (from: number): string => `${Math.floor(from / 100)}xx (sauf ${opens})`;

/** The table of rules, the file's own and the preset's, and what happens to an answer that no rule matches. */
export function answerBlocks(whole: Raw, unknown: string): readonly Block[] {
  const fallback = [
    ...statusMeanings
      .filter(({ outcome }) => outcome !== 'unknown')
      .map((meaning) => [`À défaut, statut ${statusesOf(meaning)}`, meaning.name[0], meaning.next[0]]),
    [`Toute autre réponse, ${joined(['2xx', ...leftOpen], 'et')} comprises`, 'Non comprise', unknown],
  ];
  return [
    paragraph(
      'Les règles sont lues dans cet ordre et la première qui convient s\u2019applique ; si une autre voit un refus dans la même réponse, le refus l\u2019emporte, sauf si la première en est une exception. Aucune réponse ne vaut acceptation sans une règle qui le dit.',
    ),
    paragraph(
      `Les statuts ${joined([...looksLikeRefusal, '5xx'], 'et')} concernent l\u2019accès ou la disponibilité, non le lead : une règle sans statut, ou pour une classe (4xx, 5xx), ne les lit jamais comme une acceptation ou un refus, et ${opens} seulement si elle les nomme.`,
    ),
    ...faultBlocks(whole),
    ruleTable(listAt(whole, 'response'), { unknown, fallback, promises: !Array.isArray(whole['calls']) }),
  ];
}

/** The rule about faults that no file can change, where the protocol reports errors inside its answers. */
const faultBlocks = (whole: Raw): readonly Block[] =>
  ['soap', 'jsonRpc', 'xmlRpc'].some((format) => Object.hasOwn(whole, format))
    ? [
        paragraph(
          'Une erreur du protocole ne vaut jamais acceptation, quel que soit le statut HTTP et quelles que soient les règles ; une réponse qui n\u2019est pas du protocole (une page, une réponse tronquée) non plus.',
        ),
      ]
    : [];

export function ruleTable(
  rules: readonly unknown[],
  {
    unknown,
    fallback = [],
    promises = true,
  }: {
    readonly unknown: string;
    readonly fallback?: readonly (readonly string[])[];
    /** False where a missing reference changes nothing: the rules common to several calls. */
    readonly promises?: boolean;
  },
): Block {
  const rows = rules.flatMap((raw): readonly (readonly string[])[] => {
    if (!isRecord(raw)) return [];
    const kind = ruleKinds.find((known) => Object.hasOwn(raw, known));
    const [name, next] =
      kind === 'unknown' ? ['Non comprise', unknown] : (meanings[kind ?? ''] ?? [kind ?? '?', '']);
    const on = (
      Array.isArray(raw['on']) ? (raw['on'] as unknown[]) : raw['on'] === undefined ? [] : [raw['on']]
    ).map(asText);
    const only = on.length === 0 ? '' : ` (${on.map((stage) => stages[stage] ?? stage).join(', ')})`;
    return [
      [
        `${testWords(kind === undefined ? {} : raw[kind])}${only}`,
        name,
        `${next}${takenWords(raw, promises && kind === 'accepted')}`,
      ],
    ];
  });
  return tableOf(['Votre réponse', 'Sens', 'Ce que nous faisons'], [...rows, ...fallback]);
}

export function unknownWords(policy: 'resend' | 'lookup' | 'hold'): string {
  switch (policy) {
    case 'resend':
      return 'Nouvel essai avec la même clé : votre système doit reconnaître un lead déjà reçu.';
    case 'lookup':
      return 'Nous vous demandons d\u2019abord si vous avez le lead.';
    case 'hold':
      return 'Le lead attend une décision de notre support.';
  }
}

function testWords(conditions: unknown): string {
  if (!isRecord(conditions)) return '?';
  return Object.entries(conditions)
    .map(([name, option]) => {
      const list = (Array.isArray(option) ? (option as unknown[]) : [option]).map(asText);
      switch (name) {
        case 'status':
          return `statut ${list.map(statusWords).join(' ou ')}`;
        case 'fault':
          return option === true
            ? 'erreur du protocole, quelle qu\u2019elle soit'
            : `erreur ${list.join(' ou ')} du protocole`;
        case 'mediaType':
          return `type ${asText(option)}`;
        case 'json':
        case 'xml':
        case 'xpath':
        case 'css':
        case 'header':
          return isRecord(option) ? placesWords(option) : JSON.stringify(option);
        case 'text':
          return `contient ${(isRecord(option) ? [option['contains']].flat() : list).map(quoted).join(' ou ')}`;
        default:
          return JSON.stringify({ [name]: option });
      }
    })
    .join(' et ');
}

/** A class or range never includes the answers of gateways. */
const statusWords = (code: string): string =>
  leftOpen.some((status) => !/^\d+$/.test(code) && statusTest(code)?.(status) === true)
    ? `${code} (sauf ${opens})`
    : code;

const quoted = (value: unknown): string => `« ${asText(value)} »`;

const placesWords = (places: Raw): string =>
  Object.entries(places)
    .map(([place, wanted]) => {
      if (isRecord(wanted) && Object.hasOwn(wanted, 'contains'))
        return `${place} contient ${[wanted['contains']].flat().map(quoted).join(' ou ')}`;
      if (isRecord(wanted) && Object.hasOwn(wanted, 'matches'))
        return `${place} de la forme ${[wanted['matches']].flat().map(quoted).join(' ou ')}`;
      if (isRecord(wanted)) return `${place} ${wanted['exists'] === false ? 'absent' : 'présent'}`;
      const values = Array.isArray(wanted) ? (wanted as unknown[]) : [wanted];
      return `${place} = ${values.map((value) => JSON.stringify(value)).join(' ou ')}`;
    })
    .join(' et ');

function takenWords(raw: Raw, promised: boolean): string {
  const parts: string[] = [];
  if (typeof raw['reference'] === 'string') {
    parts.push(`Votre référence est lue dans ${raw['reference']}.`);
    if (promised) parts.push('À la création, une réponse qui ne la donne pas n\u2019est pas comprise.');
  }
  const { reason } = raw;
  if (isRecord(reason)) {
    const codes = Object.entries(isRecord(reason['map']) ? reason['map'] : {}).map(
      ([theirs, ours]) => `${theirs === 'else' ? 'autre' : theirs} → ${asText(ours)}`,
    );
    parts.push(`Le motif est lu dans ${asText(reason['path'])} : ${codes.join(', ')}.`);
  }
  if (typeof raw['after'] === 'string') parts.push(`Délai : ${raw['after']}.`);
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`;
}

/** The schedule of tries, with the time since the first one. */
export function retryBlocks(compiled: CompiledMapping): readonly Block[] {
  let total = 0;
  const rows = compiled.retry.delays.map((delay, index) => {
    total += delay;
    return [`Essai ${index + 2}`, durationWords(delay), durationWords(total)];
  });
  return [
    paragraph(
      `Un lead qui n’a pu être livré est envoyé de nouveau, avec la même clé tant que son contenu est le même. Au bout de ${durationWords(compiled.maxAgeMs)}, il est déclaré en échec et notre support est alerté.`,
    ),
    tableOf(['Essai', 'Délai', 'Depuis le premier essai'], [['Essai 1', 'immédiat', '-'], ...rows]),
  ];
}
