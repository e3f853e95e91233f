// Replays deliveries for support, each recorded with actor and reason.
// Invariant: a replay re-enters the trip at a step; it never sends by itself and never cancels a pending retry.
import { isEnd, splitReason } from '../domain/delivery.ts';
import type { RetryPolicy } from '../domain/verdict.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Database, Sql } from '../store/database.ts';
import { deliveriesOfLeads, readDeliveries, type Delivery } from '../store/deliveries/deliveries.ts';
import { findDestination } from '../store/destinations/destinations.ts';
import { appendHandovers, entryNames } from '../store/log/handovers.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { reopenWithheld } from '../store/leads/restrictions.ts';
import { bringTryForward, openRun, startOver } from '../store/deliveries/support-writes.ts';
import { closeAlertsOf } from '../store/alerts/tasks.ts';
import { readVersions } from '../store/destinations/mapping-versions.ts';
import { waitsForDecision } from '../delivery/outcome/resolve.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import { heldUndecided, type ListedDelivery } from '../store/deliveries/delivery-lists.ts';
import { isArchived } from '../domain/hosting.ts';
import { RelaisError } from '../errors.ts';

const inFrench: Readonly<Record<ReplayRefusal, string>> = {
  not_found: 'elle n’existe pas',
  on_its_way: 'elle est déjà en route ; attendez la fin de cette tentative',
  waits_for_file: 'elle part avec le prochain fichier ; « Envoyer le fichier maintenant » en fait un',
  lead_erased: 'le lead a été effacé : plus rien ne peut en partir',
  superseded: 'une version plus récente l’a remplacée ; rejouez celle-là',
  archived: 'sa destination est archivée : plus rien n’y part',
  no_mapping: 'sa destination n’a aucun format publié',
  undecided:
    'le destinataire l’a peut-être : dites s’il l’a ou non, ou acceptez qu’il puisse l’avoir deux fois',
  already_delivered: 'elle est déjà livrée ; pour l’envoyer une seconde fois, demandez-le expressément',
  mapping_unchanged:
    'elle n’est pas partie, et le format n’a pas changé depuis son échec ; corrigez-le d’abord, ou demandez expressément de la renvoyer telle quelle',
  erasure_confirmed: 'le destinataire a confirmé l’effacement',
};

/** REPLAY-001 with the reason, French first: the compiler asks for the words of every refusal. */
export const replayRefused = (id: number, why: ReplayRefusal): RelaisError =>
  new RelaisError('REPLAY-001', [
    `Livraison ${id} : ${inFrench[why]}.`,
    `Delivery ${id}: ${replayRefusals[why]}.`,
  ]);

export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

export interface ReplayOptions {
  /** Renders a waiting delivery with an earlier version's content by the one in force, under a key of its own. */
  readonly anew?: boolean;
  /** Sends even where the recipient may have it already and would not know it again; the recorded reason justifies it. */
  readonly acceptDoubles?: boolean;
  /** Sends a delivery again that is delivered, or that failed at a field here, under an unchanged mapping. */
  readonly again?: boolean;
  /** Each was named by its number: an acknowledged erasure may be sent again too. */
  readonly named?: boolean;
}

export type ReplayAnswer =
  | { readonly id: number; readonly done: 'new_run'; readonly newKey: boolean }
  | { readonly id: number; readonly done: 'brought_forward' | 'looked_at_again' }
  | { readonly id: number; readonly done: 'refused'; readonly why: ReplayRefusal };

export const replayRefusals = {
  not_found: 'no such delivery',
  on_its_way: 'it is already on its way; wait for this attempt to end',
  waits_for_file: 'it leaves with the next file; ask for that file now',
  lead_erased: 'the lead has been erased: nothing of it may leave',
  superseded: 'a newer revision has replaced it; replay that one',
  archived: 'its destination is archived: nothing leaves',
  no_mapping: 'its destination has no published mapping',
  undecided: 'its recipient may have it: record that it has or has not, or accept that it may hold it twice',
  already_delivered: 'it is delivered already; ask expressly for it to be sent again',
  mapping_unchanged:
    'it never left, and the mapping has not changed since; repair it, or ask expressly for it as it is',
  erasure_confirmed: 'its recipient confirmed the erasure; name it by its number to send it again',
};
export type ReplayRefusal = keyof typeof replayRefusals;

