// Opens the pool of connections to the database: sets each up once, reads the database's clock, runs statements.
// Invariant: a connection uses UTC, strict SQL and READ COMMITTED before its first statement; a silent server counts as lost.
import type { Socket } from 'node:net';
import { createPool, type Pool, type PoolConnection } from 'mysql2';
import { RelaisError } from '../errors.ts';
import { restorePending } from './backups/restore-pending.ts';
import { called, createLending, queried, streamOf } from './lending.ts';
import { endsConnection, refusedAccount, restoredMeanwhile, translated } from './sql-failures.ts';

export type SqlValue = string | number | boolean | Date | Buffer | Uint8Array | null;

export interface ConnectionOptions {
  readonly url: string;
  readonly connections: number;
  /** A server that is silent for so long during a statement counts as lost. */
  readonly silenceMs?: number;
  /** True: the server refuses every change that these connections ask for (DB-007). */
  readonly readOnly?: boolean;
  /** While it answers true, a backup that is restored into the database stops all work: no one has opened it yet (DB-007). */
  readonly heedsRestore?: () => boolean;
}

export interface Connection {
  /** Runs text without values. */
  readonly query: (sql: string) => Promise<unknown>;
  /** Undoes what was not committed, or closes the connection. */
  readonly rollBack: () => Promise<void>;
  /** A prepared statement. */
  readonly execute: (sql: string, values: readonly SqlValue[]) => Promise<unknown>;
  /** Step between the ids of two rows. */
  readonly idStep: number;
  /** Removes the time limit on the server's silence. */
  readonly waitForever: () => void;
}

/** `alone`: each statement commits by itself. `together`: nothing is committed before COMMIT. */
export type Use = 'alone' | 'together';

export interface Connections {
  /** Lends a connection to the work; then takes it back, or closes it when the error shows that it is unusable. */
  readonly borrow: <T>(use: Use, work: (connection: Connection) => Promise<T>) => Promise<T>;
  readonly clock: Pick<DatabaseClock, 'now'>;
  readonly databaseName: string;
  readonly silenceMs: number;
  readonly close: () => Promise<void>;
}

/** Statements that a process keeps prepared on all connections of a pool; the server counts them (`max_prepared_stmt_count`). */
const statementBudget = 3_000;

/** Statements kept prepared on a connection: all that a lead's way needs, or fewer where many connections share the budget. */
export const preparedOn = (connections: number): number =>
  Math.max(120, Math.min(250, Math.floor(statementBudget / connections)));

/** Longer than a server lets a statement wait for a lock (50 s by default). */
const defaultSilenceMs = 60_000;

export function createConnections(options: ConnectionOptions): Connections {
  const silenceMs = options.silenceMs ?? defaultSilenceMs;
  const url = new URL(options.url);
  const pool = openPool(url, options.connections, silenceMs);
  const ready = new WeakMap<PoolConnection, Connection>();
  const clock = createDatabaseClock();
  const open = async (): Promise<PoolConnection> => {
    const raw = await called<PoolConnection>((done) => pool.getConnection(done)).catch((error: unknown) => {
      throw refusedAccount(error) ?? error;
    });
    if (ready.has(raw)) return raw;
    streamOf(raw).setTimeout(silenceMs);
    loseWhenSilent(streamOf(raw));
    slimStatements(raw);
    try {
      ready.set(raw, connectionOn(raw, await setUp(raw, silenceMs, options.readOnly === true)));
    } catch (error) {
      raw.destroy();
      throw error;
    }
    return raw;
  };
  let isRestored = false;
  // With the clock: every connection of every process asks it, whatever for, and no statement is spent on it.
  const lookNow = async (raw: PoolConnection): Promise<Date> => {
    const { now, restoring } = await readClock(raw, options.heedsRestore?.() === true);
    // Also once it is opened: what this process remembers is of another life.
    isRestored ||= restoring;
    return now;
  };
  const lent = createLending({ open, most: options.connections, silenceMs });
  const borrow: Connections['borrow'] = async (use, work) => {
    let raw: PoolConnection | undefined;
    try {
      raw = await lent.lend(use);
      if (clock.isDue()) await clock.read(() => lookNow(raw as PoolConnection));
      if (isRestored) throw restoredMeanwhile();
      const result = await work(ready.get(raw) ?? connectionOn(raw, 1));
      await lent.takeBack(raw, use);
      return result;
    } catch (error) {
      if (raw !== undefined && endsConnection(error)) raw.destroy();
      if (raw !== undefined) await lent.takeBack(raw, use);
      throw translated(error);
    }
  };
  return {
    borrow,
    clock,
    databaseName: url.pathname.slice(1),
    silenceMs,
    // A statement that loses its connection meanwhile fails by itself.
    close: () => called<void>((done) => pool.end(() => done(null, undefined))),
  };
}

/**
 * A process that stood still for longer than the limit, or was frozen, comes to its timers before it reads what the server has answered
 * meanwhile: that is read first.
 */
function loseWhenSilent(stream: Socket): void {
  stream.on('timeout', () => {
    const { bytesRead } = stream;
    setImmediate(() => {
      if (stream.bytesRead === bytesRead && stream.timeout !== 0) stream.destroy(new Error('silent'));
    });
  });
}

function openPool(url: URL, connections: number, silenceMs: number): Pool {
  const tls = url.searchParams.get('tls') === 'yes';
  const socket = url.searchParams.get('socket');
  return createPool({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    ...(tls ? { ssl: { minVersion: 'TLSv1.2' as const } } : {}),
    ...(socket === null ? {} : { socketPath: socket }),
    connectionLimit: connections,
    // Idle connections close before the server ends them; the driver checks for them only when `maxIdle` is below the limit.
    maxIdle: Math.max(1, connections - 1),
    idleTimeout: silenceMs,
    timezone: 'Z',
    decimalNumbers: true,
    charset: 'utf8mb4',
    connectTimeout: 10_000,
    enableKeepAlive: true,
    // Times connections times processes this must stay below the server's max_prepared_stmt_count (16,382 by default).
    maxPreparedStatements: preparedOn(connections),
  });
}

