// What an update does not say again: a yes that the recipient has accepted and that nobody has given anew since. Somebody who
// unsubscribed in the recipient's own system meanwhile would be subscribed again by a mere correction.
// Invariant: a field is left out whole, where each of its answers is as the recipient accepted it and one of them is a yes; what
// takes a consent back is always written (C20).
import type { CurrentConsent } from '../../domain/consent.ts';
import { pairOf, unchanged } from '../consent-contract.ts';
import type { ConsentSent, Told } from '../consent-contract.ts';
import { slotKey } from '../fields/target.ts';
import type { Target } from '../fields/target.ts';
import type { ConsentLine } from './block.ts';

/** For each line that may be left out, the places of all answers that its field holds. */
export type Quietable = ReadonlyMap<ConsentLine, readonly number[]>;

type Part = { readonly field: { readonly target: Target } } | { readonly consent: ConsentLine };

/** A field that also holds something else is written with each update, and so is a place in a list: without it the next would move up. */
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

/** Whether these answers are as the recipient has them, a yes among them. */
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

/** A yes that has run out reads as a no, which nobody has told the recipient. */
function isKnown({ record, lapsed }: CurrentConsent, told: Told): boolean {
  const since = told.get(pairOf(record));
  return !lapsed && since !== undefined && record.leadRevision !== undefined && record.leadRevision <= since;
}

/** What the log says of a line that is left out: each opt-in, with `(unchanged)` for its value. */
export function noteQuiet(line: ConsentLine, current: readonly CurrentConsent[]): readonly ConsentSent[] {
  const sent: ConsentSent[] = [];
  line.say(current, sent);
  return sent.map((consent) => ({ ...consent, value: unchanged }));
}
