// Reads a client's rows of any table as text and writes them into another installation, under the same ids (C36).
// Invariant: a row of another client is never overwritten; a row that is there with the same content is left alone.
import { RelaisError } from '../../errors.ts';
import { isDuplicateKey, type ReadOnlySql, type Sql } from '../database.ts';
import type { MovedTable } from './moved-tables.ts';

/** Columns of a table in order; those of `key` identify a row. */
export interface TableShape {
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly isBinary: boolean }[];
  /** Indexes of the key's columns. */
  readonly key: readonly number[];
}

/** Values in the order of the columns; binary ones in hexadecimal. */
export type MovedRow = readonly (string | null)[];

/** @throws INSTANCE-001 for a table that this schema does not have */
export async function shapeOf(sql: ReadOnlySql, schema: string, table: string): Promise<TableShape> {
  const columns = await sql.all<{ name: string; type: string; extra: string }>(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, EXTRA AS extra FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY COLUMN_NAME`,
    [schema, table],
  );
  const stored = columns.filter(
    ({ extra }) => !/generated|virtual|persistent/i.test(extra.replace(/default_generated/i, '')),
  );
  const key = await sql.all<{ name: string }>(
    `SELECT COLUMN_NAME AS name FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
    [schema, table],
  );
  if (key.length === 0) throw new RelaisError('INSTANCE-001', `${schema} has no table ${table}.`);
  return {
    table,
    columns: stored.map(({ name, type }) => ({ name, isBinary: /binary|blob/.test(type) })),
    key: key.map(({ name }) => stored.findIndex((column) => column.name === name)),
  };
}

/** Everything as text: a time keeps its digits, a number its places. */
const read = ({ columns }: TableShape): string =>
  columns
    .map(({ name, isBinary }) => (isBinary ? `HEX(t.\`${name}\`)` : `CAST(t.\`${name}\` AS CHAR)`))
    .map((text, index) => `${text} AS c${index}`)
    .join(', ');

const mark = (shape: TableShape, index: number): string =>
  shape.columns[index]?.isBinary === true ? 'UNHEX(?)' : '?';
const nameAt = (shape: TableShape, index: number): string => `\`${shape.columns[index]?.name ?? ''}\``;

type Raw = Readonly<Record<string, string | null>>;
const rowOf = (raw: Raw): MovedRow => Object.keys(raw).map((_, index) => raw[`c${index}`] ?? null);

/** The rows after `last` in the order of the key. */
export async function movedPage(
  sql: ReadOnlySql,
  shape: TableShape,
  { of }: MovedTable,
  { clientId, last, limit }: { readonly clientId: string; readonly last?: MovedRow; readonly limit: number },
): Promise<readonly MovedRow[]> {
  const { table, key } = shape;
  const values: (string | null)[] = [];
  const beyond = key.map((column, depth) => {
    const before = key
      .slice(0, depth)
      .map((earlier) => `t.${nameAt(shape, earlier)} = ${mark(shape, earlier)}`);
    values.push(...key.slice(0, depth + 1).map((index) => last?.[index] ?? null));
    return `(${[...before, `t.${nameAt(shape, column)} > ${mark(shape, column)}`].join(' AND ')})`;
  });
  const rows = await sql.all<Raw>(
    `SELECT ${read(shape)} FROM \`${table}\` t FORCE INDEX (PRIMARY) WHERE ${of}
       ${last === undefined ? '' : `AND (${beyond.join(' OR ')})`}
      ORDER BY ${key.map((index) => `t.${nameAt(shape, index)}`).join(', ')} LIMIT ${Math.trunc(limit)}`,
    [clientId, ...(last === undefined ? [] : values)],
  );
  return rows.map(rowOf);
}

/** Tables whose rows never change, and are never deleted. */
export const appended: ReadonlySet<string> = new Set(['mapping_versions', 'client_notes']);

const keyText = ({ key }: TableShape, row: MovedRow): string =>
  JSON.stringify(key.map((index) => row[index]));

