// Reads the requests of a month that statistics count (C26), and keeps which months were issued and which cells a client is part of.
// Invariant: living leads only; a lead under a restriction, or whose person refused profiling, is not read. The counts themselves are
// never stored here.
import { statisticsFrom } from '../../domain/instructions.ts';
import { monthOf, type CivilDate } from '../../domain/civil-date.ts';
import type { Cell, CountedRequest, PublishedCell } from '../../domain/statistics.ts';
import { isMoved } from '../hosting/moves.ts';
import { listInstructions } from '../retention/register.ts';
import { type ReadOnlySql, type Sql, firstValue } from '../database.ts';
import { insertRows } from '../columns.ts';

export interface CountedClient {
  readonly id: string;
  readonly legalEntity: string;
  /** Its requests are counted from this day on. */
  readonly from: CivilDate;
}

/** The day from which a client authorises statistics; undefined: it does not, or has withdrawn that. */
async function authorisedFrom(sql: ReadOnlySql, clientId: string): Promise<CivilDate | undefined> {
  return statisticsFrom((await listInstructions(sql, clientId)).toReversed());
}

/** Clients that authorise statistics and whose contract goes on. */
export async function countedClients(sql: ReadOnlySql): Promise<readonly CountedClient[]> {
  const clients = await sql.all<{ id: string; legalEntity: string }>(
    'SELECT id, legal_entity AS legalEntity FROM clients WHERE closed_at IS NULL ORDER BY id',
  );
  const counted: CountedClient[] = [];
  for (const client of clients) {
    const from = await authorisedFrom(sql, client.id);
    if (from !== undefined) counted.push({ ...client, from });
  }
  return counted;
}

/** Its addresses are in clear, equal ones as the same text. */
type MonthRequest = Omit<CountedRequest, 'clientId' | 'entity'>;

interface Row extends Omit<MonthRequest, 'addresses' | 'budget'> {
  readonly leadId: number;
  readonly collectedAt: Date;
  readonly budget: string | number | null;
  readonly email: string | null;
  readonly mobile: string | null;
  readonly landline: string | null;
}

const requestOf = ({ channel, originType, departement, housingType, rooms, ...row }: Row): MonthRequest => ({
  channel,
  originType,
  departement,
  housingType,
  rooms,
  budget: row.budget === null ? null : Number(row.budget),
  addresses: [row.email, row.mobile, row.landline].flatMap((address) => address || []),
});

const rowsAtOnce = 1_000;

/** A client's requests collected from one moment to before another, oldest first. */
export async function* requestsBetween(
  sql: ReadOnlySql,
  clientId: string,
  from: Date,
  until: Date,
): AsyncGenerator<MonthRequest> {
  for (let after = { collectedAt: from, leadId: 0 }; ;) {
    const rows = await sql.all<Row>(
      `SELECT l.id AS leadId, l.collected_at AS collectedAt, l.channel, o.origin_type AS originType,
              o.departement, j.housing_type AS housingType, j.rooms, COALESCE(j.budget_max, j.budget_min) AS budget,
              HEX(WEIGHT_STRING(p.email)) AS email, p.mobile, p.landline
         FROM leads l FORCE INDEX (leads_collected) JOIN prospects p ON p.lead_id = l.id
         LEFT JOIN lead_origins o ON o.lead_id = l.id LEFT JOIN lead_projects j ON j.lead_id = l.id
        WHERE l.client_id = ? AND l.collected_at >= ? AND l.collected_at < ? AND (l.collected_at > ? OR l.id > ?)
          AND l.gone = '' AND l.erased_at IS NULL AND l.restricted_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.lead_id = l.id AND c.purpose = 'profiling'
                             AND c.state IN ('refused', 'withdrawn'))
        ORDER BY l.collected_at, l.id LIMIT ${rowsAtOnce}`,
      [clientId, after.collectedAt, until, after.collectedAt, after.leadId],
    );
    yield* rows.map(requestOf);
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) return;
    after = last;
  }
}

/** `writing`: begun, and not known to be written. undefined: never begun. */
export const editionState = (sql: ReadOnlySql, month: string): Promise<'writing' | 'issued' | undefined> =>
  firstValue<'writing' | 'issued'>(sql, 'SELECT state FROM statistics_editions WHERE month = ?', [month]);

/** True once any month was issued. */
export const hasIssued = async (sql: ReadOnlySql): Promise<boolean> =>
  (await sql.all("SELECT 1 FROM statistics_editions WHERE state = 'issued' LIMIT 1")).length > 0;

/** Notes that a month is being issued, and the cells in which each client is counted. */
export async function beginEdition(tx: Sql, month: string, cells: readonly PublishedCell[]): Promise<void> {
  await tx.run(
    "INSERT INTO statistics_editions (month, state) VALUES (?, 'writing') ON DUPLICATE KEY UPDATE month = month",
    [month],
  );
  await tx.run('DELETE FROM statistics_parts WHERE month = ?', [month]);
  await insertRows(
    tx,
    'statistics_parts',
    cells.flatMap(({ clients, report, category, class: of }) =>
      clients.map((clientId) => ({ clientId, month, report, category, class: of })),
    ),
  );
}

export async function endEdition(tx: Sql, month: string): Promise<void> {
  await tx.run("UPDATE statistics_editions SET state = 'issued' WHERE month = ?", [month]);
}

export interface IssuedCell extends Cell {
  readonly month: string;
}

export interface WithdrawnClient {
  readonly clientId: string;
  /** Its cells of earlier months go: it has authorised anew from this month on, or never again. */
  readonly before: string;
}

/**
 * Clients that are part of issued statistics under an authorisation that they have withdrawn since. One that has moved to an
 * installation of its own counts as such: its withdrawal would be recorded there.
 */
export async function withdrawnClients(sql: ReadOnlySql): Promise<readonly WithdrawnClient[]> {
  const rows = await sql.all<{ clientId: string; first: string }>(
    'SELECT client_id AS clientId, MIN(month) AS first FROM statistics_parts GROUP BY client_id ORDER BY client_id',
  );
  const withdrawn: WithdrawnClient[] = [];
  for (const { clientId, first } of rows) {
    const from = (await isMoved(sql, clientId)) ? undefined : await authorisedFrom(sql, clientId);
    const before = from === undefined ? '9999-13' : monthOf(from);
    if (first < before) withdrawn.push({ clientId, before });
  }
  return withdrawn;
}

/** True when the client is part of issued statistics. */
export async function isInStatistics(sql: ReadOnlySql, clientId: string): Promise<boolean> {
  return (await sql.all('SELECT 1 FROM statistics_parts WHERE client_id = ? LIMIT 1', [clientId])).length > 0;
}

export const partsOf = (sql: ReadOnlySql, clientId: string, before: string): Promise<readonly IssuedCell[]> =>
  sql.all<IssuedCell>(
    'SELECT month, report, category, class FROM statistics_parts WHERE client_id = ? AND month < ?',
    [clientId, before],
  );

export async function deleteParts(tx: Sql, clientId: string, before: string): Promise<void> {
  await tx.run('DELETE FROM statistics_parts WHERE client_id = ? AND month < ?', [clientId, before]);
}
