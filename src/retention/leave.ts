// Anonymises leads whose time has come and cancels their open deliveries; no recipient is asked to delete: clients keep their own data.
// Invariant: under the locks of client and lead it checks again that the lead is due; departure, corrections and rights take the same
// locks.
import { civilDate, type CivilDate } from '../domain/civil-date.ts';
import { isDue } from '../domain/retention.ts';
import { keepOpposition } from '../privacy/oppositions.ts';
import type { Sql, Database } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries } from '../store/deliveries/deliveries.ts';
import { appendHandovers, type Handover, entryAbout } from '../store/log/handovers.ts';
import { heldByRights, markGone, lastPhoneConsents } from '../store/retention/gone-leads.ts';
import { candidatesById } from '../store/retention/retention-candidates.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { cancelUnsent } from '../store/deliveries/planned-deliveries.ts';
import { rowsHeldByRights } from '../store/intake/refused-rows.ts';
import { refusedOfLeads, removeRefusedRow } from '../store/people/refused-of-person.ts';
import {
  addToRun,
  dropItems,
  hasItems,
  moveItems,
  putOffItems,
  takeItems,
  turnsOf,
  waitOn,
  type RetentionItem,
  type RetentionRun,
  type Turn,
} from '../store/retention/retention-items.ts';
import { blankLead } from '../store/leads/rights.ts';
import { sharedAddresses } from '../store/people/same-address.ts';
import { lockClients } from '../store/client-locks.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import { dated, operationsOf, type DatedLead } from './due.ts';
import { waivers } from './hand-over.ts';
import { raiseKept, waitingCause } from './kept-alerts.ts';

export interface LeavingNeeds {
  readonly secrets: Pick<LeadSecrets, 'replace' | 'destroy'>;
  /** Key of the digests of addresses on the opposition list. */
  readonly oppositionKey: Buffer;
  /** Replaces the calendar in tests. */
  readonly today?: () => CivilDate;
}

export const todayOf = (sql: Pick<Sql, 'now'>, { today }: Pick<LeavingNeeds, 'today'>): CivilDate =>
  today?.() ?? civilDate(sql.now());

/** Removes the person from the next leads of a run, at most `limit`. Returns how many items it processed. */
export async function letLeave(
  tx: Sql,
  needs: LeavingNeeds,
  run: RetentionRun,
  limit: number,
): Promise<number> {
  // Checked first: the exclusive lock of a client delays its incoming leads.
  if (!(await hasItems(tx, run.id, 'due'))) return 0;
  await lockClients(tx, [run.clientId], 'alone', 'taken');
  const items = await takeItems(tx, run.id, 'due', limit);
  if (items.length === 0) return 0;
  const ids = items.map(({ leadId }) => leadId);
  const locks = await lockLeads(tx, ids);
  const today = todayOf(tx, needs);
  const leads = await dated(tx, await operationsOf(tx, run.clientId), await candidatesById(tx, ids));
  const due = leads.filter(({ retention }) => isDue(retention, today));
  const dueIds = due.map(({ leadId }) => leadId);
  const kept = ids.filter((id) => !dueIds.includes(id));
  await dropItems(tx, kept);
  const waiting = await putOffWaiting(tx, dueIds, { clientId: run.clientId, today });
  const unproved = await unprovedOf(tx, run, due, items);
  await moveItems(
    tx,
    [...unproved].filter((id) => !waiting.has(id)),
    'proofs',
  );
  const going = due.filter(({ leadId }) => !waiting.has(leadId) && !unproved.has(leadId));
  await removeRefusedRows(
    tx,
    needs,
    run.clientId,
    going.filter(({ erased }) => !erased).map(({ leadId }) => leadId),
  );
  for (const lead of going) await leave(tx, needs, run, lead, locks.get(lead.leadId)?.revision ?? 0);
  await moveItems(
    tx,
    going.map(({ leadId }) => leadId),
    'left',
  );
  await addToRun(tx, run.id, {
    kept: kept.length,
    purged: going.filter(({ retention }) => retention.how === 'purge').length,
    anonymised: going.filter(({ retention }) => retention.how === 'anonymise').length,
  });
  return items.length;
}

/** Under a restriction of processing nothing is deleted; recipients are notified of an open right first. */
async function putOffWaiting(
  tx: Sql,
  leadIds: readonly number[],
  of: { readonly clientId: string; readonly today: CivilDate },
): Promise<ReadonlySet<number>> {
  const held = await heldByRights(tx, leadIds);
  const restricted = [...held.restricted];
  const untold = [...held.untold].filter((id) => !held.restricted.has(id));
  await putOffItems(tx, restricted, 'restricted', waitSeconds.restricted);
  await putOffItems(tx, untold, 'right_open', waitSeconds.right_open);
  const causes = [
    ...(restricted.length > 0 ? [waitingCause.restricted] : []),
    ...(untold.length > 0 ? [waitingCause.right_open] : []),
  ];
  await raiseKept(tx, { ...of, causes });
  return new Set([...restricted, ...untold]);
}

