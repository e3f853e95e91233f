// C21 to C25: what a closed request must have reached, and what a restriction, an erasure and a term promise.
// Invariant: written from the charter; a recipient is settled by what it received, or by an answer somebody noted.
import { destinations, isRestricted, type Book, type Demand, type DestinationId, type Lead } from './book.ts';
import type { Finder } from './figures.ts';
import { dayOf, daysAfter, lastDayOf } from './plain-rules.ts';

/** Who holds a lead at a moment: received it, and was not told to erase it since. */
export const holdersOf = (book: Book, reference: string, at: Date): readonly DestinationId[] =>
  destinations.filter((destination) => {
    const last = book.receiptsOf(reference, destination).findLast((receipt) => receipt.at <= at);
    return last !== undefined && last.action !== 'erase';
  });

/** Recipients of a lead that a demand has neither reached nor somebody answered for, at a moment. */
export function unsettled(
  book: Book,
  demand: Demand,
  { at, lead }: { readonly at: Date; readonly lead: Lead },
): readonly DestinationId[] {
  const { appliedAt, owed, acknowledged } = demand;
  if (appliedAt === undefined) return [];
  return (owed.get(lead.reference) ?? []).filter((destination) => {
    const answered = acknowledged.get(destination);
    if (answered !== undefined && answered <= at) return false;
    return !wasTold(book, demand, { at, lead, destination });
  });
}

function wasTold(
  book: Book,
  { kind, appliedAt, channels, name }: Demand,
  { at, lead, destination }: { readonly at: Date; readonly lead: Lead; readonly destination: DestinationId },
): boolean {
  const since = appliedAt ?? at;
  const told = book
    .receiptsOf(lead.reference, destination)
    .filter((receipt) => receipt.at >= since && receipt.at <= at);
  switch (kind) {
    case 'access':
    case 'portability':
      return true;
    case 'restriction':
      return false;
    case 'erasure':
      return told.some(({ action }) => action === 'erase');
    case 'rectification':
      return told.some((receipt) => receipt.action === 'erase' || receipt.name === name);
    case 'objection':
    case 'withdrawal': {
      // Who never held a yes has nothing to be told.
      const before = book.receiptsOf(lead.reference, destination).findLast((receipt) => receipt.at < since);
      const isYes = channels.some((channel) => before?.yes[channel] === true);
      return (
        !isYes ||
        told.some(
          (receipt) => receipt.action === 'erase' || channels.every((channel) => !receipt.yes[channel]),
        )
      );
    }
  }
}

/** Of every closed request. */
export function checkClosed(book: Book, find: Finder): void {
  for (const demand of book.demands) {
    const { id, kind, appliedAt, informedAt, closedAt, leads } = demand;
    if (closedAt === undefined) continue;
    const say = (what: string): void =>
      find('incomplete', `request ${id} (${kind}) closed ${dayOf(closedAt)}: ${what}`);
    if (appliedAt === undefined) say('never carried out');
    else if (informedAt === undefined || informedAt < appliedAt || informedAt > closedAt)
      say('nobody declared that the person was informed');
    for (const lead of leads) {
      // Erased by another request, or gone by its age, meanwhile: its recipients hear more than this, or nothing more.
      if (kind !== 'erasure' && lead.endedAt !== undefined && lead.endedAt <= closedAt) continue;
      for (const destination of unsettled(book, demand, { at: closedAt, lead }))
        say(`${destination} was not told of ${lead.reference}`);
    }
  }
}

/** The one that knows erasures. */
const follows: DestinationId = 'essai-crm';
const dayMs = 86_400_000;

/** C24: an erasure reaches by itself who can be told by wire, whoever notes an answer meanwhile. */
export function checkErased(book: Book, find: Finder, end: Date): void {
  for (const { id, kind, appliedAt, leads, owed } of book.demands) {
    if (kind !== 'erasure' || appliedAt === undefined || appliedAt.getTime() + dayMs > end.getTime())
      continue;
    for (const { reference } of leads) {
      if (!(owed.get(reference) ?? []).includes(follows)) continue;
      const isTold = book
        .receiptsOf(reference, follows)
        .some(
          ({ action, at }) =>
            action === 'erase' && at >= appliedAt && at.getTime() <= appliedAt.getTime() + dayMs,
        );
      if (!isTold) find('incomplete', `request ${id}: ${follows} heard nothing by wire of ${reference}`);
    }
  }
}

/** A demand that stood open so long must have had its alert on day 21 and 25, and after its last day. */
export function checkTerms(
  book: Book,
  find: Finder,
  {
    alerts,
    end,
    runs,
  }: { readonly alerts: ReadonlySet<string>; readonly end: Date; readonly runs: readonly Date[] },
): void {
  const days = runs.map((run) => ({ run, on: dayOf(run) }));
  for (const { id, openedAt, closedAt } of book.demands) {
    const watching = days.filter(({ run }) => run > openedAt && run < (closedAt ?? end));
    const day = dayOf(openedAt);
    const stages = [
      ['day_21', daysAfter(day, 21), daysAfter(day, 25)],
      ['day_25', daysAfter(day, 25), daysAfter(lastDayOf(openedAt, false), 1)],
      ['overdue', daysAfter(lastDayOf(openedAt, false), 1), '9999-12-31'],
    ] as const;
    for (const [stage, from, to] of stages) {
      const watched = watching.some(({ on }) => on >= from && on < to);
      if (watched && !alerts.has(`${id}:${stage}`)) find('term', `request ${id}: no alert ${stage}`);
    }
  }
}

/** While a lead is restricted, only what takes back or corrects leaves: no first telling, no new yes. Nothing of an erased one. */
export function checkReceipts(book: Book, find: Finder): void {
  for (const { reference, at, action, destination, yes } of book.receipts) {
    const lead = book.leads.get(reference);
    if (lead === undefined || action === 'erase') continue;
    const before = book.receiptsOf(reference, destination).findLast((receipt) => receipt.at < at);
    const isNew =
      action === 'create' ||
      before === undefined ||
      (['email', 'phone'] as const).some((channel) => yes[channel] && !before.yes[channel]);
    if (isNew && isRestricted(book, lead, at))
      find('restricted', `${reference} told to ${destination} on ${dayOf(at)}`);
    if (lead.endedAt !== undefined && lead.endedAt < at)
      find(
        'erased',
        `${reference} told to ${destination} at ${at.toISOString()}, ended ${lead.endedAt.toISOString()}`,
      );
  }
}
