// Which of the deliveries about to be claimed wait for the hours of their destination.
// Invariant: asked only while it is outside them; a file goes whole, and one with a right of a prospect in it does not wait.
import { splitReason } from '../../domain/delivery.ts';
import { waitsForHours, type SendPermission } from '../../domain/send-policy.ts';
import type { SendingHours } from '../../domain/sending-hours.ts';
import { carryingRights } from '../../store/carried-rights.ts';
import type { Sql } from '../../store/database.ts';
import type { LockedDelivery } from '../../store/delivery-claims.ts';

const nobody: ReadonlySet<number> = new Set();

export async function waitingForHours(
  tx: Sql,
  { closed }: SendPermission,
  rows: readonly LockedDelivery[],
  { hours, unit }: { readonly hours: SendingHours | undefined; readonly unit: 'delivery' | 'file' },
): Promise<ReadonlySet<number>> {
  if (closed === undefined || hours === undefined) return nobody;
  const rights = await carryingRights(
    tx,
    rows.map((row) => row.id),
  );
  const waiting = rows.filter((row) =>
    waitsForHours(hours, {
      carriesRight: rights.has(row.id),
      isBegun: splitReason(row.reason).base === 'next_call',
    }),
  );
  if (unit === 'file' && waiting.length < rows.length) return nobody;
  return new Set(waiting.map((row) => row.id));
}