/** Leads to be deleted with a phone grant recorded after the client was handed its proofs. */
async function unprovedOf(
  tx: Sql,
  run: RetentionRun,
  due: readonly DatedLead[],
  items: readonly RetentionItem[],
): Promise<ReadonlySet<number>> {
  // At the end of its contract the client has received everything, the proofs too.
  const purged = due.filter(
    ({ retention }) => retention.how === 'purge' && retention.rule !== 'contract_end',
  );
  const last = await lastPhoneConsents(
    tx,
    purged.map(({ leadId }) => leadId),
  );
  if (last.size === 0) return new Set();
  const waived = await waivers(tx, run.clientId);
  const upto = new Map(items.map((item) => [item.leadId, item.provedUpto]));
  return new Set(
    purged
      .filter(
        ({ leadId, operation }) =>
          !waived(operation ?? '') && (last.get(leadId) ?? 0) > (upto.get(leadId) ?? 0),
      )
      .map(({ leadId }) => leadId),
  );
}

/**
 * Deletes the refused rows of the persons too, unless a lead of theirs stays, or a right covers the row. All refused rows of the client are
 * read for it, so they are read once for all leads.
 */
async function removeRefusedRows(
  tx: Sql,
  { oppositionKey }: LeavingNeeds,
  clientId: string,
  leadIds: readonly number[],
): Promise<void> {
  const shared = await sharedAddresses(tx, leadIds, 'all');
  const formerOnly = new Set<number>();
  const isKept = (id: number): boolean => !leadIds.includes(id) || formerOnly.has(id);
  // A lead that shares an address with such a one is of the same person, and so on.
  for (let size = -1; size < formerOnly.size;) {
    size = formerOnly.size;
    for (const { own, all } of shared) if (all.some(isKept)) for (const id of own) formerOnly.add(id);
  }
  const rows = await refusedOfLeads(tx, { clientId, leadIds, key: oppositionKey, formerOnly });
  const held = await rowsHeldByRights(tx, rows);
  for (const row of rows.filter((one) => !held.has(one))) await removeRefusedRow(tx, clientId, Number(row));
}

async function leave(
  tx: Sql,
  { secrets, oppositionKey }: LeavingNeeds,
  run: RetentionRun,
  lead: DatedLead,
  revision: number,
): Promise<void> {
  const { leadId, reference, retention } = lead;
  const { clientId, actor } = run;
  const reason = retention.how === 'purge' ? 'purged' : 'anonymised';
  const opposed: Handover[] = [];
  if (!lead.erased) {
    opposed.push(...(await keepOpposition(tx, oppositionKey, { clientId, leadId, actor })));
    await blankLead(tx, leadId, clientId, reference, revision + 1);
    await secrets.replace(tx, leadId);
  }
  const open = (await deliveriesOfLeads(tx, [leadId])).map(({ id }) => id);
  const cancelled = await cancelUnsent(tx, open, reason, true);
  await markGone(tx, { clientId, leadId, reference }, retention.how);
  await appendHandovers(
    tx,
    [
      ...opposed,
      { entry: reason, clientId, leadId, actor, leadRevision: revision + 1, reason: retention.rule },
      ...(await readDeliveries(tx, cancelled)).map((row) => entryAbout(row, 'cancelled', actor, { reason })),
    ],
    { moved: 'taken' },
  );
}

// Checks the leads that wait for a right of their person together, for all runs, before a run is processed for one of them.
// Invariant: a lead that need not wait any more is left to its run; a run with other leads to process handles its waiting ones too.

/** Seconds until the next look. */
export const waitSeconds = { restricted: 86_400, right_open: 3_600 } as const;

const turnsAtOnce = 500;

/** Those of the runs in which something may be done: in the others every lead still waits, and is put off. */
export async function withoutWaiting(
  database: Database,
  runs: readonly RetentionRun[],
): Promise<readonly RetentionRun[]> {
  const turns = await turnsOf(
    database,
    runs.map(({ id }) => id),
    turnsAtOnce,
  );
  // A long queue: the runs check waiting leads themselves.
  if (turns.length === turnsAtOnce) return runs;
  const byRun = [...Map.groupBy(turns, ({ runId }) => runId).values()];
  const asking = byRun.filter((of) => of.every(({ waitsFor }) => waitsFor in waitSeconds)).flat();
  const still = await stillWaiting(database, asking);
  for (const waitsFor of ['restricted', 'right_open'] as const)
    await waitOn(
      database,
      asking.filter((turn) => turn.waitsFor === waitsFor && still.has(turn)).map(({ leadId }) => leadId),
      waitsFor,
      waitSeconds[waitsFor],
    );
  const quiet = new Set(
    byRun.filter((of) => of.every((turn) => still.has(turn))).map(([turn]) => turn?.runId),
  );
  return runs.filter(({ id }) => !quiet.has(id));
}

async function stillWaiting(database: Database, turns: readonly Turn[]): Promise<ReadonlySet<Turn>> {
  const ids = turns.map(({ leadId }) => leadId);
  const { restricted, untold } = await heldByRights(database, ids);
  return new Set(
    turns.filter(({ leadId, step, waitsFor }) =>
      waitsFor === 'restricted' ? step === 'due' && restricted.has(leadId) : untold.has(leadId),
    ),
  );
}