type Redone = Exclude<ReplayAnswer['done'], 'refused'>;
/** A new run that needs an explicit option: delivered already, failed for an unchanged cause, doubles accepted. */
export type ReplayPlan = Redone | 'delivered_again' | 'unchanged' | 'may_double' | ReplayRefusal;

/** Plan by the row's own state; `replayPlans` also checks its lead and its destination. */
function replayPlan(row: Delivery, erased: boolean): Redone | ReplayRefusal {
  if (erased && row.action !== 'erase') return 'lead_erased';
  if (row.state === 'cancelled' && splitReason(row.reason).base === 'superseded') return 'superseded';
  if (isEnd(row.state)) return 'new_run';
  if (row.state === 'waiting' && ['slot', 'file_held'].includes(splitReason(row.reason).base))
    return 'waits_for_file';
  if (row.state === 'withheld') return 'looked_at_again';
  if (row.state === 'waiting' || row.state === 'pending') return 'brought_forward';
  return 'on_its_way';
}

interface ReplayDeps {
  readonly database: Database;
  readonly published: Published;
}

/** Plans a replay of each, by the same judgement, without doing it. */
export async function replayPlans(
  { database, published }: ReplayDeps,
  rows: readonly (Delivery & Pick<ListedDelivery, 'leadErased' | 'leadRevision'>)[],
  options: ReplayOptions = {},
): Promise<ReadonlyMap<number, ReplayPlan>> {
  const plans = new Map<number, ReplayPlan>();
  const versions = await versionsInForce(database, published, rows);
  for (let start = 0; start < rows.length; start += 500) {
    const part = rows.slice(start, start + 500);
    const leadIds = part.filter((row) => row.action === 'create').map((row) => row.leadId);
    const ofLead = Map.groupBy(await deliveriesOfLeads(database, leadIds), (row) => row.leadId);
    const held = await heldUndecided(database, part);
    for (const row of part) {
      const known: Known = {
        erased: row.leadErased,
        revision: row.leadRevision,
        siblings: ofLead.get(row.leadId) ?? [],
        version: versions.get(row.destinationId) ?? noVersion,
        wasHeld: held.has(row.id),
      };
      plans.set(row.id, judge(row, known, options));
    }
  }
  return plans;
}

interface Known {
  readonly erased: boolean;
  readonly revision: number;
  /** Every delivery of its lead; needed for a create only. */
  readonly siblings: readonly Delivery[];
  readonly version: Version;
  /** It ended while it waited for a person's decision. */
  readonly wasHeld: boolean;
}

function judge(row: Delivery, known: Known, options: ReplayOptions): ReplayPlan {
  const { erased, siblings, version } = known;
  // A corrected lead got a new create after this one was refused: this one would create it twice.
  const startedAgain =
    row.action === 'create' &&
    siblings.some(
      (other) => other.destinationId === row.destinationId && other.action === 'create' && other.id > row.id,
    );
  const allowed = startedAgain ? 'superseded' : replayPlan(row, erased);
  const plan = options.anew === true && isOldContent(row, allowed, version.id) ? 'new_run' : allowed;
  if (isReplayRefusal(plan)) return plan;
  if (version.isArchived) return 'archived';
  if (plan === 'looked_at_again') return plan;
  if (plan === 'new_run' && version.mapping === undefined) return 'no_mapping';
  if (mayDouble(row, known)) return options.acceptDoubles === true ? 'may_double' : 'undecided';
  if (plan === 'brought_forward') return plan;
  if (row.state === 'delivered' && row.action === 'erase' && options.named !== true)
    return 'erasure_confirmed';
  // Decided under the row's lock, not by an earlier page or count: it may have been delivered since.
  if (row.state === 'delivered') return options.again === true ? 'delivered_again' : 'already_delivered';
  // `BROKEN` is a fault of Relais, which another release may correct.
  const { base, code } = splitReason(row.reason);
  const isInvalid = row.state === 'failed' && base === 'invalid' && code !== 'BROKEN';
  if (!isInvalid || version.publishedAt > (row.settledAt ?? new Date(0))) return plan;
  // A recipient may accept by now what it refused; an unsent delivery would fail at the same field.
  return options.again === true || row.departures > 0 ? 'unchanged' : 'mapping_unchanged';
}

