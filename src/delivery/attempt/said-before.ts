// A client that comes for its leads may say yes under two leases of one lead, both at one instant.
// Invariant: the log has one acceptance of a run; who has said yes before says it of what they have.
import { attemptEntries } from '../../store/pull-entries.ts';
import type { Sql } from '../../store/database.ts';
import type { Attempted } from './attempt.ts';
import type { TripEnd } from './trip-end.ts';

const isYesAgain = ({ isOnce, outcome, rows }: Attempted): boolean =>
  isOnce === true && outcome.kind === 'accepted' && rows.some(({ attempt }) => attempt > 1);

/** Whether the rows have to be locked before this end is written: an earlier lease may have been answered. */
export const mayBeSaidAgain = ({ attempted }: TripEnd): boolean =>
  attempted !== undefined && isYesAgain(attempted);

/** The same ends, a yes as `duplicate` where one stands in the log; under the locks of their rows. */
export async function asSaidBefore(tx: Sql, ends: readonly TripEnd[]): Promise<readonly TripEnd[]> {
  const again = ends.filter(mayBeSaidAgain);
  if (again.length === 0) return ends;
  const entries = await attemptEntries(
    tx,
    again.flatMap(({ attempted }) => attempted?.rows.map(({ id }) => id) ?? []),
  );
  const said = new Set(
    entries
      .filter(({ outcome }) => outcome === 'accepted')
      .map(({ deliveryId, run }) => `${deliveryId}/${run}`),
  );
  return ends.map((end) => {
    const { attempted } = end;
    if (attempted === undefined || !isYesAgain(attempted)) return end;
    if (!attempted.rows.some(({ id, run }) => said.has(`${id}/${run}`))) return end;
    return {
      ...end,
      attempted: { ...attempted, outcome: { ...attempted.outcome, kind: 'duplicate' as const } },
    };
  });
}
