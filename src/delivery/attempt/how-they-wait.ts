// Which of the deliveries about to be claimed wait for the hours of their destination, and which not even for a full hour or day.
// Invariant: asked only where it makes a difference; a file goes whole, and one with a right of a prospect in it does not wait.
import { isUrgent, waitsForHours, type SendPermission, type Waits } from '../../domain/send-policy.ts';
import type { SendingHours } from '../../domain/sending-hours.ts';
import { begunAmong } from '../../store/begun-deliveries.ts';
import { carryingRights } from '../../store/carried-rights.ts';
import type { Sql } from '../../store/database.ts';
import type { LockedDelivery } from '../../store/delivery-claims.ts';

/** How each of them waits. */
export type HowTheyWait = (row: LockedDelivery) => Waits;

export async function howTheyWait(
  tx: Sql,
  { closed, count, urgent }: SendPermission,
  rows: readonly LockedDelivery[],
  { hours, unit }: { readonly hours: SendingHours | undefined; readonly unit: 'delivery' | 'file' },
): Promise<HowTheyWait> {
  const outside = closed === undefined ? undefined : hours;
  if (outside === undefined && (urgent === undefined || rows.length <= count))
    return () => ({ forHours: false, isUrgent: false });
  const ids = rows.map((row) => row.id);
  const rights = await carryingRights(tx, ids);
  const begun = await begunAmong(tx, ids);
  const waits = new Map(
    rows.map((row) => {
      const delivery = { carriesRight: rights.has(row.id), isBegun: begun.has(row.id) };
      const forHours = outside !== undefined && waitsForHours(outside, delivery);
      return [row.id, { forHours, isUrgent: isUrgent(delivery) }];
    }),
  );
  const all = [...waits.values()];
  const file = { forHours: all.every(({ forHours }) => forHours), isUrgent: all.some((row) => row.isUrgent) };
  return ({ id }) => (unit === 'file' ? file : (waits.get(id) ?? file));
}
