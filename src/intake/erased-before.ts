// Finds rows that bring back a person erased since: an old demand as a new lead, or as a correction to their address.
// Invariant: data collected before the erasure of one of its addresses is refused, with a task for the officer, until the officer releases
// it.
import { addressDigests } from '../domain/opposition.ts';
import { isTaskOpen, raiseAlerts } from '../store/alerts/alerts.ts';
import type { Sql } from '../store/database.ts';
import { erasedAmong } from '../store/people/oppositions.ts';
import type { Candidate, LockedDeps, RowLedger } from './batch.ts';
import { refusal } from './refusals.ts';
import type { CheckedRow } from './row.ts';

const addressesOf = ({ fields: { email, mobile, landline } }: CheckedRow) => ({
  ...(typeof email === 'string' ? { email } : {}),
  ...(typeof mobile === 'string' ? { mobile } : {}),
  ...(typeof landline === 'string' ? { landline } : {}),
});

/** A row that brings addresses into a lead. */
export interface Bringing {
  readonly candidate: Candidate;
  /** Collection time of its demand. */
  readonly collectedAt: Date;
}

/** Those of the rows that an erasure of one of their addresses concerns. New erasures wait for the clients' locks. */
export async function erasedSince(
  tx: Sql,
  { oppositionKey: key, lists }: Pick<LockedDeps, 'oppositionKey' | 'lists'>,
  rows: readonly Bringing[],
): Promise<ReadonlySet<Candidate>> {
  const held = new Set<Candidate>();
  if (!lists.erasedAddresses) return held;
  const unheard = rows.filter(({ candidate }) => candidate.isReleased !== true);
  for (const [clientId, own] of Map.groupBy(unheard, ({ candidate }) => candidate.row.clientId)) {
    const digests = new Map(
      own.map((one) => [one, addressDigests(key, clientId, addressesOf(one.candidate.row))]),
    );
    const erased = await erasedAmong(tx, clientId, [...digests.values()].flat());
    for (const [{ candidate, collectedAt }, mine] of erased.size === 0 ? [] : digests)
      if (mine.some((digest) => collectedAt < (erased.get(digest.toString('hex')) ?? collectedAt)))
        held.add(candidate);
  }
  return held;
}

/** Refuses these rows, with one task for each client. */
export async function holdForOfficer(
  tx: Sql,
  held: ReadonlySet<Candidate>,
  refuse: RowLedger['refuse'],
): Promise<void> {
  for (const candidate of held) refuse(candidate, [refusal('collected_at', 'ERASED_SINCE')]);
  for (const clientId of new Set([...held].map(({ row }) => row.clientId)))
    if (!(await isTaskOpen(tx, 'erased_comes_back', clientId)))
      await raiseAlerts(tx, [{ kind: 'erased_comes_back', clientId, reason: 'ERASED_SINCE' }]);
}