interface ClockRow {
  readonly now: Date;
  readonly restoring: number;
}

async function readClock(
  raw: PoolConnection,
  heedsRestore: boolean,
): Promise<{ readonly now: Date; readonly restoring: boolean }> {
  const read = async (restoring: string): Promise<ClockRow> => {
    const rows = await queried(raw, `SELECT UTC_TIMESTAMP(3) AS now, ${restoring} AS restoring`);
    return (rows as [ClockRow])[0];
  };
  const plain = (): Promise<ClockRow> => read('0');
  // Without the table the schema is empty: it is dropped, or about to be filled.
  const { now, restoring } = await (heedsRestore ? read(restorePending).catch(plain) : plain());
  return { now, restoring: restoring === 1 };
}
/** Bytes of the longest JSON_ARRAYAGG. MariaDB cuts it there, by default at 1 MB, and the driver ends the process over JSON that was cut. */
const longestList = 67_108_864;

/**
 * Sets whatever a server may have set otherwise. The server drops a silent client after twice the time that a client waits for the server.
 * Returns the step of its ids.
 */
async function setUp(raw: PoolConnection, silenceMs: number, readOnly: boolean): Promise<number> {
  await queried(
    raw,
    `SET time_zone = '+00:00', autocommit = 1, group_concat_max_len = ${longestList}, sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', wait_timeout = ${Math.ceil((2 * silenceMs) / 1_000)}`,
  );
  await queried(raw, 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  // The one place of the read-only mode: no door of the program can pass it by.
  if (readOnly) await queried(raw, 'SET SESSION TRANSACTION READ ONLY');
  const rows = await queried(raw, 'SELECT @@auto_increment_increment AS step');
  return (rows as { step: number }[])[0]?.step ?? 1;
}

const connectionOn = (raw: PoolConnection, idStep: number): Connection => ({
  query: (sql) => queried(raw, sql),
  // A connection that cannot be rolled back is never used again: its work would be committed with the next.
  rollBack: () =>
    queried(raw, 'ROLLBACK').then(
      () => undefined,
      () => raw.destroy(),
    ),
  // Translates the driver's error, also inside a transaction: its message and `sql` quote values.
  execute: (sql, values) =>
    new Promise((resolve, reject) => {
      raw.execute(sql, values as SqlValue[], (error, result) =>
        error ? reject(translated(error) as Error) : resolve(result),
      );
    }),
  idStep,
  waitForever: () => void streamOf(raw).setTimeout(0),
});

/** The properties that the driver reads when it sends a value. */
interface ParameterKind {
  readonly columnType: number;
  readonly flags: number;
}

interface Statement {
  parameters: readonly ParameterKind[];
  columns: readonly unknown[];
}

/** The driver's statement cache, which its types do not show. */
interface Kept {
  set: (key: string, statement: Statement) => void;
}

/**
 * Shares the parameter descriptions that the driver keeps with each prepared statement of a connection. One
 * description per kind, not per placeholder: for a worker that writes files they were a third of its heap. Those of the columns are dropped:
 * each keeps the packet that it came in, and an execution reads its own.
 */
function slimStatements(raw: PoolConnection): void {
  const { _statements: kept } = raw as unknown as { readonly _statements: Kept };
  const keep = kept.set.bind(kept);
  const kinds = new Map<string, ParameterKind>();
  const shared = ({ columnType, flags }: ParameterKind): ParameterKind => {
    const name = `${columnType}:${flags}`;
    const known = kinds.get(name) ?? { columnType, flags };
    kinds.set(name, known);
    return known;
  };
  kept.set = (key, statement) => {
    statement.parameters = statement.parameters.map(shared);
    statement.columns = [];
    keep(key, statement);
  };
}

// Estimates the database's time in this process: it reads the database now and then and adds the monotonic clock.
// Invariant: business times are the database's. A host's clock that is ahead, behind or set meanwhile moves none of them.

export interface DatabaseClock {
  /** At most one round trip late, never ahead of the database. @throws INTERNAL-001 before the first reading */
  readonly now: () => Date;
  /** True when it must be read again: a server's clock may be set, and another server may take over. */
  readonly isDue: () => boolean;
  /** @param ask returns the database's time */
  readonly read: (ask: () => Promise<Date>) => Promise<void>;
}

const everyMs = 2_000;
/** A slower answer is imprecise, as in a process that has just started: it is asked again soon. */
const quickMs = 50;
const soonMs = 200;

export function createDatabaseClock(monotonic: () => number = () => performance.now()): DatabaseClock {
  /** From the monotonic clock to the database's epoch, ms. */
  let offset: number | undefined;
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    now: () => {
      if (offset === undefined)
        throw new RelaisError('INTERNAL-001', 'The database was asked for its time before it was reached.');
      return new Date(Math.floor(offset + monotonic()));
    },
    isDue: () => monotonic() >= dueAt,
    read: async (ask) => {
      const before = monotonic();
      dueAt = before + everyMs;
      const moment = (await ask()).getTime();
      const after = monotonic();
      if (after - before > quickMs) dueAt = after + soonMs;
      // The moment lies between the two: a more precise earlier offset remains as long as it fits.
      const latest = moment + 1 - before;
      const earliest = moment - after;
      if (offset === undefined || offset < earliest || offset > latest) offset = earliest;
    },
  };
}
