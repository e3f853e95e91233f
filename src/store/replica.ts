// Opens the read side: support's lists come from a replica when one is configured.
// Invariant: no read for a send, a decision, an alert or a proof uses it: a consent read a second late must not decide a send.
import { RelaisError } from '../errors.ts';
import { isStoreOutage, openDatabase, type ReadOnlySql, type SqlValues } from './database.ts';

export interface ReadSide extends ReadOnlySql {
  /** For a replica only: the time of the newest log entry it has, by its writer's clock. */
  readonly asOf?: () => Promise<Date | undefined>;
}

export interface Replica extends ReadSide {
  readonly close: () => Promise<void>;
}

/** One list is read at a time. */
const connections = 2;

/**
 * @param options.check runs once before the first statement; when it throws, every statement throws
 * @throws DB-001 that names the replica, so that an operator does not suspect the primary
 */
export function openReplica(options: {
  readonly url: string;
  readonly silenceMs: number;
  readonly check?: (reading: ReadOnlySql) => Promise<void>;
}): Replica {
  const database = openDatabase({ ...options, connections });
  const named = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (!isStoreOutage(error)) throw error;
      throw new RelaisError(
        'DB-001',
        `The replica of RELAIS_MYSQL_READ_URL: ${(error as Error).message} Without the variable the primary is asked.`,
      );
    });
  let checked: Promise<void> | undefined;
  const all = <Row>(sql: string, values?: SqlValues): Promise<Row[]> =>
    named(
      (async () => {
        checked ??= options.check?.(database) ?? Promise.resolve();
        await checked;
        return database.all<Row>(sql, values);
      })(),
    );
  return {
    all,
    asOf: async () => (await all<{ at: Date }>('SELECT at FROM handovers ORDER BY id DESC LIMIT 1'))[0]?.at,
    close: database.close,
  };
}
