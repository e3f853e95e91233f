// C30 to C33, night after night: who is due is gone in the morning, and nobody else is.
// Invariant: judged by the book before the night; who waits lawfully (a restriction, a demand that is not carried out, a right
// still to be told) is let off by name only.
import { isRestricted, type Book, type Lead, type Receipt } from './book.ts';
import { unsettled } from './check-demands.ts';
import type { Finder } from './figures.ts';
import { dayOf, type Day, type Term } from './plain-rules.ts';

const hourMs = 3_600_000;
/** A lead that had to wait is looked at again within a day; the run that has it comes in its turn. */
const lookedAtAgainMs = 26 * hourMs;

export type Due = Pick<Lead, 'reference'> & Pick<Term, 'why'>;

/** Leads that must be gone when the night is over. */
export function dueTonight(book: Book, at: Date): readonly Due[] {
  const today = dayOf(at);
  return book
    .mayBeDue(today)
    .filter((lead) => book.term(lead).goesOn <= today && !mayWait(book, lead, at))
    .map((lead) => ({ reference: lead.reference, why: book.term(lead).why }));
}

/** Of those, who is still there in the morning. */
export function checkNight(
  find: Finder,
  due: readonly Due[],
  { left, at }: { readonly left: ReadonlySet<string>; readonly at: Date },
): void {
  for (const { reference, why } of due)
    if (left.has(reference)) find('tooLong', `${reference} is there on ${dayOf(at)}, due by ${why}`);
}

/** C33: a first delivery, replayed or late, of who gave no sign for two years. */
export function checkRelayed(
  book: Book,
  find: Finder,
  { action, reference, destination, at }: Pick<Receipt, 'action' | 'reference' | 'destination' | 'at'>,
): void {
  const lead = book.leads.get(reference);
  if (action !== 'create' || lead === undefined || lead.endedAt !== undefined) return;
  const { inactiveOn } = book.term(lead);
  if (inactiveOn !== undefined && inactiveOn <= dayOf(at))
    find('inactive', `${reference} to ${destination} on ${dayOf(at)}, inactive since ${inactiveOn}`);
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
  const { goesOn, how, why } = book.term(lead);
  const today: Day = dayOf(at);
  if (goesOn > today) find('tooEarly', `${lead.reference} ${entry} on ${today}, due on ${goesOn} by ${why}`);
  if (how !== entry) find('tooEarly', `${lead.reference} ${entry}, but it is to be ${how}`);
  if (isRestricted(book, lead, at)) find('restricted', `${lead.reference} ${entry} on ${today}`);
  book.end(lead, 'gone', at);
}
