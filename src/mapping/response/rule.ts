// Compiles one response rule: its conditions, and the values it takes from the answer.
// Invariant: only a reference, a delay and mapped codes of the recipient's text are kept (guarantee 7).
import type { Action, Both } from '../../../connectors/contract.ts';
import {
  looksForAsked,
  parsePath,
  placeForms,
  placeOf,
  recordSteps,
  type Extract,
  type Opened,
} from './answer.ts';
import { blockAt, isRecord } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import { compileAnswerTest, isAsked, saysWhat, statusTest, type AnswerTest } from './conditions.ts';
import { asksForFault, type FaultsOf } from './faults.ts';
import { retryAfterMs } from '../../../connectors/http-status.ts';
import { safeCode } from '../../domain/delivery.ts';
import { parseDuration } from '../fields/time.ts';

// Decides if a record found by a look-up is ours: a database may take dm-1 for DM-1, and a search DM-10 for DM-1.
// Invariant: a record that shows a reference like ours must contain ours byte by byte, or it is another's, whatever the rules say.

/** The steps to the record that holds a place such as `$.list[0].id`; undefined where the place is no JSON path. */
const recordAround = (steps: readonly string[] | undefined): readonly string[] | undefined =>
  steps?.slice(0, -1);

/** True when the record shows a similar reference, not ours. @param record steps to the record; the whole answer without */
export function isAnothers(opened: Opened, record: readonly string[] | undefined): boolean {
  const { asked, text } = opened.answer;
  if (asked === undefined || asked === '') return false;
  const whole = opened.is('json') ? opened.json([]) : undefined;
  const found = whole === undefined || record === undefined ? whole : opened.json(record);
  if (names(found ?? text, asked)) return false;
  return holdsAlike(whole ?? text, asked);
}

/** True when the record contains our reference byte by byte; a list in which no record does proves nothing. */
export function isOurs(opened: Opened, record: readonly string[] | undefined): boolean {
  const { asked = '' } = opened.answer;
  return asked !== '' && record !== undefined && names(opened.json(record) ?? '', asked);
}

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** True when the text contains the reference as a whole, not as a part of a longer one. */
function names(value: unknown, reference: string): boolean {
  const text = written(value);
  const own = typeof value === 'string' ? reference : JSON.stringify(reference).slice(1, -1);
  for (let at = text.indexOf(own); at >= 0; at = text.indexOf(own, at + 1))
    if (!joins.test(text.charAt(at - 1)) && !joins.test(text.charAt(at + own.length))) return true;
  return false;
}

const joins = /[\p{L}\p{N}_-]/u;

/** Without letter case and accents, as a database may compare. */
const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

const holdsAlike = (value: unknown, reference: string): boolean =>
  folded(written(value)).includes(folded(JSON.stringify(reference).slice(1, -1)));

// Compiles what a rule takes from an answer besides the reference: the reason of a refusal, and the delay of the next attempt.
// Invariant: a reason is a code of the file's own list; a recipient's free text is never kept (guarantee 7).

const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value);

const noCode: Both = [
  'un motif est un code de lettres, chiffres, _ . - seulement.',
  'a reason is a code of letters, digits, _ . - only.',
];

