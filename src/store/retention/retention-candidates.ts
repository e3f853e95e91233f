// Finds leads whose retention may be over, and the last voluntary signs that decide it (C30 to C33).
// Invariant: reads only; by index and page by page, so that a client's other leads are not read.
import { allAs, type Sql, columnOf } from '../database.ts';
import { type CivilDate, addMonths, civilDate } from '../../domain/civil-date.ts';
import { inactiveMonths, isInactive, lastSignOf, retentionOf } from '../../domain/retention.ts';
import { operationsNamed } from './register.ts';
import { sharedAddresses } from '../people/same-address.ts';

export interface Candidate {
  readonly leadId: number;
  readonly reference: string;
  readonly operation: string | null;
  readonly kind: 'one_off' | 'recurring';
  readonly collectedAt: Date;
  /** Only the row of an erased lead is left. */
  readonly erased: boolean;
}

type Row = Omit<Candidate, 'erased'> & { readonly erased: 0 | 1 };

const columns = `id AS leadId, reference, operation, operation_kind AS kind, collected_at AS collectedAt, erased_at IS NOT NULL AS erased`;

const candidateOf = (row: Row): Candidate => ({ ...row, erased: row.erased === 1 });

export interface Page {
  readonly clientId: string;
  readonly limit: number;
  /** The last candidate of the page before. */
  readonly after: Pick<Candidate, 'leadId' | 'collectedAt'> | undefined;
}

