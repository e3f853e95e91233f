// What is handed in is taken in, unless its time was over before it came; who is there has reached every recipient.
// Invariant: a row is judged by what it says itself: nobody looks for the person of a row that is not taken in.
import { destinations, isErasedSince, isRestricted, type Book, type Lead } from './book.ts';
import type { Finder } from './figures.ts';
import { dayOf, termOf } from './plain-rules.ts';

/** @param look references that came to be there since the last look. Returns their leads; what is missing is refused in the book. */
export function checkTakenIn(
  book: Book,
  find: Finder,
  { references, at }: { readonly references: readonly string[]; readonly at: Date },
): readonly Lead[] {
  const taken = references.flatMap((reference) => book.leads.get(reference) ?? []);
  for (const lead of taken) {
    if (isOver(book, lead, at))
      find('ended', `${lead.reference} of ${dayOf(lead.collectedAt)} on ${dayOf(at)}`);
    lead.state = 'there';
    lead.takenAt = at;
    book.awaited.delete(lead);
  }
  for (const lead of book.awaited) {
    if (!isOver(book, lead, at) && !isErasedSince(book, lead, at))
      find('lost', `${lead.reference} was not taken in`);
    book.awaited.delete(lead);
    book.end(lead, 'refused', at);
  }
  return taken;
}

function isOver({ operations }: Book, { kind, operation, collectedAt }: Lead, at: Date): boolean {
  const rule = operations.get(operation ?? '');
  return termOf({ kind, operation: rule, collectedAt, lastSign: collectedAt }).goesOn <= dayOf(at);
}

/** Whoever is there, may be relayed and was never held back, is with every recipient. */
export function checkReceived(book: Book, find: Finder, end: Date): void {
  for (const lead of book.awaited) find('lost', `${lead.reference} neither taken in nor refused`);
  for (const lead of book.leads.values()) {
    if (lead.state !== 'there' || lead.takenAt === undefined) continue;
    const { inactiveOn } = book.term(lead);
    const isOld = (at: Date): boolean => inactiveOn !== undefined && inactiveOn <= dayOf(at);
    if (isRestricted(book, lead, end) || isOld(lead.takenAt)) continue;
    for (const destination of destinations)
      if (book.receiptsOf(lead.reference, destination).length === 0)
        find('lost', `${lead.reference} never reached ${destination}`);
  }
}
