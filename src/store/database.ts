// The one door to MySQL/MariaDB: a pool, prepared statements, transactions repeated after a deadlock.
// Invariant: values never stand inside SQL text; an error leaves as a code, since the driver's own quotes data.
import type { Socket } from 'node:net';
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2';
import { foreignCode, isRelaisError, RelaisError } from '../errors.ts';
import { createDatabaseClock } from './clock.ts';

export { inList, insertGroups, insertGroupsByWeight, rowMarks, textWeight } from './lists.ts';

export type SqlValue = string | number | boolean | Date | Buffer | Uint8Array | null;

export interface Sql {
  /** Rows of a SELECT. */
  readonly all: <Row>(sql: string, values?: readonly SqlValue[]) => Promise<Row[]>;
  /** Anything that changes rows. */
  readonly run: (sql: string, values?: readonly SqlValue[]) => Promise<Ran>;
  /** The database's clock, without asking it: every business time is taken here or in the statement itself. */
  readonly now: () => Date;
  /** Signs an entry of the hand-over log; without it nothing can be appended. */
  readonly sign?: Sign;
}

/** A MAC under a key that MySQL never sees, and the key's name. */
export type Sign = (text: string) => { readonly keyId: string; readonly mac: Buffer };

/** What only reads: the primary or a replica of it. */
export type Reading = Pick<Sql, 'all'>;

export interface Ran {
  readonly affected: number;
  /** Id given to the first row inserted. */
  readonly insertId: number;
  /** From one row's id to the next: 1, more on a cluster whose servers share the numbers. */
  readonly idStep: number;
}

export interface Database extends Sql {
  /** One statement of ours without values, as text: CREATE TRIGGER and GRANT cannot be prepared on MySQL. */
  readonly text: (sql: string) => Promise<void>;
  /** READ COMMITTED; repeated up to eight times after a deadlock, a lock-wait timeout or errno 1020, as single statements are. */
  readonly transaction: <T>(
    work: (tx: Sql) => Promise<T>,
    /** Rolls back where the result says that the work must not stand; the result is returned all the same. */
    options?: { readonly undoIf: (result: T) => boolean },
  ) => Promise<T>;
  readonly close: () => Promise<void>;
  readonly name: string;
}

/** Statements kept prepared on a connection. */
const maxPreparedStatements = 120;
/** max_prepared_stmt_count is reached: closing the connection gives its statements back. */
const tooManyPrepared = 1461;
/** A statement met a state of the database that another attempt may not meet. */
const repeatable = new Set([1020, 1205, 1213, tooManyPrepared]);
/** Access denied, unknown database: another password may pass, another try will not. */
const refusedAccounts = new Set([1044, 1045, 1049, 1698]);
const refusals: Readonly<Record<number, string>> = {
  1044: ': the account has no right on this database; `relais migrate` gives the working accounts theirs, an administrator the owner',
  1045: ': user, password, or the address it comes from',
  1049: ': there is no such database; create it, and the keys schema beside it',
};
const lost = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'ENOTFOUND',
  'ECONNABORTED',
]);

/** Thrown instead of the driver's error; `errno` is the server's number, `message` holds no data. */
export class SqlFailure extends Error {
  readonly errno: number;
  readonly code: string;
  constructor(errno: number, code: string) {
    super(`SQL failed: ${code}`);
    this.name = 'SqlFailure';
    this.errno = errno;
    this.code = code;
  }
}

export const duplicateKey = 1062;

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof SqlFailure && error.errno === duplicateKey;
}

const systemic = new Set([
  0, 1005, 1020, 1021, 1034, 1037, 1040, 1041, 1044, 1045, 1054, 1114, 1142, 1143, 1146, 1153, 1194, 1205,
  1206, 1213, 1227, 1290, 1317, 1712, 1836, 1877, 1969, 3024,
]);