/**
 * It waits for a person's decision, or its reception is unknown: under `onUnknown: hold`, or where it was cancelled and would leave under a
 * key that the recipient does not know, without a look-up.
 */
function mayDouble(row: Delivery, { revision, version, wasHeld }: Known): boolean {
  if (waitsForDecision(row)) return true;
  if (row.state === 'delivered' || !isEnd(row.state) || !row.maybeReceived) return false;
  if (wasHeld || version.mapping?.retry.onUnknown === 'hold') return true;
  const { newKey, askFirst } = runOf(row, revision, version);
  return row.state === 'cancelled' && newKey && !askFirst;
}

/** It waits for a next attempt, the recipient may have it, and another version rendered it. A file's rows leave with their file. */
const isOldContent = (row: Delivery, plan: string, inForce: number): boolean =>
  plan === 'brought_forward' &&
  row.state === 'waiting' &&
  row.batchId === 0 &&
  row.maybeReceived &&
  row.sentMappingId !== 0 &&
  row.sentMappingId !== inForce;

export async function replayIn(
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
  // Read again under the locks of their leads: an erasure may have come between.
  const rows = new Map((await readDeliveries(tx, ids)).map((row) => [row.id, row]));
  const created = seen.filter((row) => row.action === 'create').map((row) => row.leadId);
  const ofLead = Map.groupBy(await deliveriesOfLeads(tx, created), (row) => row.leadId);
  const versions = await versionsInForce(tx, published, seen);
  const held = await heldUndecided(tx, [...rows.values()]);
  const moved: Moved[] = [];
  const answers: ReplayAnswer[] = [];
  for (const id of ids) {
    const row = rows.get(id);
    if (row === undefined) {
      answers.push({ id, done: 'refused', why: 'not_found' });
      continue;
    }
    const lead = leads.get(row.leadId);
    const version = versions.get(row.destinationId) ?? noVersion;
    const known: Known = {
      erased: lead?.erased ?? true,
      revision: lead?.revision ?? 0,
      siblings: ofLead.get(row.leadId) ?? [],
      version,
      wasHeld: held.has(id),
    };
    const plan = judge(row, known, by);
    if (isReplayRefusal(plan)) {
      answers.push({ id, done: 'refused', why: plan });
      continue;
    }
    const done = redoneBy(row, plan);
    const run = runOf(row, known.revision, version);
    if (await reenter(tx, row, done, run)) {
      moved.push({ row, done, reason: plan === 'may_double' ? plan : done });
      answers.push(done === 'new_run' ? { id, done, newKey: run.newKey } : { id, done });
    } else answers.push({ id, done: 'refused', why: 'on_its_way' });
  }
  await noteReplayed(tx, moved, by);
  return answers;
}

export const isReplayRefusal = (plan: string): plan is ReplayRefusal => Object.hasOwn(replayRefusals, plan);

function redoneBy({ state }: Delivery, plan: Exclude<ReplayPlan, ReplayRefusal>): Redone {
  switch (plan) {
    case 'delivered_again':
    case 'unchanged':
      return 'new_run';
    case 'may_double':
      return isEnd(state) ? 'new_run' : 'brought_forward';
    case 'new_run':
    case 'brought_forward':
    case 'looked_at_again':
      return plan;
  }
}

