// Numbers of errors that only one of the two servers uses, or that only a server with other accounts gives.
import { endsConnection, isRepeatable, refusedAccount, translated } from '../../src/store/sql-failures.ts';
import { isRefusalOfAll, isStoreOutage, isStoreTrouble, SqlFailure } from '../../src/store/database.ts';

test.each([
  ['a shutdown', 1053, 'ER_SERVER_SHUTDOWN'],
  ['an operator who ended the connection, on MariaDB', 1927, 'ER_CONNECTION_KILLED'],
  ['the same on MySQL', 3169, 'ER_SESSION_WAS_KILLED'],
  ['silence for longer than MySQL waits', 4031, 'ER_CLIENT_INTERACTION_TIMEOUT'],
  ['bytes that a network has lost', 1156, 'ER_NET_PACKETS_OUT_OF_ORDER'],
  ['a network that fails during a write', 1160, 'ER_NET_ERROR_ON_WRITE'],
])(
  'the server says that it ends the connection, for %s: an outage, and no connection to use again',
  (_why, errno, code) => {
    const error = { errno, code, sqlState: 'HY000', message: 'x' };
    expect([isStoreOutage(translated(error)), endsConnection(error)]).toEqual([true, true]);
  },
);

test.each([
  [1047, 'a Galera node that has lost its cluster'],
  [3032, 'a server in offline mode'],
  [3100, 'a member of Group Replication that cannot commit'],
])('%i, %s: it refuses everything, and no row is at fault', (errno) => {
  const failure = new SqlFailure(errno, 'ER_X');
  expect([isRefusalOfAll(failure), isStoreTrouble(failure)]).toEqual([true, true]);
});

test('a COMMIT that fails for want of space is no fault of the row', () => {
  expect(isStoreTrouble(new SqlFailure(1180, 'ER_ERROR_DURING_COMMIT'))).toBe(true);
});

test('a deadlock of named locks, or of two servers of a group, is repeated as one of rows is, and is no fault of the row', () => {
  for (const errno of [1213, 3058, 3101]) {
    const failure = new SqlFailure(errno, 'ER_X');
    expect([isRepeatable(failure), isStoreTrouble(failure)]).toEqual([true, true]);
  }
});

test('a server on which no account may come from our address: the address and the remedy are named', () => {
  const message = "Host '10.9.8.7' is not allowed to connect to this MySQL server";
  const refused = refusedAccount({ errno: 1130, code: 'ER_HOST_NOT_PRIVILEGED', fatal: true, message });
  expect(refused?.message).toBe(
    "MySQL refuses the account or the database (SQL_1130): no account of the server may come from this address; create the account for it, or connect from where it is allowed; it sees '10.9.8.7'.",
  );
});

test.each([
  [1862, 'its password has expired'],
  [3118, 'the account is locked'],
  [3159, 'it takes connections by TLS alone; write ?tls=yes'],
  [4151, 'the account is locked'],
  [9999, 'MySQL refuses the account or the database (SQL_9999).'],
])('a login refused with %i is an outage with its remedy, no fault of Relais', (errno, says) => {
  const refused = refusedAccount({ errno, code: 'ER_X', message: 'x' });
  expect(refused).toMatchObject({ code: 'DB-001', message: expect.stringContaining(says) as string });
});

test('a full server, a server that ends and a network that fails are no refused login', () => {
  for (const errno of [1040, 1203, 1053, -111, undefined])
    expect(refusedAccount({ errno, code: 'ER_X' })).toBeUndefined();
});

test('a certificate that is not accepted is named, with the variable that names its authority', () => {
  const error = {
    code: 'HANDSHAKE_SSL_ERROR',
    fatal: true,
    message: 'unable to verify the first certificate',
  };
  expect((translated(error) as Error).message).toMatch(
    /^MySQL cannot be reached \(certificate not accepted \(unable to verify the first certificate\): .*RELAIS_CA_FILE/,
  );
});
