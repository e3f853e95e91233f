// Stores the notices of each client, word for word (C14), and reads how clients stand with the go-live list.
// Invariant: a wording is written once and never changed; nothing is deleted.
import type { Notice, WordedNotice, ClientFacts } from '../../domain/destination.ts';
import { allAs, columnOf, mapOf, type Sql, type ReadOnlySql, firstNumber } from '../database.ts';
import { insertRows } from '../columns.ts';

/** Stores new notices. Returns the versions that exist with another wording: nothing is written then. */
export async function keepNotices(
  tx: Sql,
  clientId: string,
  notices: readonly WordedNotice[],
): Promise<readonly string[]> {
  if (notices.length === 0) return [];
  const known = await mapOf<string, string>(
    tx,
    "SELECT CONCAT(version, '\\n', channel) AS named, wording FROM notices WHERE client_id = ? FOR UPDATE",
    [clientId],
  );
  const before = ({ version, channel }: Notice): string | undefined => known.get(`${version}\n${channel}`);
  const changed = notices.filter((notice) => (before(notice) ?? notice.wording) !== notice.wording);
  if (changed.length > 0) return changed.map(({ version }) => version);
  await insertRows(
    tx,
    'notices',
    notices.map(({ version, channel, wording, from }) => ({
      clientId,
      version,
      channel,
      wording,
      validFrom: new Date(from),
    })),
    'valid_from = VALUES(valid_from)',
  );
  return [];
}

/** Notices by client, without their wording. */
export async function noticesOf(
  sql: Sql,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Notice[]>> {
  const rows = await sql.all<{
    client_id: string;
    version: string;
    channel: Notice['channel'];
    valid_from: Date;
  }>('SELECT client_id, version, channel, valid_from FROM notices WHERE client_id IN (?)', [clientIds]);
  return new Map(
    [...Map.groupBy(rows, (row) => row.client_id)].map(([clientId, own]) => [
      clientId,
      own.map(({ version, channel, valid_from: from }) => ({ version, channel, from: from.toISOString() })),
    ]),
  );
}

export const clientsWithNotices = (sql: Sql): Promise<readonly string[]> =>
  columnOf<string>(sql, 'SELECT DISTINCT client_id FROM notices ORDER BY client_id');

// Reads how clients stand with the go-live list: their contract in force, and whether they were live before the list applied.
// Invariant: the contract is the published one; the list applies for good to a client that has been complete once.

export interface GoLiveStanding {
  readonly clientId: string;
  readonly facts: ClientFacts;
  /** Live before the list applied: missing items withhold nothing. */
  readonly liveBefore: boolean;
}

const standingOf = ({
  facts,
  liveBefore,
  ...row
}: {
  readonly clientId: string;
  readonly facts: string;
  readonly liveBefore: number;
}): GoLiveStanding => ({ ...row, facts: JSON.parse(facts) as ClientFacts, liveBefore: liveBefore === 1 });
const columns = 'id AS clientId, facts, live_before_list AS liveBefore';

export const goLiveStandings = (
  sql: ReadOnlySql,
  clientIds: readonly string[],
): Promise<readonly GoLiveStanding[]> =>
  allAs(sql, standingOf, `SELECT ${columns} FROM clients WHERE id IN (?)`, [clientIds]);

/** Clients with a version in force at a destination that takes leads. */
export const standingsOfLive = (sql: ReadOnlySql): Promise<readonly GoLiveStanding[]> =>
  allAs(
    sql,
    standingOf,
    `SELECT ${columns} FROM clients WHERE EXISTS (SELECT 1 FROM destinations d
      WHERE d.client_id = clients.id AND d.mapping_version_id > 0 AND d.status <> 'archived') ORDER BY id`,
  );

/** Applies the list to this client from now on: its items were complete once. */
export async function holdToList(tx: Sql, clientId: string): Promise<void> {
  await tx.run('UPDATE clients SET live_before_list = 0 WHERE id = ? AND live_before_list = 1', [clientId]);
}

/** Number of a client's deliveries that are withheld because of its list. */
export const withheldForList = (sql: ReadOnlySql, clientId: string): Promise<number> =>
  firstNumber(
    sql,
    "SELECT COUNT(*) AS n FROM deliveries WHERE client_id = ? AND state = 'withheld' AND reason LIKE 'go_live_incomplete%'",
    [clientId],
  );
