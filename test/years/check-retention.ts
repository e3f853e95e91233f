// C30 to C33, night after night: who is due is gone in the morning, and nobody else is.
// Invariant: judged by the book before the night; who waits lawfully (a restriction, a demand that is not carried out, a right
// still to be told) is let off by name only.
import { isRestricted, type Book, type Lead } from './book.ts';
import { unsettled } from './check-demands.ts';
import type { Finder } from './figures.ts';
import { dayOf, type Day } from './plain-rules.ts';

const hourMs = 3_600_000;
/** A lead that had to wait is looked at again within a day; the run that has it comes in its turn. */
const lookedAtAgainMs = 26 * hourMs;

/** Leads that must be gone when the night is over, by reference. */
export function dueTonight(book: Book, at: Date, among: Iterable<Lead>): readonly string[] {
  const today = dayOf(at);
  return [...among]
    .filter(
      (lead) =>
        (lead.state === 'there' || lead.state === 'erased') &&
        book.term(lead).goesOn <= today &&
        !mayWait(book, lead, at),
    )
    .map(({ reference }) => reference);
}

function mayWait(book: Book, lead: Lead, at: Date): boolean {
  if (isRestricted(book, lead, at, lookedAtAgainMs)) return true;
  const before = new Date(at.getTime() - lookedAtAgainMs);
  return book.demands.some((demand) =>
    demand.appliedAt === undefined || demand.appliedAt > before
      ? demand.listed.has(lead)
      : demand.leads.includes(lead) && unsettled(book, demand, { at: before, lead }).length > 0,
  );
}

export interface Departure {
  readonly entry: 'purged' | 'anonymised';
  readonly at: Date;
}

/** A lead went: was it time, and was it the right way? Then it is gone in the book too. */
export function goes(book: Book, find: Finder, lead: Lead, { entry, at }: Departure): void {
  const { goesOn, how } = book.term(lead);
  const today: Day = dayOf(at);
  if (goesOn > today) find('tooEarly', `${lead.reference} ${entry} on ${today}, due on ${goesOn}`);
  if (how !== entry) find('tooEarly', `${lead.reference} ${entry}, but it is to be ${how}`);
  if (isRestricted(book, lead, at)) find('restricted', `${lead.reference} ${entry} on ${today}`);
  book.end(lead, 'gone', at);
}
