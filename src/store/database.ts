// Runs all access to MySQL/MariaDB: prepared statements, and transactions that are repeated after a deadlock.
// Invariant: values are never part of SQL text; SQL is in this folder only.
// A file here is named by the table it writes (deliveries, consents, batches); one that only reads or spans tables is named by the
// question it answers or the work it does (backlog, same-person, sending). Its head says which.
import type { ResultSetHeader } from 'mysql2';
import { createConnections, type Connection, type ConnectionOptions, type SqlValue } from './connections.ts';
import { RelaisError } from '../errors.ts';
import { insertGroups, withLists, type SqlValues } from './placeholders.ts';
import { isRefusalOfAll, isRepeatable, type SqlFailure } from './sql-failures.ts';

export type { SqlValue } from './connections.ts';
export type { SqlValues } from './placeholders.ts';
export {
  groupSize,
  inList,
  insertGroups,
  insertGroupsByWeight,
  rowMarks,
  textWeight,
} from './placeholders.ts';
export {
  duplicateKey,
  isDuplicateKey,
  isRefusalOfAll,
  isStoreOutage,
  isStoreTrouble,
  SqlFailure,
  unlessReadOnly,
} from './sql-failures.ts';

export interface Sql {
  /** Rows of a SELECT. A value may be a list, for 'IN (?)': an empty one has no rows, and nothing is asked. */
  readonly all: <Row>(sql: string, values?: SqlValues) => Promise<Row[]>;
  /** Any statement that changes rows; none about an empty list. */
  readonly run: (sql: string, values?: SqlValues) => Promise<Ran>;
  /** The database's clock, without a query: every business time comes from here or from the statement itself. */
  readonly now: () => Date;
  /** Signs an entry of the hand-over log; without it nothing can be appended. */
  readonly sign?: Sign;
}

/** A MAC under a key that MySQL never gets, and the name of the key. */
export type Sign = (text: string) => { readonly keyId: string; readonly mac: Buffer };

/** Read access: the primary or a replica. */
export type ReadOnlySql = Pick<Sql, 'all'>;

export const firstRow = async <Row>(
  sql: ReadOnlySql,
  text: string,
  values?: SqlValues,
): Promise<Row | undefined> => (await sql.all<Row>(text, values))[0];

/** The rows, each made into what the caller wants of it. */
export const allAs = async <Row, Made>(
  sql: ReadOnlySql,
  make: (row: Row) => Made,
  text: string,
  values?: SqlValues,
): Promise<readonly Made[]> => (await sql.all<Row>(text, values)).map((row) => make(row));

/** The rows for a long list, in the place of the first `IN (?)`; `also` are the values after it. */
export async function allOfMany<Row>(
  sql: ReadOnlySql,
  text: string,
  list: readonly (number | string)[],
  { also = [], atOnce }: { readonly also?: SqlValues; readonly atOnce?: number } = {},
): Promise<Row[]> {
  const found: Row[] = [];
  for (const part of insertGroups(list, atOnce)) found.push(...(await sql.all<Row>(text, [part, ...also])));
  return found;
}

/** The same of the first row. */
export const firstAs = async <Row, Made>(
  sql: ReadOnlySql,
  make: (row: Row) => Made,
  text: string,
  values?: SqlValues,
): Promise<Made | undefined> => (await allAs(sql, make, text, values))[0];

/** The one column that a statement selects, of every row. */
export const columnOf = async <T = number>(
  sql: ReadOnlySql,
  text: string,
  values?: SqlValues,
): Promise<readonly T[]> =>
  (await sql.all<Readonly<Record<string, T>>>(text, values)).map((row) => Object.values(row)[0] as T);

/** The same of the first row. */
export const firstValue = async <T = number>(
  sql: ReadOnlySql,
  text: string,
  values?: SqlValues,
): Promise<T | undefined> => (await columnOf<T>(sql, text, values))[0];

/** A count, a sum or a maximum; 0 where there is none. */
export const firstNumber = async (sql: ReadOnlySql, text: string, values?: SqlValues): Promise<number> =>
  Number((await firstValue<number | null>(sql, text, values)) ?? 0);

/** The first column that a statement selects, with the second. */
export const mapOf = async <Key, Value>(
  sql: ReadOnlySql,
  text: string,
  values?: SqlValues,
): Promise<ReadonlyMap<Key, Value>> =>
  new Map(
    (await sql.all<Readonly<Record<string, unknown>>>(text, values)).map(
      (row) => Object.values(row) as [Key, Value],
    ),
  );

export const hasRow = async (sql: ReadOnlySql, text: string, values?: SqlValues): Promise<boolean> =>
  (await sql.all(text, values)).length > 0;

type Writing = Pick<Sql, 'run'>;

/** How many rows a statement changed. */
export const changes = async (sql: Writing, text: string, values?: SqlValues): Promise<number> =>
  (await sql.run(text, values)).affected;

export const changesAny = async (sql: Writing, text: string, values?: SqlValues): Promise<boolean> =>
  (await changes(sql, text, values)) > 0;

export const changesOne = async (sql: Writing, text: string, values?: SqlValues): Promise<boolean> =>
  (await changes(sql, text, values)) === 1;

/** The id of the first row that a statement inserted. */
export const insertedId = async (sql: Writing, text: string, values?: SqlValues): Promise<number> =>
  (await sql.run(text, values)).insertId;

export interface Ran {
  readonly affected: number;
  /** Id of the first row inserted. */
  readonly insertId: number;
  /** The server's words on a statement of several rows: `Records: 3  Duplicates: 0  Warnings: 0`. */
  readonly info?: string;
  /** Step between the ids of two rows: 1, more on a cluster whose servers share the numbers. */
  readonly idStep: number;
}

