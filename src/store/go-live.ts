// Reads how clients stand with the go-live list: their contract in force, and whether they were live before the list applied.
// Invariant: the contract is the published one; the list applies for good to a client that has been complete once.
import type { ClientFacts } from '../domain/destination.ts';
import { inList, type ReadOnlySql, type Sql } from './database.ts';

export interface GoLiveStanding {
  readonly clientId: string;
  readonly facts: ClientFacts;
  /** Live before the list applied: missing items withhold nothing. */
  readonly liveBefore: boolean;
}

interface Row {
  readonly id: string;
  readonly facts: string;
  readonly liveBefore: number;
}

const standingOf = ({ id, facts, liveBefore }: Row): GoLiveStanding => ({
  clientId: id,
  facts: JSON.parse(facts) as ClientFacts,
  liveBefore: liveBefore === 1,
});
const columns = 'id, facts, live_before_list AS liveBefore';

export async function goLiveStandings(
  sql: ReadOnlySql,
  clientIds: readonly string[],
): Promise<readonly GoLiveStanding[]> {
  if (clientIds.length === 0) return [];
  const { marks, values } = inList(clientIds);
  return (await sql.all<Row>(`SELECT ${columns} FROM clients WHERE id IN (${marks})`, values)).map(
    standingOf,
  );
}

/** Clients with a version in force at a destination that takes leads. */
export async function standingsOfLive(sql: ReadOnlySql): Promise<readonly GoLiveStanding[]> {
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM clients WHERE EXISTS (SELECT 1 FROM destinations d
      WHERE d.client_id = clients.id AND d.mapping_version_id > 0 AND d.status <> 'archived') ORDER BY id`,
  );
  return rows.map(standingOf);
}

/** Applies the list to this client from now on: its items were complete once. */
export async function holdToList(tx: Sql, clientId: string): Promise<void> {
  await tx.run('UPDATE clients SET live_before_list = 0 WHERE id = ? AND live_before_list = 1', [clientId]);
}

/** Number of a client's deliveries that are withheld because of its list. */
export async function withheldForList(sql: ReadOnlySql, clientId: string): Promise<number> {
  const [row] = await sql.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM deliveries WHERE client_id = ? AND state = 'withheld' AND reason LIKE 'go_live_incomplete%'",
    [clientId],
  );
  return row?.n ?? 0;
}