/** The rows with the keys of these, whosever they are. */
async function present(
  sql: ReadOnlySql,
  shape: TableShape,
  rows: readonly MovedRow[],
): Promise<readonly MovedRow[]> {
  const { table, key } = shape;
  const one = `(${key.map((index) => `t.${nameAt(shape, index)} = ${mark(shape, index)}`).join(' AND ')})`;
  const found = await sql.all<Raw>(
    `SELECT ${read(shape)} FROM \`${table}\` t WHERE ${rows.map(() => one).join(' OR ')}`,
    rows.flatMap((row) => key.map((index) => row[index] ?? null)),
  );
  return found.map(rowOf);
}

/**
 * Inserts the rows that are missing, and brings those of the same client up to date. Returns how many were written.
 * @param known `left`: a row that is there has had its own life since, and stays as it is
 * @throws INSTANCE-001 where a row is another client's, or a unique value is taken
 */
export async function writeMoved(
  tx: Sql,
  shape: TableShape,
  clientId: string,
  rows: readonly MovedRow[],
  known: 'updated' | 'left' = 'updated',
): Promise<number> {
  if (rows.length === 0) return 0;
  const { table, columns } = shape;
  const there = new Map((await present(tx, shape, rows)).map((row) => [keyText(shape, row), row]));
  const owner = columns.findIndex(({ name }) => name === (table === 'clients' ? 'id' : 'client_id'));
  const missing: MovedRow[] = [];
  let written = 0;
  for (const row of rows) {
    const found = there.get(keyText(shape, row));
    if (found === undefined) missing.push(row);
    else if (known === 'updated' && JSON.stringify(found) !== JSON.stringify(row)) {
      if ((owner >= 0 && found[owner] !== clientId) || appended.has(table)) throw taken(table);
      await update(tx, shape, row);
      written += 1;
    }
  }
  await insert(tx, shape, missing);
  return written + missing.length;
}

const taken = (table: string): RelaisError =>
  new RelaisError(
    'INSTANCE-001',
    `A row of ${table} has a key that another row of the other installation has. Nothing of it was overwritten.`,
  );

async function insert(tx: Sql, shape: TableShape, rows: readonly MovedRow[]): Promise<void> {
  if (rows.length === 0) return;
  const all = shape.columns.map((_, index) => index);
  const one = `(${all.map((index) => mark(shape, index)).join(', ')})`;
  await tx
    .run(
      `INSERT INTO \`${shape.table}\` (${all.map((index) => nameAt(shape, index)).join(', ')}) VALUES ${rows.map(() => one).join(', ')}`,
      rows.flat(),
    )
    .catch((error: unknown) => {
      throw isDuplicateKey(error) ? taken(shape.table) : error;
    });
}

async function update(tx: Sql, shape: TableShape, row: MovedRow): Promise<void> {
  const all = shape.columns.map((_, index) => index);
  await tx.run(
    `UPDATE \`${shape.table}\` SET ${all.map((index) => `${nameAt(shape, index)} = ${mark(shape, index)}`).join(', ')}
      WHERE ${shape.key.map((index) => `${nameAt(shape, index)} = ${mark(shape, index)}`).join(' AND ')}`,
    [...row, ...shape.key.map((index) => row[index] ?? null)],
  );
}

/** Those of the rows that this installation does not have. */
export async function absent(
  sql: ReadOnlySql,
  shape: TableShape,
  rows: readonly MovedRow[],
): Promise<readonly MovedRow[]> {
  const there = new Set((await present(sql, shape, rows)).map((row) => keyText(shape, row)));
  return rows.filter((row) => !there.has(keyText(shape, row)));
}

/** Deletes rows by their keys. */
export async function removeMoved(tx: Sql, shape: TableShape, rows: readonly MovedRow[]): Promise<void> {
  const one = `(${shape.key.map((index) => `${nameAt(shape, index)} = ${mark(shape, index)}`).join(' AND ')})`;
  for (const row of rows)
    await tx.run(
      `DELETE FROM \`${shape.table}\` WHERE ${one}`,
      shape.key.map((index) => row[index] ?? null),
    );
}
