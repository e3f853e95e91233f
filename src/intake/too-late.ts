// Refuses rows that come too late: data deleted at the end of its retention does not return (C30, C33), and a person erased since is not
// brought back, by an old demand as a new lead or as a correction to their address.
// Invariant: retention is judged by the row alone and its recorded operation; refused visibly, and nothing of the person is kept. Data collected
// before the erasure of one of its addresses waits, with a task for the officer, until the officer releases it.
import { civilDate } from '../domain/civil-date.ts';
import { addressDigests } from '../domain/opposition.ts';
import { isDue, lastSignOf, retentionOf, type OperationFacts } from '../domain/retention.ts';
import { raiseOnce } from '../store/alerts/alerts.ts';
import type { Sql } from '../store/database.ts';
import type { RowRefusal } from '../store/intake/intake.ts';
import type { IntakeRow, RowId } from '../store/intake/intake-take.ts';
import type { ClientLists } from '../store/leads/client-lists.ts';
import { erasedAmong } from '../store/people/oppositions.ts';
import { closedAmong } from '../store/retention/closings.ts';
import { operationsNamed } from '../store/retention/register.ts';
import type { Candidate, LockedDeps, RowLedger } from './batch.ts';
import type { CheckedRow } from './contract.ts';
import { refusal, type ColumnRefusal, type RefusalCode } from './refusals.ts';

const overCodes: readonly RefusalCode[] = ['OPERATION_ENDED', 'RETENTION_ENDED', 'CLIENT_CLOSED'];

/** Those of the refused rows that keep nothing of a person: their retention or their client's contract is over, whatever their refusal. */
export async function keptOfNobody(
  tx: Sql,
  rows: readonly IntakeRow[],
  refused: readonly RowRefusal[],
): Promise<readonly RowId[]> {
  const isOver = ({ refusal: text }: RowRefusal): boolean =>
    overCodes.some((code) => text.includes(`"${code}"`));
  const others = new Set(refused.filter((row) => !isOver(row)).map(({ id }) => id));
  const clientOf = new Map(
    rows.filter(({ id }) => others.has(id)).map(({ id, values }) => [id, String(values.client_id)]),
  );
  const closed = await closedAmong(tx, [...clientOf.values()]);
  return refused.map(({ id }) => id).filter((id) => !others.has(id) || closed.has(clientOf.get(id) ?? ''));
}

/** A lead so young is never due without a recorded operation: the charter keeps it three years, up to some days. */
const youngMs = 1_000 * 86_400_000;

/** Returns the rows whose retention is not over; refuses the others. */
export async function stillKept(
  tx: Sql,
  candidates: readonly Candidate[],
  refuse: RowLedger['refuse'],
  lists: ClientLists,
): Promise<Candidate[]> {
  const leads = candidates.filter(({ row }) => row.kind === 'lead');
  if (leads.length === 0) return [...candidates];
  const operations = lists.operations
    ? await operationsNamed(
        tx,
        leads.map(({ row }) => ({ clientId: row.clientId, code: operationOf(row) })),
      )
    : new Map<string, OperationFacts>();
  const now = tx.now();
  return candidates.filter((candidate) => {
    const { row } = candidate;
    if (row.kind !== 'lead') return true;
    const operation = operations.get(`${row.clientId}\n${operationOf(row)}`);
    // Most rows: no recorded operation, and collected too recently to be due.
    if (operation === undefined && now.getTime() - collectedAtOf(row).getTime() < youngMs) return true;
    const over = overBecause(row, operation, civilDate(now));
    if (over !== undefined) refuse(candidate, [over]);
    return over === undefined;
  });
}

const collectedAtOf = ({ fields }: CheckedRow): Date => fields['collected_at'] as Date;
const operationOf = ({ fields }: CheckedRow): string => String(fields['operation'] ?? '');

function overBecause(
  { fields, interactions }: CheckedRow,
  operation: OperationFacts | undefined,
  today: string,
): ColumnRefusal | undefined {
  const collectedAt = fields['collected_at'] as Date;
  const retention = retentionOf({
    kind: fields['operation_kind'] === 'one_off' ? 'one_off' : 'recurring',
    operation,
    collectedAt,
    lastSign: lastSignOf([
      collectedAt,
      ...interactions.filter(({ voluntary }) => voluntary).map(({ at }) => at),
    ]),
  });
  if (!isDue(retention, today)) return undefined;
  const ended = operation?.kind === 'one_off' && operation.endsOn !== undefined;
  return ended ? refusal('operation', 'OPERATION_ENDED') : refusal('collected_at', 'RETENTION_ENDED');
}

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
    await raiseOnce(tx, { kind: 'erased_comes_back', clientId, reason: 'ERASED_SINCE' });
}