function compileReason(raw: unknown, path: Path, report: Report): ((opened: Opened) => string) | undefined {
  if (raw === undefined) return undefined;
  if (typeof raw === 'string' && !/^(?:\$|(?:xml|xpath|css|header):)/.test(raw)) {
    if (isCode(raw)) return () => raw;
    report.error(path, 'MAP-508', noCode);
    return undefined;
  }
  if (!isRecord(raw))
    return report.error(path, 'MAP-503', [
      'un motif pris de la réponse a besoin de {path, map: {..., else}} : le texte libre d’un destinataire n’est jamais gardé.',
      "a reason taken from the answer needs {path, map: {..., else}}: a recipient's free text is never kept.",
    ]);
  const place = placeOf(raw['path'], [...path, 'path'], report, [
    'MAP-505',
    [
      `path est un endroit de la réponse : ${placeForms[0]}.`,
      `path is a place of the answer: ${placeForms[1]}.`,
    ],
  ]);
  const map = raw['map'];
  if (!isRecord(map) || !Object.hasOwn(map, 'else'))
    return report.atKey.error(isRecord(map) ? [...path, 'map'] : path, 'MAP-503', [
      'le motif n’a pas de table avec else : le texte libre d’un destinataire n’est jamais gardé.',
      "the reason has no map with else: a recipient's free text is never kept.",
    ]);
  for (const [key, value] of Object.entries(map)) {
    if (!isCode(value)) report.error([...path, 'map', key], 'MAP-508', noCode);
  }
  const codes = new Map(Object.entries(map));
  codes.delete('else');
  const other = safeCode(map['else']);
  if (place === undefined) return undefined;
  return (opened) => {
    const found = place(opened);
    const code =
      typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
        ? codes.get(String(found))
        : undefined;
    return code === undefined ? other : safeCode(code);
  };
}

function compileAfter(
  raw: Record<string, unknown>,
  path: Path,
  report: Report,
  now: () => number,
): ((opened: Opened) => number | undefined) | undefined {
  if (!Object.hasOwn(raw, 'after')) return undefined;
  const fixed = parseDuration(raw['after']);
  if (fixed !== undefined) return () => fixed;
  const place = placeOf(raw['after'], [...path, 'after'], report, [
    'MAP-505',
    [
      'after est header:Retry-After, un endroit de la réponse en secondes, ou une durée comme 30s.',
      'after is header:Retry-After, a place of the answer in seconds, or a duration such as 30s.',
    ],
  ]);
  if (place === undefined) return undefined;
  return (opened) => retryAfterMs(place(opened), opened.answer.headers['date'], now);
}

export const ruleKinds = [
  'accepted',
  'duplicate',
  'pending',
  'unconfirmed',
  'refused',
  'invalid',
  'unauthorized',
  'throttled',
  'unavailable',
  'unknown',
  'absent',
] as const;
export type RuleKind = (typeof ruleKinds)[number];

export type Stage = Action | 'lookup';

export interface ResponseRule {
  readonly kind: RuleKind;
  /** Its path in the file and its conditions as written, for the checks. */
  readonly path: Path;
  readonly conditions: Readonly<Record<string, unknown>>;
  /** Statuses it lists one by one. */
  readonly named: ReadonlySet<number>;
  readonly test: AnswerTest;
  readonly stages: ReadonlySet<Stage>;
  readonly reference?: Extract;
  /** Steps to the record that holds the reference, in JSON. */
  readonly record?: readonly string[];
  readonly reason?: (opened: Opened) => string;
  readonly after?: (opened: Opened) => number | undefined;
  /** The recipient stored the lead nevertheless, but no look-up finds it. */
  readonly kept: boolean;
  /** The rule reads the fault itself, and so may give it a meaning. */
  readonly readsFault: boolean;
}

interface RuleNeeds {
  readonly report: Report;
  readonly now: () => number;
  /** Protocols whose faults a rule may read; undefined where answers have none. */
  readonly faults: FaultsOf;
}

const actionStages: ReadonlySet<Stage> = new Set(['create', 'update', 'erase']);

/** The stages whose answers a rule reads: those of `on`, else every action. */
export function stagesOf({ on }: Readonly<Record<string, unknown>>): ReadonlySet<Stage> {
  return on === undefined ? actionStages : new Set((Array.isArray(on) ? on : [on]) as Stage[]);
}

