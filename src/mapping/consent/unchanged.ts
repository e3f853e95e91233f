// Decides which opt-ins an update leaves out: grants that the recipient acknowledged and that were not given again since. A
// correction must not subscribe again a person who unsubscribed in the recipient's own system.
// Invariant: a field is left out whole, where each of its answers is as acknowledged and one of them is granted; a refusal
// or withdrawal is always written (C20).
import type { CurrentConsent } from '../../domain/consent.ts';
import { pairOf, unchanged } from '../consent-contract.ts';
import type { ConsentSent, Told } from '../consent-contract.ts';
import { slotKey } from '../fields/target.ts';
import type { Target } from '../fields/target.ts';
import type { ConsentLine } from './block.ts';

/** For each line that may be left out, the indices of all answers that its field holds. */
export type Quietable = ReadonlyMap<ConsentLine, readonly number[]>;

type Part = { readonly field: { readonly target: Target } } | { readonly consent: ConsentLine };

/** A field with other content is written with each update, and so is a place in a list: without it the next would move up. */
export function quietableLines(parts: readonly Part[]): Quietable {
  const shared = new Set(parts.flatMap((part) => ('field' in part ? [slotKey(part.field.target)] : [])));
  const lines = parts.flatMap((part) => ('consent' in part ? [part.consent] : []));
  const alone = lines.filter(
    ({ target }) => !shared.has(slotKey(target)) && (target.steps.at(-1)?.places.length ?? 0) === 0,
  );
  const bySlot = Map.groupBy(alone, ({ target }) => slotKey(target));
  return new Map(
    [...bySlot.values()].flatMap((slot) => {
      const pairs = [...new Set(slot.flatMap((line) => line.pairs))];
      return slot.map((line) => [line, pairs] as const);
    }),
  );
}

/** True when the recipient acknowledged all these answers, a grant among them. */
export function isQuiet(
  pairs: readonly number[] | undefined,
  current: readonly CurrentConsent[],
  told: Told | undefined,
): boolean {
  if (pairs === undefined || told === undefined) return false;
  const answers = pairs.map((pair) => current[pair]);
  return (
    answers.some((answer) => answer?.state === 'granted') &&
    answers.every((answer) => answer !== undefined && isKnown(answer, told))
  );
}

/** A lapsed grant counts as a refusal, which the recipient has not received. */
function isKnown({ record, lapsed }: CurrentConsent, told: Told): boolean {
  const since = told.get(pairOf(record));
  return !lapsed && since !== undefined && record.leadRevision !== undefined && record.leadRevision <= since;
}

/** The log entries of a line that is left out: each opt-in with the value `(unchanged)`. */
export function noteQuiet(line: ConsentLine, current: readonly CurrentConsent[]): readonly ConsentSent[] {
  const sent: ConsentSent[] = [];
  line.say(current, sent);
  return sent.map((consent) => ({ ...consent, value: unchanged }));
}