interface Version {
  readonly id: number;
  readonly mapping: CompiledMapping | undefined;
  readonly publishedAt: Date;
  /** The client's contract has ended: what was sent again would only be cancelled. A client that moves is refused as such. */
  readonly isArchived: boolean;
}
const noVersion: Version = { id: 0, mapping: undefined, publishedAt: new Date(0), isArchived: false };

async function versionsInForce(
  sql: Sql,
  published: Published,
  rows: readonly Delivery[],
): Promise<ReadonlyMap<string, Version>> {
  const versions = new Map<string, Version>();
  for (const destinationId of new Set(rows.map((row) => row.destinationId))) {
    const destination = await findDestination(sql, destinationId);
    const id = destination?.mappingVersionId ?? 0;
    const publishedAt = (await readVersions(sql, [id]))[0]?.publishedAt ?? noVersion.publishedAt;
    const mapping = await published.version(id);
    versions.set(destinationId, {
      id,
      mapping,
      publishedAt,
      isArchived: destination !== undefined && isArchived(destination),
    });
  }
  return versions;
}

/**
 * Same key, same content (guarantee 4). After a definite refusal the recipient must not answer the new run from its memory of
 * the old key; a content it may have is sent again under the same key only unchanged, or with its revision kept.
 */
function needsNewKey(row: Delivery, leadRevision: number, mappingInForce: number): boolean {
  const { base } = splitReason(row.reason);
  if (row.state === 'failed')
    return base === 'refused' || base === 'invalid' || base === 'bounced' || base === 'undo_failed';
  return row.maybeReceived && (row.sentRevision !== leadRevision || row.sentMappingId !== mappingInForce);
}

type Run = Parameters<typeof openRun>[2] & { readonly askedCalls: readonly string[] };

function runOf(row: Delivery, leadRevision: number, { id, mapping }: Version): Run {
  const newKey = needsNewKey(row, leadRevision, id);
  // Where the key does not protect the recipient from a double, a look-up asks whether it has it: of several calls, each.
  const isUnprotected = ({ onUnknown }: Pick<RetryPolicy, 'onUnknown'>): boolean =>
    newKey || onUnknown === 'lookup';
  const calls = mapping?.actions[row.action]?.calls;
  const askedCalls = (calls ?? []).filter((call) => call.hasLookup && isUnprotected(call));
  const asks =
    calls === undefined ? mapping !== undefined && isUnprotected(mapping.retry) : askedCalls.length > 0;
  return {
    newKey,
    askFirst: row.maybeReceived && mapping?.hasLookup === true && asks,
    askedCalls: askedCalls.map(({ name }) => name),
    maxAgeMs: mapping?.maxAgeMs ?? 0,
  };
}

interface Moved {
  readonly row: Delivery;
  readonly done: Redone;
  /** Its reason in the log. */
  readonly reason: Redone | 'may_double';
}

/** False when the delivery has changed meanwhile. */
async function reenter(tx: Sql, row: Delivery, done: Redone, run: Run): Promise<boolean> {
  switch (done) {
    case 'brought_forward':
      return bringTryForward(tx, row.id);
    case 'looked_at_again':
      return (await reopenWithheld(tx, [row.id])).length === 1;
    case 'new_run': {
      const opened = await openRun(tx, row, run);
      // A delivered one is sent again as a whole; one that failed half-way continues where it failed.
      if (opened && row.state === 'delivered') await startOver(tx, row.id, run.askedCalls);
      return opened;
    }
  }
}

async function noteReplayed(tx: Sql, moved: readonly Moved[], by: Actor): Promise<void> {
  // Closes the alerts of the former failure; a new failure raises its own.
  const restarted = moved.filter(({ done, reason }) => done === 'new_run' || reason === 'may_double');
  await closeAlertsOf(
    tx,
    restarted.map(({ row }) => row.id),
  );
  await appendHandovers(
    tx,
    moved.map(({ row, done, reason }) => ({
      entry: 'replayed' as const,
      ...entryNames(row),
      run: done === 'new_run' ? row.run + 1 : row.run,
      actor: by.actor,
      purpose: by.reason,
      reason,
    })),
  );
}
