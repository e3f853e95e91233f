// A side door for support: replay. Each is recorded with who and why.
// Invariant: a door re-enters the trip at a station; it never sends by itself and never kills a pending retry.
import { isEnd, splitReason } from '../domain/delivery.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { restartCalls } from '../store/calls.ts';
import type { Database, Sql } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries, type Delivery } from '../store/deliveries.ts';
import { findDestination } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { lockLeads } from '../store/leads.ts';
import { reopenWithheld } from '../store/planning.ts';
import { bringForward, openRun } from '../store/support-writes.ts';
import { closeAlertsOf } from '../store/tasks.ts';
import { entryNames } from '../delivery/planning/entry-names.ts';
import type { Published } from '../delivery/mapping-cache.ts';

export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

export interface ReplayOptions {
  /** What waits with the content of an earlier version is written by the one in force, under a key of its own. */
  readonly anew?: boolean;
}

export type ReplayAnswer =
  | { readonly id: number; readonly done: 'new_run'; readonly newKey: boolean }
  | { readonly id: number; readonly done: 'brought_forward' | 'looked_at_again' }
  | { readonly id: number; readonly done: 'refused'; readonly why: ReplayRefusal };

export type ReplayRefusal =
  'not_found' | 'on_its_way' | 'waits_for_file' | 'lead_erased' | 'superseded' | 'no_mapping';

/** What support reads for a refusal. */
export const replayRefusals: Record<ReplayRefusal, string> = {
  not_found: 'no such delivery',
  on_its_way: 'it is already on its way; wait for this attempt to end',
  waits_for_file: 'it leaves with the next file; `relais destination send-file` makes one now',
  lead_erased: 'the lead has been erased: nothing of it may leave any more',
  superseded: 'a newer revision has replaced it; replay that one',
  no_mapping: 'its destination has no published mapping',
};

export type ReplayPlan = Exclude<ReplayAnswer['done'], 'refused'> | ReplayRefusal;

/** What a row's state allows; `replayPlans` also looks at its lead and its destination. */
export function replayPlan(row: Delivery, erased: boolean): ReplayPlan {
  if (erased && row.action !== 'erase') return 'lead_erased';
  if (row.state === 'cancelled' && splitReason(row.reason).base === 'superseded') return 'superseded';
  if (isEnd(row.state)) return 'new_run';
  if (row.state === 'waiting' && splitReason(row.reason).base === 'slot') return 'waits_for_file';
  if (row.state === 'withheld') return 'looked_at_again';
  if (row.state === 'waiting' || row.state === 'pending') return 'brought_forward';
  return 'on_its_way';
}

interface ReplayDeps {
  readonly database: Database;
  readonly published: Published;
}

/** What `replay` would do with each, by the same judgement, without doing it. */
export async function replayPlans(
  { database, published }: ReplayDeps,
  rows: readonly (Delivery & { readonly leadErased: boolean })[],
  { anew = false }: ReplayOptions = {},
): Promise<ReadonlyMap<number, ReplayPlan>> {
  const plans = new Map<number, ReplayPlan>();
  const inForce = new Map<string, { readonly id: number; readonly usable: boolean }>();
  for (let start = 0; start < rows.length; start += 500) {
    const part = rows.slice(start, start + 500);
    const leadIds = part.filter((row) => row.action === 'create').map((row) => row.leadId);
    const ofLead = Map.groupBy(await deliveriesOfLeads(database, leadIds), (one) => one.leadId);
    for (const row of part) {
      if (!inForce.has(row.destinationId)) {
        const id = (await findDestination(database, row.destinationId))?.mappingVersionId ?? 0;
        inForce.set(row.destinationId, { id, usable: (await published.version(id)) !== undefined });
      }
      const version = inForce.get(row.destinationId);
      const plan = judge(row, row.leadErased, ofLead.get(row.leadId) ?? []);
      const judged = anew && isOldContent(row, plan, version?.id ?? 0) ? 'new_run' : plan;
      const unmapped = judged === 'new_run' && version?.usable !== true;
      plans.set(row.id, unmapped ? 'no_mapping' : judged);
    }
  }
  return plans;
}

/** @param siblings every delivery of its lead; needed for a create only */
function judge(row: Delivery, erased: boolean, siblings: readonly Delivery[]): ReplayPlan {
  // A corrected lead got a new create after this one was refused: this one would create it twice.
  const startedAgain =
    row.action === 'create' &&
    siblings.some(
      (one) => one.destinationId === row.destinationId && one.action === 'create' && one.id > row.id,
    );
  return startedAgain ? 'superseded' : replayPlan(row, erased);
}

/** It waits for a next try, the recipient may have it, and another version wrote it. A file's rows leave with their file. */
const isOldContent = (row: Delivery, plan: ReplayPlan, inForce: number): boolean =>
  plan === 'brought_forward' &&
  row.state === 'waiting' &&
  row.batchId === 0 &&
  row.maybeReceived &&
  row.sentMappingId !== 0 &&
  row.sentMappingId !== inForce;

