// An old demand of a person who was erased since, under whatever reference it comes: it would bring them back with their old yes.
// Invariant: what was collected before the erasure of one of its addresses is refused, with a task for the officer, until they let it in.
import { addressDigests } from '../domain/opposition.ts';
import { isTaskOpen, raiseAlerts } from '../store/alerts.ts';
import type { Sql } from '../store/database.ts';
import { erasedAmong } from '../store/erased-addresses.ts';
import type { Candidate, RowLedger } from './batch.ts';
import { refusal } from './refusals.ts';
import type { CheckedRow } from './row.ts';

const addressesOf = ({ fields: { email, mobile, landline } }: CheckedRow) => ({
  ...(typeof email === 'string' ? { email } : {}),
  ...(typeof mobile === 'string' ? { mobile } : {}),
  ...(typeof landline === 'string' ? { landline } : {}),
});

/** Of these new leads, those that an erasure concerns: refused, with one task for each client. Its erasures wait for the clients' locks. */
export async function refuseErased(
  tx: Sql,
  key: Buffer,
  candidates: readonly Candidate[],
  refuse: RowLedger['refuse'],
): Promise<ReadonlySet<Candidate>> {
  const held = new Set<Candidate>();
  const unheard = candidates.filter(({ isReleased }) => isReleased !== true);
  for (const [clientId, own] of Map.groupBy(unheard, ({ row }) => row.clientId)) {
    const digests = new Map(
      own.map((candidate) => [candidate, addressDigests(key, clientId, addressesOf(candidate.row))]),
    );
    const erased = await erasedAmong(tx, clientId, [...digests.values()].flat());
    for (const [candidate, mine] of erased.size === 0 ? [] : digests) {
      const collectedAt = candidate.row.fields['collected_at'] as Date;
      if (mine.some((digest) => collectedAt < (erased.get(digest.toString('hex')) ?? collectedAt)))
        held.add(candidate);
    }
  }
  for (const candidate of held) refuse(candidate, [refusal('collected_at', 'ERASED_SINCE')]);
  for (const clientId of new Set([...held].map(({ row }) => row.clientId)))
    if (!(await isTaskOpen(tx, 'erased_comes_back', clientId)))
      await raiseAlerts(tx, [{ kind: 'erased_comes_back', clientId, reason: 'ERASED_SINCE' }]);
  return held;
}