/** A fault of the server or the set-up (away, read-only, full, damaged, a lock held too long), not of a row: the same may pass later. */
export function isStoreTrouble(error: unknown): boolean {
  return isStoreOutage(error) || (error instanceof SqlFailure && systemic.has(error.errno));
}

/** True for an outage: the same call may pass later. */
export function isStoreOutage(error: unknown): boolean {
  return isRelaisError(error) && error.code === 'DB-001';
}

/** Longer than a server lets a statement wait for a lock (50 s by default). */
const defaultSilenceMs = 60_000;

/**
 * @param options.silenceMs a server that says nothing for so long in the middle of a statement is lost: behind a network
 *   that forgot the connection no end ever comes, and a loop would wait for ever. The server forgets us after twice that,
 *   with the locks our transaction holds.
 */
export function openDatabase(options: {
  url: string;
  connections: number;
  silenceMs?: number;
  sign?: Sign;
}): Database {
  const url = new URL(options.url);
  const silenceMs = options.silenceMs ?? defaultSilenceMs;
  const tls = url.searchParams.get('tls') === 'yes';
  const pool: Pool = createPool({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    ...(tls ? { ssl: { minVersion: 'TLSv1.2' as const } } : {}),
    ...(url.searchParams.has('socket') ? { socketPath: url.searchParams.get('socket') ?? '' } : {}),
    connectionLimit: options.connections,
    // Idle connections go before the server ends them; the driver looks for them only with fewer idle than all.
    maxIdle: Math.max(1, options.connections - 1),
    idleTimeout: silenceMs,
    timezone: 'Z',
    decimalNumbers: true,
    charset: 'utf8mb4',
    connectTimeout: 10_000,
    enableKeepAlive: true,
    // Times connections times processes this must stay below the server's max_prepared_stmt_count (16,382 by default).
    maxPreparedStatements,
  });
  const signing = options.sign === undefined ? {} : { sign: options.sign };
  const idSteps = new WeakMap<object, number>();
  const clock = createDatabaseClock();
  const readClock = (one: PoolConnection): Promise<void> =>
    clock.read(async () => {
      const rows = await queried(one, 'SELECT UTC_TIMESTAMP(3) AS now');
      return (rows as { now: Date }[])[0]?.now as Date;
    });

  const connection = async (): Promise<PoolConnection> => {
    const one = await called<PoolConnection>((done) => pool.getConnection(done)).catch((error: unknown) => {
      throw refusedAccount(error) ?? error;
    });
    const isNew = !idSteps.has(one);
    streamOf(one).setTimeout(silenceMs);
    if (isNew) streamOf(one).on('timeout', () => streamOf(one).destroy(new Error('silent')));
    try {
      if (isNew || clock.isDue()) await readClock(one);
      if (!isNew) return one;
      await queried(
        one,
        `SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', wait_timeout = ${Math.ceil((2 * silenceMs) / 1_000)}`,
      );
      await queried(one, 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      const rows = await queried(one, 'SELECT @@auto_increment_increment AS step');
      idSteps.set(one, (rows as { step: number }[])[0]?.step ?? 1);
    } catch (error) {
      one.destroy();
      throw error;
    }
    return one;
  };
  const on = (one: PoolConnection): Sql => ({
    all: async <Row>(sql: string, values: readonly SqlValue[] = []) => {
      const rows = await executed(one, sql, values);
      return rows as Row[];
    },
    run: async (sql, values = []) => {
      const { affectedRows, insertId } = (await executed(one, sql, values)) as ResultSetHeader;
      return { affected: affectedRows, insertId, idStep: idSteps.get(one) ?? 1 };
    },
    now: clock.now,
    ...signing,
  });
  const borrowed = async <T>(work: (one: PoolConnection) => Promise<T>): Promise<T> => {
    let one: PoolConnection | undefined;
    try {
      one = await connection();
      const result = await work(one);
      givenBack(one);
      return result;
    } catch (error) {
      if (one !== undefined && (isLost(error) || (error as { errno?: number }).errno === tooManyPrepared))
        one.destroy();
      else if (one !== undefined) givenBack(one);
      throw translated(error);
    }
  };

  return {
    name: url.pathname.slice(1),
    now: clock.now,
    ...signing,
    all: <Row>(sql: string, values?: readonly SqlValue[]) =>
      repeated(() => borrowed((one) => on(one).all<Row>(sql, values))),
    run: (sql, values) => repeated(() => borrowed((one) => on(one).run(sql, values))),
    text: (sql) =>
      borrowed(async (one) => {
        // A change of the schema takes as long as it takes.
        streamOf(one).setTimeout(0);
        await queried(one, sql);
      }),
    transaction: (work, options) =>
      repeated(() =>
        borrowed(async (one) => {
          await queried(one, 'START TRANSACTION');
          try {
            const result = await work(on(one));
            await queried(one, options?.undoIf(result) === true ? 'ROLLBACK' : 'COMMIT');
            return result;
          } catch (error) {
            // A lost connection has rolled back by itself; the first error is the one to tell.
            await queried(one, 'ROLLBACK').catch(() => undefined);
            throw error;
          }
        }),
      ),
    close: () => called<void>((done) => pool.end((error) => done(error, undefined))),
  };
}

/** A deadlock's victim has been rolled back whole, a single statement too: the same again may pass. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SqlFailure) || !repeatable.has(error.errno) || round >= 8) throw error;
      await new Promise((done) => setTimeout(done, Math.random() * 20 * round));
    }
  }
}

/** The socket under a connection; the driver's types do not show it. */
const streamOf = (one: PoolConnection): Socket => (one as unknown as { stream: Socket }).stream;

/** An idle connection is silent by nature. */
function givenBack(one: PoolConnection): void {
  streamOf(one).setTimeout(0);
  one.release();
}

/** The driver's promise face keeps a stack for every call; its callbacks cost nothing. */
function called<T>(call: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}

const queried = (one: PoolConnection, sql: string): Promise<unknown> =>
  called<unknown>((done) => one.query(sql, (error, result) => done(error, result)));

/** The driver's error never reaches a caller, not even inside a transaction: its message and `sql` quote values. */
function executed(one: PoolConnection, sql: string, values: readonly SqlValue[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    one.execute(sql, values as SqlValue[], (error, result) =>
      error ? reject(translated(error) as Error) : resolve(result),
    );
  });
}

