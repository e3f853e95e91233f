// Refuses rows whose retention was over before they came, so that data deleted at the end of its operation does not return (C30, C33).
// Invariant: judged by the row alone and its recorded operation; refused visibly, and nothing of the person is kept.
import { civilDate, startOfDay } from '../domain/civil-date.ts';
import { collectedBefore, isDue, lastSignOf, retentionOf, type OperationFacts } from '../domain/retention.ts';
import type { Sql } from '../store/database.ts';
import type { ClientLists } from '../store/leads/client-lists.ts';
import { operationsNamed } from '../store/retention/register.ts';
import { closedAmong } from '../store/retention/closings.ts';
import type { RowRefusal } from '../store/intake/intake.ts';
import type { IntakeRow, RowId } from '../store/intake/intake-take.ts';
import type { Candidate, RowLedger } from './batch.ts';
import { refusal, type ColumnRefusal, type RefusalCode } from './refusals.ts';
import type { CheckedRow } from './row.ts';

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
  const today = civilDate(tx.now());
  const youngFrom = startOfDay(collectedBefore(today, undefined));
  return candidates.filter((candidate) => {
    const { row } = candidate;
    if (row.kind !== 'lead') return true;
    const operation = operations.get(`${row.clientId}\n${operationOf(row)}`);
    // Most rows: no recorded operation, and collected too recently to be due.
    if (operation === undefined && collectedAtOf(row) > youngFrom) return true;
    const over = overBecause(row, operation, today);
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
