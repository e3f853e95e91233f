// The part of the checker that looks at retention: nothing leaves of a lead that is gone, and goes or comes at another time than its own.
// Invariant: what is gone is known by what was written down as it went, and by the log, which stays.
import { attemptOf, settledEntries } from './check-flight.ts';
import type { Story } from './check.ts';
import { ended, mayStand } from './ledgers.ts';
import { lateMark, operationMark } from './operations.ts';

/** Also no erasure: clients keep their own data, and a right that was open was told before. */
export function afterPurge({ byLead, referenceOf }: Story): readonly string[] {
  return [...byLead].flatMap(([leadId, entries]) => {
    const purged = entries.find((one) => one.entry === 'purged')?.id ?? Infinity;
    return entries
      .filter((one) => one.entry === 'departed' && one.id > purged)
      .map((one) => `${referenceOf.get(leadId) ?? leadId} ${one.destination} ${one.deliveryId}`);
  });
}

/** Each operation is over when the account is made, and none of the other leads is due for years. */
export function keptOrGone(story: Story): readonly string[] {
  const { leads, byLead, deliveriesOf } = story;
  // A right that a recipient has still to learn keeps its lead.
  const isKept = (id: number): boolean =>
    (deliveriesOf.get(id) ?? []).some((one) => !ended(one.state) && mayStand(one, story));
  return leads.flatMap(({ id, reference, gone }) => {
    const isOver = reference.startsWith(operationMark);
    if (gone && !isOver) return [`${reference}: gone before its time`];
    if (isOver && !gone) return isKept(id) ? [] : [`${reference}: still there`];
    const isTold = (byLead.get(id) ?? []).some((one) => one.entry === 'purged');
    return gone && !isTold ? [`${reference}: gone, and the log does not say so`] : [];
  });
}

/** Leads that retention took while something of them was on its way: whether a storm has made that case at all. */
export const takenInFlight = ({ entries }: Pick<Story, 'entries'>): number =>
  [...Map.groupBy(entries, (one) => one.leadId).values()].filter((theirs) => {
    const purged = theirs.find((one) => one.entry === 'purged')?.id ?? -1;
    const open = new Set<string>();
    for (const one of theirs.filter(({ id }) => id < purged))
      if (one.entry === 'departed') open.add(attemptOf(one));
      else if (settledEntries.has(one.entry)) open.delete(attemptOf(one));
    return open.size > 0;
  }).length;

export const cameBack = ({ leads }: Story): readonly string[] =>
  leads.filter(({ reference }) => reference.startsWith(lateMark)).map(({ reference }) => reference);

/** It came when its operation was over, or its person had been erased since it was collected, and was refused for that where everybody could see it. */
export const refusedAsOver = ({ rows, goneRows }: Story, reference: string): boolean =>
  [...rows, ...goneRows].some(
    (one) => one.reference === reference && /OPERATION_ENDED|ERASED_SINCE/.test(one.refusal),
  );
