// Runs retention: finds due data once a day for each client, then deletes it in small steps beside traffic.
// Invariant: each step is a transaction of its own, so that a killed process leaves nothing half done and nothing is done
// twice; a lead that breaks our code delays no other.
import { foreignCode } from '../errors.ts';
import { operationGoesOn } from '../domain/retention.ts';
import type { CivilDate } from '../domain/civil-date.ts';
import type { Log } from '../log.ts';
import { closeBroken, raiseBroken } from '../store/alerts/alerts.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { dissolve, heldByRights, underWay } from '../store/retention/gone-leads.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { clientsToVisit } from '../store/retention/retention-candidates.ts';
import { lockLeads } from '../store/leads/leads.ts';
import {
  addItems,
  dropItems,
  endRun,
  gathered,
  hasDailyRun,
  insertRun,
  lockFinished,
  putOffItems,
  readRun,
  isRunning,
  runningRuns,
  startAbandoned,
  takeItems,
  type RetentionRun,
} from '../store/retention/retention-items.ts';
import { lockClients } from '../store/client-locks.ts';
import { dueLeads } from './due.ts';
import { handOverProofs, type PhoneProofsPlace } from './hand-over.ts';
import { reviewKept } from './kept-alerts.ts';
import {
  letLeave,
  todayOf,
  type LeavingNeeds,
  waitSeconds as waitForRight,
  withoutWaiting,
} from './leave.ts';
import { listOperations } from '../store/retention/register.ts';
import { operationsOfRefused, purgeRefusedOf } from '../store/intake/refused-rows.ts';

const rowsAtOnce = 200;

/**
 * Deletes the refused rows of an operation with its leads (C30): they contain a person's data like a lead; not
 * before the day of its leads; a row kept by an open right stays until the right is settled. Returns how many were
 * deleted.
 */
async function letRefusedGo(database: Database, clientId: string, day: CivilDate): Promise<number> {
  let gone = 0;
  const named = await operationsOfRefused(database, clientId);
  if (named.size === 0) return 0;
  for (const operation of await listOperations(database, clientId)) {
    const on = operationGoesOn(operation);
    if (on === undefined || on > day || !named.has(operation.code)) continue;
    for (let part = rowsAtOnce; part === rowsAtOnce;) {
      part = await database.transaction((tx) => purgeRefusedOf(tx, clientId, operation.code, rowsAtOnce), {
        // Another process has just taken some of them.
        undoIf: (count) => count < 0,
      });
      gone += Math.max(0, part);
    }
  }
  return gone;
}

export interface RetentionNeeds extends LeavingNeeds {
  readonly database: Database;
  readonly phoneProofs: PhoneProofsPlace;
  readonly log: Log;
}

export interface Retention {
  /** Begins the daily run of every client that has not had one today. */
  readonly beginDaily: () => Promise<void>;
  /** Begins a run by hand. Returns its number. */
  readonly begin: (clientId: string, actor: string) => Promise<number>;
  /** Takes one step of each run under way. Returns whether anything was done. */
  readonly step: () => Promise<boolean>;
  /** Continues one run until nothing of it can be done now. */
  readonly finish: (runId: number) => Promise<RetentionRun | undefined>;
}

/** Leads of one step: their client's other leads wait for as long. */
const leadsAtOnce = 20;
const waitSeconds = { ...waitForRight, under_way: 30, broken: 3_600 } as const;

export function createRetention(needs: RetentionNeeds): Retention {
  const { database } = needs;
  return {
    beginDaily: async () => {
      const day = todayOf(database, needs);
      await startAbandoned(database, day);
      for (const clientId of await clientsToVisit(database))
        if (
          !(await hasDailyRun(database, clientId, day)) &&
          (await begin(needs, { clientId, day, actor: 'planner', daily: true })) !== undefined
        )
          await database.transaction(async (tx) => {
            await lockClients(tx, [clientId], 'alone', 'taken');
            await reviewKept(tx, clientId, day);
          });
    },
    begin: async (clientId, actor) =>
      (await begin(needs, { clientId, day: todayOf(database, needs), actor, daily: false })) ?? 0,
    step: async () => {
      let done = 0;
      const runs = await withoutWaiting(database, await runningRuns(database));
      for (const run of runs) done += await stepApart(needs, run);
      return done > 0;
    },
    finish: async (runId) => {
      for (
        let run = await readRun(database, runId);
        run?.state === 'running';
        run = await readRun(database, runId)
      )
        if ((await stepOf(needs, run)) === 0) break;
      return readRun(database, runId);
    },
  };
}

interface Beginning {
  readonly clientId: string;
  readonly day: CivilDate;
  readonly actor: string;
  readonly daily: boolean;
}

/**
 * Finds the due data, a page and a commit at a time: a client may have a million due leads. A daily run of which the process ended
 * meanwhile is gathered again; leads that are in it stay. Undefined: another process has begun the same run.
 */