/** Compiles one rule; undefined after reporting. */
export function compileRule(
  raw: unknown,
  path: Path,
  { report, now, faults: faultsOf }: RuleNeeds,
): ResponseRule | undefined {
  if (!isRecord(raw)) return undefined;
  const kinds = ruleKinds.filter((kind) => Object.hasOwn(raw, kind));
  const kind = kinds[0];
  if (kind === undefined || kinds.length > 1)
    return report.error(path, 'MAP-106', [
      `une règle de réponse a exactement l’un de : ${ruleKinds.join(', ')}.`,
      `a response rule has exactly one of: ${ruleKinds.join(', ')}.`,
    ]);
  const conditions = raw[kind];
  if (kind === 'accepted' || kind === 'duplicate' || kind === 'unconfirmed')
    checkProof(kind, conditions, [...path, kind], report);
  const stages = stagesOf(raw);
  const faults = [...stages].every((stage) => stage === 'lookup') ? faultsOf.questions : faultsOf.leads;
  const test = compileAnswerTest(conditions, [...path, kind], report, faults);
  reportAsked(conditions, [...path, kind], stages, report);
  const reference = optional(raw, 'reference', path, report);
  if (looksForAsked(raw['reference']) && ![...stages].every((stage) => stage === 'lookup'))
    report.error([...path, 'reference'], 'MAP-505', [
      'la fiche demandée n’est connue que des règles d’interrogation : ajoutez on: lookup.',
      'the record that was asked about is known to rules for look-ups alone: add on: lookup.',
    ]);
  const record = recordAround(stepsOf(raw['reference'])) ?? recordTested(conditions);
  const reason = compileReason(raw['reason'], [...path, 'reason'], report);
  const after = compileAfter(raw, path, report, now);
  const written = isRecord(conditions) ? conditions : {};
  const fault = Object.hasOwn(written, 'fault');
  // A fault comes from the recipient, not from a proxy: a rule that reads it may take the 500 that carries it.
  const named = new Set([
    ...[written['status']].flat().filter((status) => typeof status === 'number'),
    ...(fault && !Object.hasOwn(written, 'status') ? [500] : []),
  ]);
  return {
    kind,
    path,
    conditions: written,
    named,
    test,
    stages,
    kept: raw['kept'] === true,
    readsFault: faults !== undefined && (fault || asksForFault(written)),
    reference,
    record,
    reason,
    after,
  };
}

const stepsOf = (place: unknown): readonly string[] | undefined =>
  typeof place === 'string' && place.startsWith('$') ? parsePath(place) : undefined;

/** The record that the conditions read, where the rule takes no reference from it. */
const recordTested = (conditions: unknown): readonly string[] | undefined =>
  isRecord(conditions)
    ? Object.keys(blockAt(conditions, 'json'))
        .map((place) => recordSteps(parsePath(place)))
        .find((steps) => steps !== undefined)
    : undefined;

/** Reports `asked` outside the rules of a look-up: only an answer to a look-up has a reference that was asked about. */
function reportAsked(conditions: unknown, path: Path, stages: ReadonlySet<Stage>, report: Report): void {
  if (!isRecord(conditions) || [...stages].every((stage) => stage === 'lookup')) return;
  for (const form of ['json', 'xml', 'xpath', 'css'])
    for (const [place, wanted] of Object.entries(blockAt(conditions, form)))
      if (isAsked(wanted) || looksForAsked(place))
        report.error([...path, form, place], 'MAP-504', [
          'asked n’est connu que des règles d’interrogation : ajoutez on: lookup.',
          'asked is known to rules for look-ups alone: add on: lookup.',
        ]);
}

const noSuccess = Array.from({ length: 500 }, (_status, index) => index + 100).filter(
  (status) => status < 200 || status > 299,
);
const isRedirect = (status: number): boolean => status >= 300 && status <= 399;

/** A form may answer with a redirect to its page of thanks: the address proves what the status does not. */
function namesLocation(conditions: Record<string, unknown>): boolean {
  const { header } = conditions;
  const found = isRecord(header)
    ? Object.entries(header).find(([name]) => name.toLowerCase() === 'location')
    : undefined;
  return found !== undefined && saysWhat(found[1]);
}

