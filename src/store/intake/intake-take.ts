// Takes rows of lead_intake: first locks and weighs their heads, then fetches the content of as many as fit into a batch. The heads of a few
// rows come with the content of those that are short, and say if any mark of a taking exists, so that a lead alone is one statement.
// Invariant: one process at a time takes a row (SKIP LOCKED), and no text longer than the contract allows is ever fetched.
import { columnFacts, longColumns } from '../../domain/lead-fields/columns.ts';
import { mostColumnBytes } from '../../domain/lead-values.ts';
import type { Sql } from '../database.ts';
import {
  byName,
  idList,
  intakeColumns,
  type IntakeColumn,
  type IntakeValue,
  type LeadName,
} from './intake.ts';
import { packed, unpacker } from '../placeholders.ts';
import { takeInTurns, type Turns } from './round-robin.ts';
import { anyTaking } from './takings.ts';

/** BigInt: JavaScript rounds numbers above 2^53. */
export type RowId = bigint;

/** A row without its content. */
export interface IntakeHead {
  readonly id: RowId;
  readonly clientId: string;
  readonly kind: string;
  /** Size of its content in memory; a column that is too long is not fetched. */
  readonly bytes: number;
  /** Its content, where it came with the head. */
  readonly row?: IntakeRow;
  /** False: when it was taken, no process had marked any row. */
  readonly anyMarks?: boolean;
}

export interface IntakeRow {
  readonly id: RowId;
  readonly receivedAt: Date;
  /** The database's clock when the row was taken. */
  readonly takenAt: Date;
  readonly values: Readonly<Partial<Record<IntakeColumn, IntakeValue>>>;
  /** Columns longer than the contract allows; their values are not fetched. */
  readonly tooLong: readonly IntakeColumn[];
  /** The officer has released it. */
  readonly isReleased?: true;
}

/** Most content of a batch: small enough for a process to have several at once. */
export const batchBytes = 4_194_304;
/** Size of a row without its long columns. */
const rowBytes = 4_000;

const wide = ['consents', 'interactions'] as const;
const length = (column: string): string => `COALESCE(OCTET_LENGTH(${column}), 0)`;
const fetched = (column: (typeof wide)[number]): string =>
  `IF(${length(column)} > ${mostColumnBytes[column]}, 0, ${length(column)})`;
const bytes = [rowBytes, ...longColumns.map(length), ...wide.map(fetched)].join(' + ');
const selectHead = `SELECT CAST(id AS CHAR) AS id, client_id AS clientId, kind, ${bytes} AS bytes FROM lead_intake`;

const isWide = (column: string): column is (typeof wide)[number] => wide.some((name) => name === column);
/** Names of a row's columns, and what is read for each. */
const rowColumns: readonly (readonly [name: string, expression: string])[] = [
  ['row_id', 'CAST(id AS CHAR)'],
  ['received_at', 'received_at'],
  ['taken_at', 'UTC_TIMESTAMP(3)'],
  ['released', 'released'],
  ...wide.map((column) => [`${column}_too_long`, `${length(column)} > ${mostColumnBytes[column]}`] as const),
  ...intakeColumns.map(
    (column) =>
      [
        column,
        isWide(column) ? `IF(${length(column)} > ${mostColumnBytes[column]}, NULL, ${column})` : column,
      ] as const,
  ),
];
const selectRow = `SELECT ${rowColumns.map(([name, expression]) => `${expression} AS ${name}`).join(', ')} FROM lead_intake`;

/** Rows up to this size come with their heads. */
const shortBytes = rowBytes + 16_384;
/** Packed: the server describes each column of an answer, which for a short row is ten times its content. */
const selectWhole = `SELECT ${packed(['CAST(id AS CHAR)', 'client_id', 'kind', bytes, anyTaking('intake')])} AS head,
  IF(${bytes} > ${shortBytes}, NULL, ${packed(rowColumns.map(([, expression]) => expression))}) AS content FROM lead_intake`;

type RawHead = { id: string; clientId: string; kind: string; bytes: number };
const headOf = (raw: RawHead): IntakeHead => ({ ...raw, id: BigInt(raw.id) });

type Raw = Record<IntakeColumn, IntakeValue> & RawFacts;
interface RawFacts {
  readonly row_id: string;
  readonly received_at: Date;
  readonly taken_at: Date;
  readonly released: number;
  readonly consents_too_long: number | null;
  readonly interactions_too_long: number | null;
}
function rowOf({
  row_id: id,
  received_at: receivedAt,
  taken_at: takenAt,
  released,
  ...rest
}: Raw): IntakeRow {
  const { consents_too_long: consents, interactions_too_long: interactions, ...values } = rest;
  const tooLong: IntakeColumn[] = [];
  if (Number(consents) === 1) tooLong.push('consents');
  if (Number(interactions) === 1) tooLong.push('interactions');
  const row = { id: BigInt(id), receivedAt, takenAt, values, tooLong };
  return released === 1 ? { ...row, isReleased: true } : row;
}

const instants = columnFacts.flatMap(({ type, column }) => (type === 'date' ? [column] : []));
const unpackRow = unpacker<Raw>(
  rowColumns.map(([name]) => name as keyof Raw),
  new Set(['received_at', 'taken_at', ...instants]),
);
const unpackHead = unpacker<RawHead & { readonly marked: number | null }>(
  ['id', 'clientId', 'kind', 'bytes', 'marked'],
  new Set(),
);
type RawWhole = { readonly head: unknown; readonly content: unknown };
function wholeOf({ head, content }: RawWhole): IntakeHead {
  const { marked, ...raw } = unpackHead(head);
  return {
    ...headOf(raw),
    anyMarks: marked !== null,
    ...(content === null ? {} : { row: rowOf(unpackRow(content)) }),
  };
}

