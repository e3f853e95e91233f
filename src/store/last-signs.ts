// Finds the last voluntary sign of the person behind a lead, and the leads without one for two years (C32, C33).
// Invariant: reads only; a person's leads are those with the same mail or phone, one hop (`sharedAddresses`).
import { addMonths, civilDate, type CivilDate } from '../domain/civil-date.ts';
import { inactiveMonths, isInactive, lastSignOf, retentionOf } from '../domain/retention.ts';
import type { Sql } from './database.ts';
import { operationsNamed } from './operations.ts';
import { signsIn } from './retention-candidates.ts';
import { sharedAddresses } from './same-address.ts';

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