/** Leads collected before a day began, in UTC, oldest first; those of one operation where it is named. */
export async function collectedLongAgo(
  sql: Pick<Sql, 'all'>,
  before: CivilDate,
  { clientId, limit, after }: Page,
  operation?: string,
): Promise<readonly Candidate[]> {
  const [index, condition, named] =
    operation === undefined
      ? ['leads_collected', '', []]
      : ['leads_operation_collected', ' AND operation = ?', [operation]];
  const since = after?.collectedAt ?? new Date(0);
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM leads FORCE INDEX (${index})
      WHERE client_id = ?${condition} AND collected_at >= ? AND (collected_at > ? OR id > ?) AND collected_at < ? AND gone = ''
      ORDER BY collected_at, id LIMIT ${Math.trunc(limit)}`,
    [clientId, ...named, since, since, after?.leadId ?? 0, `${before} 00:00:00`],
  );
  return rows.map(candidateOf);
}

/** Operations that a client's leads name, by a loose scan of the index: it needs the first column in the GROUP BY. */
export async function operationsWithLeads(
  sql: Pick<Sql, 'all'>,
  clientId: string,
): Promise<readonly string[]> {
  const rows = await sql.all<{ operation: string | null }>(
    `SELECT client_id, operation FROM leads FORCE INDEX (leads_operation_collected)
      WHERE client_id = ? GROUP BY client_id, operation`,
    [clientId],
  );
  return rows.flatMap(({ operation }) => operation ?? []);
}

/** Operations that a client's one-off leads name, '' for none, by a loose scan of the index. */
export async function oneOffOperations(sql: Pick<Sql, 'all'>, clientId: string): Promise<readonly string[]> {
  const rows = await sql.all<{ operation: string | null }>(
    `SELECT client_id, operation_kind, gone, operation FROM leads FORCE INDEX (leads_one_off)
      WHERE client_id = ? AND operation_kind = 'one_off' AND gone = '' GROUP BY client_id, operation_kind, gone, operation`,
    [clientId],
  );
  return rows.map(({ operation }) => operation ?? '');
}

/** These leads as candidates. */
export const candidatesById = (
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<readonly Candidate[]> =>
  allAs(
    sql,
    candidateOf,
    `SELECT ${columns} FROM leads FORCE INDEX (PRIMARY) WHERE id IN (?) AND gone = '' ORDER BY id`,
    [leadIds],
  );

const leadsAtOnce = 500;

/** The last voluntary sign in each of these leads: its collection, or a later interaction that the person wanted. */
async function signsIn(
  sql: Pick<Sql, 'all'>,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, Date>> {
  const signs = new Map<number, Date>();
  for (let from = 0; from < leadIds.length; from += leadsAtOnce) {
    const rows = await sql.all<{ id: number; collectedAt: Date; wanted: Date | null }>(
      `SELECT l.id, l.collected_at AS collectedAt,
              (SELECT MAX(i.happened_at) FROM interactions i WHERE i.lead_id = l.id AND i.voluntary = 1) AS wanted
         FROM leads l FORCE INDEX (PRIMARY) WHERE l.id IN (?)`,
      [leadIds.slice(from, from + leadsAtOnce)],
    );
    for (const { id, collectedAt, wanted } of rows)
      signs.set(id, wanted !== null && wanted > collectedAt ? wanted : collectedAt);
  }
  return signs;
}

/** Clients with leads, with refused rows, or with an open task of retention: that of the last lead is closed after it. */
export const clientsToVisit = (sql: Pick<Sql, 'all'>): Promise<readonly string[]> =>
  columnOf<string>(
    sql,
    `SELECT c.id FROM clients c WHERE EXISTS (SELECT 1 FROM leads l WHERE l.client_id = c.id)
         OR EXISTS (SELECT 1 FROM lead_intake i FORCE INDEX (lead_intake_turn) WHERE i.status = 'refused' AND i.client_id = c.id)
         OR EXISTS (SELECT 1 FROM alerts a FORCE INDEX (alerts_kind)
              WHERE a.kind = 'retention_kept' AND a.destination_id = '' AND a.client_id = c.id AND a.closed_at IS NULL)
      ORDER BY c.id`,
  );

// Finds the last voluntary sign of the person behind a lead, and the leads without one for two years (C32, C33).
// Invariant: reads only; a person's leads are those with the same mail or phone, one hop (`sharedAddresses`).

/** The latest sign by lead, in it and in those of the same person. */
export async function lastSigns(sql: Sql, leadIds: readonly number[]): Promise<ReadonlyMap<number, Date>> {
  const shared = await sharedAddresses(sql, leadIds, 'all');
  const signs = await signsIn(sql, [...new Set([...leadIds, ...shared.flatMap(({ all }) => all)])]);
  const siblings = new Map<number, Set<number>>(leadIds.map((id) => [id, new Set([id])]));
  for (const { own, all } of shared)
    for (const id of own) for (const other of all) siblings.get(id)?.add(other);
  return new Map(
    [...siblings].map(([id, of]) => [id, lastSignOf([...of].flatMap((other) => signs.get(other) ?? []))]),
  );
}

interface Request {
  readonly id: number;
  readonly clientId: string;
  readonly operation?: string | undefined;
  readonly operationKind: 'one_off' | 'recurring';
  readonly collectedAt: Date;
}

/** The ids of these leads that are inactive and no longer relayed. Leads collected within two years need no query. */
export async function inactiveAmong(
  sql: Sql,
  leads: readonly Request[],
  today: CivilDate = civilDate(sql.now()),
): Promise<ReadonlySet<number>> {
  // A margin of two days and more: midnight in Paris is the day before in UTC, and a month may be short.
  const before = new Date(`${addMonths(today, -inactiveMonths)}T00:00:00Z`).getTime() + 4 * 86_400_000;
  const old = leads.filter(({ collectedAt }) => collectedAt.getTime() < before);
  if (old.length === 0) return new Set();
  const operations = await operationsNamed(
    sql,
    old.map(({ clientId, operation }) => ({ clientId, code: operation ?? '' })),
  );
  const signs = await lastSigns(
    sql,
    old.map(({ id }) => id),
  );
  return new Set(
    old
      .filter(({ id, clientId, operation, operationKind, collectedAt }) =>
        isInactive(
          retentionOf({
            kind: operationKind,
            operation: operations.get(`${clientId}\n${operation ?? ''}`),
            collectedAt,
            lastSign: signs.get(id) ?? collectedAt,
          }),
          today,
        ),
      )
      .map(({ id }) => id),
  );
}
