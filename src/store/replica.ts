// The read side: lists for support and the figures of the house, from a replica where one is named.
// Invariant: nothing that is sent, decided or proved is read here: a consent that is a second old is too old to send on.
import { RelaisError } from '../errors.ts';
import { isStoreOutage, openDatabase, type Reading, type SqlValue } from './database.ts';

export interface Replica extends Reading {
  readonly close: () => Promise<void>;
}

/** Lists and figures come one after the other: two connections are plenty. */
const connections = 2;

/** @throws DB-001 that names the replica, so that nobody looks for an outage of the primary */
export function openReplica(options: { readonly url: string; readonly silenceMs: number }): Replica {
  const database = openDatabase({ ...options, connections });
  return {
    all: <Row>(sql: string, values?: readonly SqlValue[]) =>
      database.all<Row>(sql, values).catch((error: unknown) => {
        if (!isStoreOutage(error)) throw error;
        throw new RelaisError(
          'DB-001',
          `The replica of RELAIS_MYSQL_READ_URL: ${(error as Error).message} Without the variable the primary is asked.`,
        );
      }),
    close: database.close,
  };
}