/** What the server says to a login, as opposed to a statement. */
function refusedAccount(error: unknown): RelaisError | undefined {
  const { errno } = error as { errno?: number };
  if (errno === undefined || !refusedAccounts.has(errno)) return undefined;
  return new RelaisError(
    'DB-001',
    `MySQL refuses the account or the database (${foreignCode(error)})${refusals[errno] ?? ''}${accountIn(error)}.`,
  );
}

/** The account as the server sees it: the address it comes from is what is wrong most often. */
function accountIn(error: unknown): string {
  const account = /for user ('[^']{0,80}'@'[^']{0,255}')/.exec((error as { message?: string }).message ?? '');
  return account === null ? '' : `; it sees ${account[1] ?? ''}`;
}

function isLost(error: unknown): boolean {
  if (isStoreOutage(error)) return true;
  const { code, fatal } = error as { code?: string; fatal?: boolean };
  return fatal === true || (code !== undefined && lost.has(code));
}

function translated(error: unknown): unknown {
  if (error instanceof SqlFailure || isRelaisError(error)) return error;
  const { errno, code, sqlState, message } = error as {
    errno?: number;
    code?: string;
    sqlState?: string;
    message?: string;
  };
  if (
    isLost(error) ||
    message === "Can't add new command when connection is in closed state" ||
    code === 'ER_SERVER_SHUTDOWN'
  ) {
    return new RelaisError('DB-001', `MySQL cannot be reached (${foreignCode(error)}).`);
  }
  if (sqlState === undefined && errno === undefined) return error;
  return new SqlFailure(errno ?? 0, code ?? `SQLSTATE_${sqlState ?? ''}`);
}
