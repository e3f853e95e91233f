// Translates the driver's errors into an outage (DB-001) or an SQL failure with the server's number.
// Invariant: an error leaves as a code; the driver's own message and `sql` quote values, and reach no caller.
import { certificateFault, foreignCode, isRelaisError, RelaisError } from '../errors.ts';

/** Thrown instead of the driver's error; `errno` is the server's number, `message` contains no data. */
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

/** max_prepared_stmt_count is reached: closing the connection releases its statements. */
const tooManyPrepared = 1461;
/** MySQL's number for a deadlock of GET_LOCK; MariaDB's is 1213. */
const userLockDeadlock = 3058;
/** A conflict of two servers of a group (MySQL Group Replication); Galera's number is 1213. */
const groupConflict = 3101;
/** The state of the database refused the statement; another attempt may succeed. */
const repeatable = new Set([1020, 1205, 1213, userLockDeadlock, groupConflict, tooManyPrepared]);

export const isRepeatable = (error: unknown): boolean =>
  error instanceof SqlFailure && repeatable.has(error.errno);

/**
 * The server answers, and refuses everything: no connection left, a full or unwritable disk, read-only, offline, no binary log, a node
 * that has lost its cluster (1047 of Galera, 3100 of Group Replication).
 */
const refusesAll = new Set([3, 1021, 1026, 1030, 1040, 1047, 1114, 1203, 1226, 1290, 1598, 1836, 3032, 3100]);

/** True when the server refuses everything; `code` is the server's own. */
export const isRefusalOfAll = (error: unknown): error is SqlFailure =>
  error instanceof SqlFailure && refusesAll.has(error.errno);

const otherTroubles = [
  0, 1005, 1020, 1034, 1037, 1041, 1044, 1045, 1054, 1142, 1143, 1146, 1153, 1180, 1194, 1205, 1206, 1213,
  1227, 1317, 1712, 1877, 1969, 3024,
];
const serverTroubles = new Set([...refusesAll, ...otherTroubles, userLockDeadlock, groupConflict]);

/**
 * A fault of the server or the set-up (unreachable, read-only, full, damaged, a lock held too long), not of a row: a retry may succeed.
 */
export function isStoreTrouble(error: unknown): boolean {
  return isStoreOutage(error) || (error instanceof SqlFailure && serverTroubles.has(error.errno));
}

/** True for an outage: the same call may succeed later. */
export function isStoreOutage(error: unknown): boolean {
  return isRelaisError(error) && error.code === 'DB-001';
}

const locked = ': the account is locked';
const refusals: Readonly<Record<number, string>> = {
  1044: ': the account has no right on this database; `relais migrate` gives the working accounts theirs, an administrator the owner',
  1045: ': user, password, or the address it comes from',
  1049: ': there is no such database; create it, and the keys schema beside it',
  1130: ': no account of the server may come from this address; create the account for it, or connect from where it is allowed',
  1862: ': its password has expired',
  3118: locked,
  3159: ': it takes connections by TLS alone; write ?tls=yes behind the name of the database',
  4151: locked,
};

/**
 * The refusal of a login, whatever the server's number: another password or setting may succeed. Undefined for an error of the network, whose
 * number is negative, and where the server refuses or ends everything.
 */
export function refusedAccount(error: unknown): RelaisError | undefined {
  const { errno = 0 } = error as { errno?: number };
  if (errno <= 0 || refusesAll.has(errno) || endedByServer.has(errno)) return undefined;
  return new RelaisError(
    'DB-001',
    `MySQL refuses the account or the database (${foreignCode(error)})${refusals[errno] ?? ''}${accountIn(error)}.`,
  );
}

/** The account as the server sees it: most often the client's address is wrong. */
function accountIn(error: unknown): string {
  const { message = '' } = error as { message?: string };
  const account = /for user ('[^']{0,80}'@'[^']{0,255}')|^Host ('[^']{1,255}')/.exec(message);
  return account === null ? '' : `; it sees ${account[1] ?? account[2] ?? ''}`;
}

/** Our own connections ask for it (`connections.ts`); a server that is read-only answers 1290 or 1836. */
const readOnlySession = 1792;
const readsOnly = [
  'Relais est en lecture seule (RELAIS_READ_ONLY, ou une sauvegarde restaurée qui attend `relais restore open`) : rien n’a été modifié.',
  'Relais reads only (RELAIS_READ_ONLY, or a restored backup that waits for `relais restore open`): nothing was changed.',
] as const;

/** For a note of the last use, which is worth no refusal: where Relais reads only, it is left out. */
export const unlessReadOnly = (work: Promise<unknown>): Promise<void> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      if (!isRelaisError(error) || error.code !== 'DB-007') throw error;
    },
  );

/** For a process that was running when a backup was restored into its database. */
export const restoredMeanwhile = (): RelaisError =>
  new RelaisError('DB-007', [
    'Une sauvegarde a été restaurée dans cette base : tout attend `relais restore open`, puis le redémarrage de ce processus.',
    'A backup was restored into this database: all waits for `relais restore open`, then for this process to be started again.',
  ]);

const lost = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'ENOTFOUND',
  'ECONNABORTED',
]);
/** The server reports it before it ends the connection: a shutdown, an operator's KILL, a broken network, or a long silence (MySQL). */
const endedByServer = new Set([1053, 1152, 1156, 1157, 1158, 1159, 1160, 1161, 1927, 3169, 4031]);

/** True when the connection is unusable after this error. */
export const endsConnection = (error: unknown): boolean =>
  isLost(error) || (error as { errno?: number }).errno === tooManyPrepared;

function isLost(error: unknown): boolean {
  if (isStoreOutage(error)) return true;
  const { code, errno, fatal } = error as { code?: string; errno?: number; fatal?: boolean };
  if (errno !== undefined && endedByServer.has(errno)) return true;
  return fatal === true || (code !== undefined && lost.has(code));
}

/** Our error for an error of the driver; other errors are returned unchanged. */
export function translated(error: unknown): unknown {
  if (error instanceof SqlFailure || isRelaisError(error)) return error;
  const { errno, code, sqlState, message } = error as {
    errno?: number;
    code?: string;
    sqlState?: string;
    message?: string;
  };
  if (isLost(error) || message === "Can't add new command when connection is in closed state") {
    return new RelaisError(
      'DB-001',
      `MySQL cannot be reached (${certificateFault(error) ?? foreignCode(error)}).`,
    );
  }
  if (errno === readOnlySession) return new RelaisError('DB-007', readsOnly);
  if (sqlState === undefined && errno === undefined) return error;
  return new SqlFailure(errno ?? 0, code ?? `SQLSTATE_${sqlState ?? ''}`);
}
