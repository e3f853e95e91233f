// Words for the differences between two versions of a mapping: equal-looking changes are shown once.
// Invariant: of a person's value only its form is shown, unless the reader gave a reason, which is logged before (C39).
import type { Change, MappingDiff } from '../../mapping/tools/diff.ts';
import { categoryWords, consentPairWords, type Both } from '../words.ts';
import type { Composed } from '../../../connectors/contract.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Preview } from '../../mapping/tools/preview.ts';
import { codeWords } from '../code-words.ts';

export type ShowValue = (text: string) => string;

export interface ChangePair {
  readonly before: string;
  readonly after: string;
  readonly references: readonly string[];
}

export const inClear: ShowValue = (text) => text;

/** A value as JSON shows it: "0" is a text, 0 a number. */
function shown(value: unknown, show: ShowValue): string {
  if (value === undefined) return '(nothing)';
  if (typeof value === 'string') return JSON.stringify(show(value));
  if (Array.isArray(value)) return `[${(value as unknown[]).map((item) => shown(item, show)).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${shown(inner, show)}`)
      .join(', ')}}`;
  return show(JSON.stringify(value) ?? 'null');
}

/** Equal-looking changes together, the most frequent first. */
function pairsOf(changes: readonly Change[], show: ShowValue): readonly ChangePair[] {
  const pairs = new Map<string, { before: string; after: string; references: string[] }>();
  for (const { reference, before, after } of changes) {
    const shownBefore = shown(before, show);
    const shownAfter = shown(after, show);
    const form = `${shownBefore}\n${shownAfter}`;
    const pair = pairs.get(form) ?? {
      before: shownBefore,
      after: shownBefore === shownAfter ? `${shownAfter} (another value of the same form)` : shownAfter,
      references: [],
    };
    pair.references.push(reference);
    pairs.set(form, pair);
  }
  return [...pairs.values()].toSorted((a, b) => b.references.length - a.references.length);
}

export interface TargetPairs {
  readonly target: string;
  readonly leads: number;
  readonly pairs: readonly ChangePair[];
}

/** @param show how a person's value is shown; codes and opt-ins are shown as they are */
export const targetsOf = ({ targets }: MappingDiff, show: ShowValue): readonly TargetPairs[] =>
  targets.map(({ target, impersonal, changes }) => ({
    target,
    leads: changes.length,
    pairs: pairsOf(changes, impersonal ? inClear : show),
  }));

/** Result of a lead, as the comparison names it; a reason of the mapping's own is shown unchanged. */
const outcomes: readonly (readonly [RegExp, string])[] = [
  [/^written$/, 'écrite'],
  [/^taken$/, 'prise'],
  [/^not taken \((.+)\)$/, 'pas prise ($1)'],
  [/^invalid: (.+)$/, 'ne convient pas au format : $1'],
  [/^withheld: no answer for (.+)$/, 'retenue, sans réponse enregistrée : $1'],
  [/^withheld: (.+) says hold$/, 'retenue par la ligne $1 (hold)'],
  [/^withheld: (.+) data are not covered$/, 'retenue, données non couvertes : $1'],
  [/^waits for (.+)$/, 'attend $1'],
];

export function outcomeWords(text: string): Both {
  const [form, french] = outcomes.find(([known]) => known.test(text)) ?? [];
  return [form === undefined || french === undefined ? text : text.replace(form, french), text];
}

// Renders parts of a preview for people, at the terminal and in the console alike.
// Invariant: head and content are those that would leave, byte for byte; secrets are masked by the connector's own compose.

type Result = Preview['result'];

/** The mark of an id that does not exist yet, once the connector has put it into an address. */
const encodedMark = /%E2%80%B9([A-Za-z0-9_.]+)%E2%80%BA/g;

export const headLines = (composed: Composed | undefined): readonly string[] =>
  (composed?.head ?? []).map((line) => line.replaceAll(encodedMark, '‹$1›'));

interface ShownContent {
  /** Empty where nothing but the head leaves. */
  readonly text: string;
  readonly bytes: number;
  /** Undefined where the connector has wrapped the rendered content in a form of its own. */
  readonly mediaType: string | undefined;
}

/** The bytes to send, as the connector makes them; for mails and the like the rendered text. */
export function contentShown(
  { connectorFacts }: CompiledMapping,
  { text, body }: Extract<Result, { readonly ok: true }>,
  composed: Composed | undefined,
): ShownContent {
  const content = composed?.content ?? body.bytes;
  const isOwn = connectorFacts.sheet || Buffer.from(content).equals(body.bytes);
  return {
    text: isOwn ? text : Buffer.from(content).toString('utf8'),
    bytes: isOwn ? body.bytes.length : content.length,
    mediaType: isOwn ? body.mediaType : undefined,
  };
}

/** Reasons why a lead would not leave, line by line. */
export function whyNotWritten(result: Extract<Result, { readonly ok: false }>): readonly Both[] {
  switch (result.why) {
    case 'opt_in_missing':
      return result.missing.map(({ purpose, channel }) => [
        `aucune réponse n’est enregistrée : ${consentPairWords(purpose, channel)?.[0] ?? `${purpose}.${channel}`}`,
        `no answer is recorded for ${purpose} by ${channel}`,
      ]);
    case 'opt_in_held':
      return [
        [
          `la ligne consent de ${result.field} porte hold pour cet état`,
          `the consent line of ${result.field} says hold for this state`,
        ],
      ];
    case 'category_not_authorised': {
      const { category } = result;
      const [fr] = categoryWords[category];
      return [
        [`le contrat ne couvre pas : ${fr} (${category})`, `the contract does not cover ${category} data`],
      ];
    }
    case 'capture_missing':
      return [
        [`aucune réponse n’a encore donné ${result.capture}`, `no answer has given ${result.capture} yet`],
      ];
    case 'invalid':
      return result.problems.map(({ field, code }) => {
        const [french, english] = codeWords(code) ?? [];
        return [
          `${field} : ${french === undefined ? code : `${french} (${code})`}`,
          `${field}: ${english === undefined ? code : `${english} (${code})`}`,
        ];
      });
  }
}
