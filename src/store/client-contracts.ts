// Reads the contract against which intake checks a client's leads: its facts, notices and published destinations.
// Invariant: read while the clients' rows are locked, so that it is current.
import type { ClientFacts } from '../domain/destination.ts';
import type { Notice } from '../domain/notice.ts';
import { inList, type Sql } from './database.ts';
import { destinationsOfClients, type Destination } from './destinations.ts';
import { noticesOf } from './notices.ts';

export interface ClientContract {
  readonly clientId: string;
  readonly facts: ClientFacts;
  readonly notices: readonly Notice[];
  /** Those with a version in force that take leads. */
  readonly destinations: readonly Destination[];
}

export async function readContracts(sql: Sql, ids: readonly string[]): Promise<readonly ClientContract[]> {
  if (ids.length === 0) return [];
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: string; facts: string }>(
    `SELECT id, facts FROM clients WHERE id IN (${marks})`,
    values,
  );
  const notices = await noticesOf(sql, ids);
  const destinations = Map.groupBy(await destinationsOfClients(sql, ids), ({ clientId }) => clientId);
  return rows.map(({ id, facts }) => ({
    clientId: id,
    facts: JSON.parse(facts) as ClientFacts,
    notices: notices.get(id) ?? [],
    destinations: (destinations.get(id) ?? []).filter(
      ({ mappingVersionId, status }) => mappingVersionId > 0 && status !== 'archived',
    ),
  }));
}