/** Guarantee 5: acceptance is proved. */
function checkProof(
  kind: 'accepted' | 'duplicate' | 'unconfirmed',
  conditions: unknown,
  path: Path,
  report: Report,
): void {
  if (!isRecord(conditions)) return;
  if (Object.keys(conditions).length === 0) {
    report.atKey.error(path, 'MAP-502', [
      `la règle ${kind} n’a pas de condition : elle prendrait toute réponse pour un succès.`,
      `the ${kind} rule has no condition: it would take any answer for a success.`,
    ]);
    return;
  }
  if (kind !== 'duplicate' && Object.hasOwn(conditions, 'fault'))
    report.atKey.error([...path, 'fault'], 'MAP-502', [
      `une erreur (fault) est un non : elle n’est jamais ${kind}.`,
      `a fault is a no: it is never ${kind}.`,
    ]);
  if (kind !== 'accepted') return;
  warnOfWords(conditions, path, report);
  const test = statusTest(conditions['status']);
  const body = Object.keys(conditions).some((key) => key !== 'status');
  const proved = (status: number): boolean => isRedirect(status) && namesLocation(conditions);
  if (test !== undefined && noSuccess.some((status) => test(status) && !proved(status))) {
    report.error(
      [...path, 'status'],
      'MAP-502',
      noSuccess.every((status) => !test(status) || isRedirect(status))
        ? [
            'une redirection seule n’est pas un succès : nommez ce que contient son adresse, comme header: {Location: {contains: "action=added"}}.',
            'a redirect alone is no success: name what its address holds, such as header: {Location: {contains: "action=added"}}.',
          ]
        : [
            'la règle accepted prend un statut qui n’est pas un succès ; seul 2xx peut l’être.',
            'the accepted rule takes a status that is no success; only 2xx can be one.',
          ],
    );
  } else if (test !== undefined && !body && (test(200) || test(201))) {
    report.atKey.warn(path, 'MAP-507', [
      'le statut seul prouve l’acceptation : une page de maintenance répond 200 aussi. Ajoutez ce que seul un succès contient, comme json: {success: true}, ou au moins mediaType: application/json.',
      'the status alone proves acceptance: a maintenance page answers 200 too. Add what only a success holds, such as json: {success: true}, or at least mediaType: application/json.',
    ]);
  }
}

/** Answers that refuse in the words of an acceptance. */
const noes = [
  ...['success', 'ok', 'accepted', 'created', 'valid', 'result', 'status', 'id'].map(
    (key) => `{"${key}":false}`,
  ),
  'unsuccessful',
  'not ok',
  'not accepted',
  'not created',
  'non enregistré',
  'non acceptée',
  'invalid',
];

/** `text: success` finds its word in {"success":false}, too. */
function warnOfWords(conditions: Record<string, unknown>, path: Path, report: Report): void {
  if (['json', 'xml', 'xpath', 'css'].some((name) => Object.hasOwn(conditions, name))) return;
  const option = conditions['text'];
  const words = [isRecord(option) ? option['contains'] : option].flat();
  for (const word of words) {
    const no =
      typeof word === 'string' && word !== '' ? noes.find((negation) => negation.includes(word)) : undefined;
    if (no !== undefined)
      report.warn([...path, 'text'], 'MAP-513', [
        `« ${String(word)} » se trouve aussi dans un non : une réponse comme ${no} passerait pour acceptée.`,
        `"${String(word)}" is in a no as well: an answer such as ${no} would be taken for accepted.`,
      ]);
  }
}

function optional(
  raw: Record<string, unknown>,
  key: string,
  path: Path,
  report: Report,
): Extract | undefined {
  if (!Object.hasOwn(raw, key)) return undefined;
  return placeOf(raw[key], [...path, key], report, [
    'MAP-505',
    [
      `${key} est un endroit de la réponse : ${placeForms[0]}.`,
      `${key} is a place of the answer: ${placeForms[1]}.`,
    ],
  ]);
}