/** Replays deliveries, in groups of one transaction each; `progress` after every group. */
export async function replay(
  deps: ReplayDeps,
  ids: readonly number[],
  by: Actor & ReplayOptions,
  progress?: (done: number) => void,
): Promise<readonly ReplayAnswer[]> {
  const answers: ReplayAnswer[] = [];
  for (let start = 0; start < ids.length; start += 100) {
    answers.push(
      ...(await deps.database.transaction((tx) =>
        replayGroup(tx, deps.published, ids.slice(start, start + 100), by),
      )),
    );
    progress?.(answers.length);
  }
  return answers;
}

async function replayGroup(
  tx: Sql,
  published: Published,
  ids: readonly number[],
  by: Actor & ReplayOptions,
): Promise<readonly ReplayAnswer[]> {
  const seen = await readDeliveries(tx, ids);
  const leads = await lockLeads(
    tx,
    seen.map((row) => row.leadId),
  );
  const answers: ReplayAnswer[] = [];
  for (const id of ids) {
    // Read again under the lead's lock: an erasure may have come between.
    const [row] = await readDeliveries(tx, seen.some((one) => one.id === id) ? [id] : []);
    if (row === undefined) {
      answers.push({ id, done: 'refused', why: 'not_found' });
      continue;
    }
    const lead = leads.get(row.leadId);
    const siblings = row.action === 'create' ? await deliveriesOfLeads(tx, [row.leadId]) : [];
    const judged = judge(row, lead?.erased ?? true, siblings);
    const asked = judged === 'new_run' || (by.anew === true && judged === 'brought_forward');
    const inForce = asked ? ((await findDestination(tx, row.destinationId))?.mappingVersionId ?? 0) : 0;
    const plan = by.anew === true && isOldContent(row, judged, inForce) ? 'new_run' : judged;
    const mapping = await published.version(inForce);
    if (plan === 'new_run' && mapping === undefined) answers.push({ id, done: 'refused', why: 'no_mapping' });
    else if (plan === 'new_run' || plan === 'brought_forward' || plan === 'looked_at_again')
      answers.push(await reenter(tx, row, plan, by, runOf(row, lead?.revision ?? 0, inForce, mapping)));
    else answers.push({ id, done: 'refused', why: plan });
  }
  return answers;
}

/**
 * Same key, same content (guarantee 4). A recipient that said a definite no must not answer the new run from its memory of
 * the old key; and what it may hold is sent again under the same key only as it was: unchanged, or with its revision kept.
 */
export function needsNewKey(row: Delivery, leadRevision: number, mappingInForce: number): boolean {
  const { base } = splitReason(row.reason);
  if (row.state === 'failed') return base === 'refused' || base === 'invalid';
  return row.maybeReceived && (row.sentRevision !== leadRevision || row.sentMappingId !== mappingInForce);
}

type Run = Parameters<typeof openRun>[2];

function runOf(
  row: Delivery,
  leadRevision: number,
  inForce: number,
  mapping: CompiledMapping | undefined,
): Run {
  const newKey = needsNewKey(row, leadRevision, inForce);
  // Where the key does not keep a recipient from taking it twice, the recipient is asked whether it has it.
  const mayDouble = newKey || mapping?.retry.onUnknown === 'lookup';
  return {
    newKey,
    askFirst: row.maybeReceived && mapping?.hasLookup === true && mayDouble,
    maxAgeMs: mapping?.maxAgeMs ?? 0,
  };
}

async function reenter(
  tx: Sql,
  row: Delivery,
  plan: 'new_run' | 'brought_forward' | 'looked_at_again',
  by: Actor,
  run: Run,
): Promise<ReplayAnswer> {
  const moved =
    plan === 'new_run'
      ? await openRun(tx, row, run)
      : plan === 'brought_forward'
        ? await bringForward(tx, row.id)
        : (await reopenWithheld(tx, [row.id])).length === 1;
  if (!moved) return { id: row.id, done: 'refused', why: 'on_its_way' };
  // What was delivered is sent again as a whole; what failed half-way resumes at the call that failed.
  if (plan === 'new_run' && row.state === 'delivered') await restartCalls(tx, row.id);
  // What it failed of is being dealt with; a new failure raises its own.
  if (plan === 'new_run') await closeAlertsOf(tx, [row.id]);
  await appendHandovers(tx, [
    {
      entry: 'replayed',
      ...entryNames(row),
      run: plan === 'new_run' ? row.run + 1 : row.run,
      actor: by.actor,
      purpose: by.reason,
      reason: plan,
    },
  ]);
  return plan === 'new_run' ? { id: row.id, done: plan, newKey: run.newKey } : { id: row.id, done: plan };
}