/** Fewer rows than this are taken at once, by one statement: no client waits for its turn. */
const fewRows = 33;

/**
 * New rows that no other process has locked, locked: the oldest of each client in its turn. Rows of an open transaction are
 * skipped and come later.
 * @param except rows that are processed separately
 */
export async function takeNewRows(
  tx: Sql,
  limit: number,
  turns: Turns,
  except: readonly RowId[] = [],
): Promise<readonly IntakeHead[]> {
  const apart = except.length === 0 ? undefined : idList(except);
  const others = apart === undefined ? '' : `AND lead_intake.id NOT IN (${apart.marks})`;
  // The number is ours, and not every server accepts a text parameter for LIMIT.
  const most = Math.max(1, Math.min(1000, Math.trunc(limit)));
  if (most >= fewRows) {
    const few = await tx.all<RawWhole>(
      `${selectWhole} FORCE INDEX (lead_intake_turn) WHERE status = 'new' ${others}
        ORDER BY client_id, lead_intake.id LIMIT ${fewRows} FOR UPDATE SKIP LOCKED`,
      apart?.values ?? [],
    );
    if (few.length < fewRows) return few.map(wholeOf).sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  return takeInTurns<IntakeHead>(turns, most, {
    clientAfter: async (client) => {
      const [next] = await tx.all<{ client_id: string }>(
        `SELECT client_id FROM lead_intake FORCE INDEX (lead_intake_turn)
          WHERE status = 'new' ${client === undefined ? '' : 'AND client_id > ?'} ORDER BY client_id LIMIT 1`,
        client === undefined ? [] : [client],
      );
      return next?.client_id;
    },
    rowsOf: async (client, afterId, count) =>
      (
        await tx.all<RawHead>(
          `${selectHead} FORCE INDEX (lead_intake_turn)
            WHERE status = 'new' AND client_id = ? AND lead_intake.id > CAST(? AS UNSIGNED) ${others}
            ORDER BY lead_intake.id LIMIT ${count} FOR UPDATE SKIP LOCKED`,
          [client, String(afterId), ...(apart?.values ?? [])],
        )
      ).map(headOf),
  });
}

/** These rows again, if they are still new and unlocked. */
export async function takeRows(tx: Sql, ids: readonly RowId[]): Promise<readonly IntakeHead[]> {
  if (ids.length === 0) return [];
  const { marks, values } = idList(ids);
  const rows = await tx.all<RawHead>(
    `${selectHead} FORCE INDEX (PRIMARY) WHERE lead_intake.id IN (${marks}) AND status = 'new'
      ORDER BY lead_intake.id FOR UPDATE SKIP LOCKED`,
    values,
  );
  return rows.map(headOf);
}

/**
 * The new `lead` rows of these references, locked; rows that another process has locked are left out, and all but a few for each
 * reference.
 */
export async function takeLeadRows(tx: Sql, names: readonly LeadName[]): Promise<readonly IntakeHead[]> {
  if (names.length === 0) return [];
  const { where, values } = byName(names);
  const rows = await tx.all<RawHead>(
    `${selectHead} WHERE kind = 'lead' AND status = 'new' AND (${where})
      ORDER BY lead_intake.id LIMIT ${2 * names.length} FOR UPDATE SKIP LOCKED`,
    values,
  );
  return rows.map(headOf);
}

/** Content of rows that this transaction has locked. */
export async function fetchRows(tx: Sql, heads: readonly IntakeHead[]): Promise<readonly IntakeRow[]> {
  const known: IntakeRow[] = [];
  const ids: RowId[] = [];
  for (const { id, row } of heads)
    if (row === undefined) ids.push(id);
    else known.push(row);
  if (ids.length === 0) return known;
  const { marks, values } = idList(ids);
  const rows = await tx.all<Raw>(
    `${selectRow} FORCE INDEX (PRIMARY) WHERE lead_intake.id IN (${marks})`,
    values,
  );
  return [...known, ...rows.map(rowOf)].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * As many rows as fit into a batch, at least one: one row of each client in its turn, so that one client's long rows leave room
 * for another's.
 */
export function withinBatch(heads: readonly IntakeHead[], most = batchBytes): readonly IntakeHead[] {
  if (heads.length === 1) return heads;
  const queues = [...Map.groupBy(heads, (head) => head.clientId).values()].map((rows) => [...rows]);
  const chosen: IntakeHead[] = [];
  let bytes = 0;
  for (let round = queues; round.length > 0; round = round.filter((rows) => rows.length > 0)) {
    for (const rows of round) {
      const next = rows.shift();
      if (next === undefined) continue;
      if (chosen.length > 0 && bytes + next.bytes > most) {
        // In the order they were sent: the client's later rows wait too.
        rows.length = 0;
        continue;
      }
      chosen.push(next);
      bytes += next.bytes;
    }
  }
  return chosen.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Every committed new row about these leads, read without a lock, also when locked. */
export async function newRowsAbout(
  tx: Sql,
  names: readonly LeadName[],
): Promise<readonly (LeadName & { readonly id: RowId; readonly kind: string })[]> {
  if (names.length === 0) return [];
  const { where, values } = byName(names);
  const rows = await tx.all<LeadName & { readonly id: string; readonly kind: string }>(
    `SELECT CAST(id AS CHAR) AS id, client_id AS clientId, reference, kind FROM lead_intake
      WHERE status = 'new' AND (${where}) ORDER BY lead_intake.id`,
    values,
  );
  return rows.map((row) => ({ ...row, id: BigInt(row.id) }));
}