async function begin({ database, log }: RetentionNeeds, of: Beginning): Promise<number | undefined> {
  const id = await database.transaction((tx) => insertRun(tx, of));
  for await (const page of dueLeads(database, of.clientId, of.day)) {
    const items = page.map(({ leadId, retention }) => ({
      leadId,
      step:
        retention.how === 'purge' && retention.rule !== 'contract_end'
          ? ('proofs' as const)
          : ('due' as const),
    }));
    if (items.length > 0 && !(await database.transaction((tx) => addItems(tx, id, items)))) break;
  }
  const run = await database.transaction((tx) => gathered(tx, id));
  await letRefusedGo(database, of.clientId, of.day);
  if (run !== undefined && run.found > 0)
    log.info('retention.begun', { client: of.clientId, count: run.found });
  return of.daily ? run?.id : id;
}

/** A run that breaks our code delays no other client's. */
async function stepApart(needs: RetentionNeeds, run: RetentionRun): Promise<number> {
  try {
    return await stepOf(needs, run);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    const code = foreignCode(error);
    needs.log.error('retention.set_aside', { client: run.clientId, code });
    await raiseBroken(needs.database, { clientId: run.clientId, destinationId: '', step: 'RETENTION', code });
    return 0;
  }
}

/** Takes one step of each kind. Returns how many leads were processed. */
async function stepOf(needs: RetentionNeeds, run: RetentionRun): Promise<number> {
  const { database, phoneProofs } = needs;
  let done = await database.transaction((tx) => handOverProofs(tx, run, phoneProofs));
  done += await apart(needs, { run, step: 'due' }, (tx, limit) => letLeave(tx, needs, run, limit));
  done += await apart(needs, { run, step: 'left' }, (tx, limit) => letGo(tx, needs, run, limit));
  await database.transaction((tx) => end(tx, run));
  return done;
}

interface StepAt {
  readonly run: RetentionRun;
  readonly step: 'due' | 'left';
}

/** Takes the leads together; on an error one by one, and the failing one waits. */
async function apart(
  needs: RetentionNeeds,
  at: StepAt,
  work: (tx: Sql, limit: number) => Promise<number>,
): Promise<number> {
  const { database, log } = needs;
  try {
    return await database.transaction((tx) => work(tx, leadsAtOnce));
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
  }
  let done = 0;
  for (let alone = 0; alone < leadsAtOnce; alone += 1) {
    try {
      const one = await database.transaction((tx) => work(tx, 1));
      if (one === 0) return done;
      done += one;
    } catch (error) {
      if (isStoreTrouble(error)) throw error;
      const code = foreignCode(error);
      log.error('retention.set_aside', { client: at.run.clientId, code });
      await setAside(database, at, code);
      done += 1;
    }
  }
  return done;
}

/** Puts off the step's next item, which is the one that failed. */
async function setAside(database: Database, { run, step }: StepAt, code: string): Promise<void> {
  await database.transaction(async (tx) => {
    const [first] = await takeItems(tx, run.id, step, 1);
    if (first !== undefined) await putOffItems(tx, [first.leadId], 'broken', waitSeconds.broken);
    await raiseBroken(tx, { clientId: run.clientId, destinationId: '', step: 'RETENTION', code });
  });
}

/** Deletes the remains of leads that have nothing in process any more. */
async function letGo(
  tx: Sql,
  { secrets }: RetentionNeeds,
  run: RetentionRun,
  limit: number,
): Promise<number> {
  const items = await takeItems(tx, run.id, 'left', limit);
  if (items.length === 0) return 0;
  const ids = items.map(({ leadId }) => leadId);
  await lockLeads(tx, ids);
  const { untold } = await heldByRights(tx, ids);
  const busy = await underWay(tx, ids);
  await putOffItems(tx, [...untold], 'right_open', waitSeconds.right_open);
  await putOffItems(
    tx,
    [...busy].filter((id) => !untold.has(id)),
    'under_way',
    waitSeconds.under_way,
  );
  const free = ids.filter((id) => !untold.has(id) && !busy.has(id));
  await dissolve(tx, free);
  await secrets.destroy(tx, free);
  await dropItems(tx, free);
  return items.length;
}

async function end(tx: Sql, { id, clientId }: RetentionRun): Promise<void> {
  const run = await lockFinished(tx, id);
  if (run === undefined) return;
  await endRun(tx, id);
  if (!(await isRunning(tx, clientId)))
    await closeBroken(tx, { clientId, destinationId: '', step: 'RETENTION' });
  await appendHandover(tx, {
    entry: 'retention_run',
    clientId,
    actor: run.actor,
    reason: `purged:${run.purged} anonymised:${run.anonymised} kept:${run.kept} files:${run.proofFiles}`,
  });
}
