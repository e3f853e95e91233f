// Raises and closes the officer's tasks for data that stays past its day or has no day, with a day to settle them by (C30 to C35).
// Invariant: each cause has one open task at most; it is raised again once its day has passed, and closed when the cause is over.
import { addDelay, type CivilDate } from '../domain/civil-date.ts';
import { operationGoesOn } from '../domain/retention.ts';
import { clientAlerts, raiseAlerts } from '../store/alerts/alerts.ts';
import type { Sql } from '../store/database.ts';
import { oneOffOperations, operationsWithLeads } from '../store/retention/retention-candidates.ts';
import { waitingItems } from '../store/retention/retention-items.ts';
import { closeAlerts } from '../store/alerts/tasks.ts';
import { operationsOf } from './due.ts';

const kind = 'retention_kept';
const daysToSettle = 14;
const reasonLength = 80;

/** Raises a task for each of these causes, unless one is open or was closed and its day is still to come. The caller has locked the client. */
export async function raiseKept(
  tx: Sql,
  { clientId, today, causes }: { clientId: string; today: CivilDate; causes: readonly string[] },
): Promise<void> {
  if (causes.length === 0) return;
  const earlier = await clientAlerts(tx, kind, clientId);
  const settleBy = addDelay(today, { count: daysToSettle, unit: 'day' });
  const reasonOf = (cause: string): string => cause.replace(':', `:${settleBy}:`).slice(0, reasonLength);
  const due = causes.filter(
    (cause) =>
      !earlier.some(({ reason }) => causeOf(reason) === causeOf(reasonOf(cause)) && dayOf(reason) >= today),
  );
  const replaced = new Set(due.map((cause) => causeOf(reasonOf(cause))));
  await closeAlerts(
    tx,
    earlier.filter(({ reason, isOpen }) => isOpen && replaced.has(causeOf(reason))).map(({ id }) => id),
  );
  await raiseAlerts(
    tx,
    due.map((cause) => ({ kind, clientId, reason: reasonOf(cause) })),
  );
}

/** Once a day: raises every cause of a client, and closes the tasks whose cause is over. */
export async function reviewKept(tx: Sql, clientId: string, today: CivilDate): Promise<void> {
  const causes = [...(await waitingCauses(tx, clientId)), ...(await endlessCauses(tx, clientId))];
  const present = new Set(
    causes.map((cause) => causeOf(cause.replace(':', ':0000-00-00:').slice(0, reasonLength))),
  );
  const gone = (await clientAlerts(tx, kind, clientId)).filter(
    ({ reason, isOpen }) => isOpen && !present.has(causeOf(reason)),
  );
  await closeAlerts(
    tx,
    gone.map(({ id }) => id),
  );
  await raiseKept(tx, { clientId, today, causes });
}

/** `RIGHT_OPEN:`; after the colon the operation, where the cause has one. */
export const waitingCause = { restricted: 'RESTRICTED:', right_open: 'RIGHT_OPEN:' } as const;

async function waitingCauses(tx: Sql, clientId: string): Promise<readonly string[]> {
  const waiting = await waitingItems(tx, [clientId]);
  return waiting.flatMap(({ waitsFor }) =>
    waitsFor === 'restricted' || waitsFor === 'right_open' ? [waitingCause[waitsFor]] : [],
  );
}

/** One-off operations that have leads and no recorded end: the recurring rules bound them, for years. */
async function endlessCauses(tx: Sql, clientId: string): Promise<readonly string[]> {
  const { byCode, end } = await operationsOf(tx, clientId);
  if (end !== undefined) return [];
  const said = (await oneOffOperations(tx, clientId)).filter(
    (code) => byCode.get(code)?.kind !== 'recurring',
  );
  const recorded = (await operationsWithLeads(tx, clientId)).filter(
    (code) => byCode.get(code)?.kind === 'one_off',
  );
  return [...new Set([...said, ...recorded])]
    .filter((code) => {
      const operation = byCode.get(code);
      return operation === undefined || operationGoesOn(operation) === undefined;
    })
    .map((code) => `END_MISSING:${code}`);
}

/** `END_MISSING:2026-12-14:JPO-26` → `END_MISSING:JPO-26` */
const causeOf = (reason: string): string => reason.replace(/:\d{4}-\d\d-\d\d:/, ':');
const dayOf = (reason: string): string => /:(\d{4}-\d\d-\d\d):/.exec(reason)?.[1] ?? '';