export interface Database extends Sql {
  /** Runs one statement without values as text: MySQL cannot prepare CREATE TRIGGER and GRANT. */
  readonly text: (sql: string) => Promise<void>;
  /** READ COMMITTED; repeated up to eight times after a deadlock, a lock-wait timeout or errno 1020, as single statements are. */
  readonly transaction: <T>(
    work: (tx: Sql) => Promise<T>,
    /** Rolls back when `undoIf` is true for the result; returns the result all the same. */
    options?: { readonly undoIf: (result: T) => boolean },
  ) => Promise<T>;
  /** The failure of a database that recently answered and accepted nothing; undefined otherwise. */
  readonly refusal: () => SqlFailure | undefined;
  /** True if it answered a statement a moment ago. */
  readonly answers: () => boolean;
  readonly close: () => Promise<void>;
  readonly name: string;
  /** A connection that is silent for so long while it is lent is lost; its locks end with it. */
  readonly silenceMs: number;
}

/** Longer than the interval between two heartbeats of a role, so that a persistent refusal is never missed. */
const refusalMs = 12_000;
/** An answer counts as that of a moment ago, ms. */
const answeredMs = 500;
/** So often a deadlock's victim is tried. */
const mostRounds = 8;

/**
 * @param options.silenceMs a server that is silent for so long during a statement counts as lost: behind a network that dropped the
 *   connection no end ever comes, and a loop would wait for ever. The server drops us after twice that time, and releases the locks
 *   of our transaction.
 */
export function openDatabase(options: ConnectionOptions & { readonly sign?: Sign }): Database {
  const { borrow, clock, databaseName, silenceMs, close } = createConnections(options);
  const common = { now: clock.now, sign: options.sign };
  let refused: { readonly error: SqlFailure; readonly at: number } | undefined;
  let answeredAt = Number.NEGATIVE_INFINITY;
  /** A deadlock's victim is rolled back as a whole, also a single statement: the same work may succeed when repeated. */
  const repeated = async <T>(use: 'alone' | 'together', work: (connection: Connection) => Promise<T>) => {
    for (let round = 1; ; round += 1) {
      try {
        const result = await borrow(use, work);
        answeredAt = performance.now();
        return result;
      } catch (error) {
        if (isRefusalOfAll(error)) refused = { error, at: performance.now() };
        if (!isRepeatable(error) || round >= mostRounds) throw error;
        await new Promise((done) => setTimeout(done, Math.random() * 20 * round));
      }
    }
  };
  return {
    ...common,
    name: databaseName,
    silenceMs,
    ...statementsBy((sql, values) =>
      repeated('alone', async (connection) => ({
        result: await connection.execute(sql, values),
        idStep: connection.idStep,
      })),
    ),
    text: (sql) =>
      borrow('alone', async (connection) => {
        // A change of the schema may take any time.
        connection.waitForever();
        await connection.query(sql);
      }),
    transaction: (work, { undoIf } = { undoIf: () => false }) =>
      repeated('together', (connection) => inTransaction(connection, common, work, undoIf)),
    refusal: () =>
      refused !== undefined && performance.now() - refused.at < refusalMs ? refused.error : undefined,
    answers: () => performance.now() - answeredAt < answeredMs,
    close,
  };
}

/** Opens a database for this work alone. */
export async function withDatabase<T>(
  options: Parameters<typeof openDatabase>[0],
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = openDatabase(options);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Runs one statement on a connection. */
type Execute = (
  sql: string,
  values: readonly SqlValue[],
) => Promise<{ readonly result: unknown; readonly idStep: number }>;

const statementsBy = (execute: Execute): Pick<Sql, 'all' | 'run'> => ({
  all: async <Row>(sql: string, values: SqlValues = []) => {
    const asked = withLists(sql, values);
    return asked === undefined ? [] : ((await execute(asked.sql, asked.values)).result as Row[]);
  },
  run: async (sql, values = []) => {
    const asked = withLists(sql, values);
    if (asked === undefined) return { affected: 0, insertId: 0, idStep: 1 };
    const { result, idStep } = await execute(asked.sql, asked.values);
    const { affectedRows, insertId, info } = result as ResultSetHeader;
    return { affected: affectedRows, insertId, info, idStep };
  },
});

async function inTransaction<T>(
  connection: Connection,
  common: Pick<Sql, 'now' | 'sign'>,
  work: (tx: Sql) => Promise<T>,
  undoIf: (result: T) => boolean,
): Promise<T> {
  const own = ofOneTransaction(connection);
  try {
    const result = await work({ ...statementsBy(own.execute), ...common });
    const isUndone = undoIf(result);
    own.end();
    await connection.query(isUndone ? 'ROLLBACK' : 'COMMIT');
    return result;
  } catch (error) {
    own.end('undone');
    // A lost connection has rolled back by itself; the first error is the one to report.
    await connection.rollBack();
    throw error;
  }
}

/**
 * Runs the statements of one transaction. After its end it runs none: they would be part of the next transaction of the connection. A
 * deadlock's victim has lost what it wrote before: its work cannot be committed, even where the work goes on after the error.
 */
function ofOneTransaction({ execute, idStep }: Connection): {
  readonly execute: Execute;
  /** @throws the deadlock, or the like */
  readonly end: (how?: 'undone') => void;
} {
  let isOver = false;
  let victimOf: Error | undefined;
  return {
    execute: async (sql, values) => {
      if (isOver) throw new RelaisError('INTERNAL-001', 'A statement came after the end of its transaction.');
      try {
        return { result: await execute(sql, values), idStep };
      } catch (error) {
        if (isRepeatable(error)) victimOf ??= error as Error;
        throw error;
      }
    },
    end: (how) => {
      isOver = true;
      if (how !== 'undone' && victimOf !== undefined) throw victimOf;
    },
  };
}
