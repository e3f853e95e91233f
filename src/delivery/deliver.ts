// Station 5: one parcel's trip, from the claim to the settled row. The third of the three files that tell the story.
// Invariant: claim, write, depart, send, settle, in this order; the same path for one webhook and for a file of thousands.
import type { KeyRing } from '../domain/key-ring.ts';
import type { Connector, SendContext } from '../../connectors/contract.ts';
import type { DestinationLimits } from '../domain/destination.ts';
import type { Log } from '../log.ts';
import type { Job } from '../queue/jobs.ts';
import { batchDeliveries, deferBatch, isUnderWay, readBatch, type Batch } from '../store/batches.ts';
import { isStoreTrouble, type Database } from '../store/database.ts';
import { createAccess } from './attempt/access-digest.ts';
import { giveBackUnread } from './attempt/give-back.ts';
import { ask, askFile, needsReference } from './attempt/lookup.ts';
import { readProgress } from './attempt/call-progress.ts';
import type { Claim, ClaimedDelivery, ClaimJob } from './attempt/claim.ts';
import { claimTogether, tellForeign, type ClaimLoad } from './attempt/claim-together.ts';
import { createJoiner } from './attempt/batcher.ts';
import { contextFor } from './attempt/parcel.ts';
import { createCurrentMapping, type Published } from './mapping-cache.ts';
import type { Reader } from './attempt/load-inputs.ts';
import { endingOf, settle, type Settled, type Settling } from './attempt/record-outcome.ts';
import { createTravel, leaseMarginMs, type Step } from './attempt/travel.ts';

export interface DelivererOptions {
  readonly database: Database;
  readonly published: Published;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly masterKeys: KeyRing;
  readonly reader: Reader;
  readonly secrets: (name: string) => readonly string[];
  readonly network: SendContext['network'];
  /** Shortest lease, ms; a mapping with longer timeouts gets a longer one. */
  readonly leaseMs: number;
  /** Shortest time "not found" must last before it counts, ms; a mapping with longer timeouts waits longer. */
  readonly settlingMs: number;
  /** Names this process in a lease. */
  readonly owner: string;
  readonly log: Log;
  /** Ends sends in flight when the process must stop. */
  readonly signal: AbortSignal;
  readonly random?: () => number;
  /** Called at numbered steps; a fault harness kills the process here. */
  readonly step?: (name: Step, destinationId: string) => void | Promise<void>;
}

export interface Deliverer {
  readonly handle: (destinationId: string, job: Job) => Promise<void>;
  /** Limits of a destination as published, for the size of its worker. */
  readonly limitsOf: (destinationId: string) => Promise<DestinationLimits>;
}

/** Another file of the destination is on its way, or it is held: look again soon. */
const fileRetryMs = 1_000;
const settleAgainMs = 250;
const defaultLimits: DestinationLimits = { concurrency: 1 };

export function createDeliverer(options: DelivererOptions): Deliverer {
  const { database, log } = options;
  const random = options.random ?? Math.random;
  const joinedSettle = createJoiner<Settling, Settled>({
    run: (group) => settle(database, random, group),
    max: 200,
    lanes: 1,
  });
  // An outage of MySQL shorter than a lease loses no answer: it is settled when the database is back.
  const lastingSettle = async (settling: Settling): Promise<Settled> => {
    const giveUpAt = performance.now() + options.leaseMs;
    for (;;) {
      try {
        return await joinedSettle(settling);
      } catch (error) {
        if (!isStoreTrouble(error) || performance.now() > giveUpAt) throw error;
        await new Promise((done) => setTimeout(done, settleAgainMs));
      }
    }
  };
  const claims = new Map<string, (load: ClaimLoad) => Promise<Claim>>();
  const step = async (name: Step, destinationId: string): Promise<void> => {
    log.debug('delivery.step', { destination: destinationId, code: name });
    if (options.step !== undefined) await options.step(name, destinationId);
  };

  const claimOf = (destinationId: string): ((load: ClaimLoad) => Promise<Claim>) => {
    const known = claims.get(destinationId);
    if (known !== undefined) return known;
    const joined = createJoiner<ClaimLoad, Claim>({
      run: (loads) => claimTogether(options, destinationId, loads),
      max: 200,
      lanes: 1,
    });
    claims.set(destinationId, joined);
    return joined;
  };

  const current = createCurrentMapping(options);
  const accessTo = createAccess(options);
  const travel = createTravel({ ...options, settle: lastingSettle, step });

  const handle = async (destinationId: string, job: Job): Promise<void> => {
    // Nothing is claimed that could not be sent any more: it would look like a recipient that cannot be reached.
    if (options.signal.aborted) return;
    const known = await current(destinationId);
    const batch = 'batchId' in job ? await readBatch(database, job.batchId) : undefined;
    if ('batchId' in job && batch?.destinationId !== destinationId)
      return tellForeign(log, destinationId, { batch: job.batchId });
    // A twin of an earlier try: what it was pushed for has happened, and the file may be held since.
    if ('batchId' in job && batch !== undefined && (!isUnderWay(batch) || batch.attempt !== job.attempt))
      return;
    const jobs: readonly ClaimJob[] =
      batch === undefined
        ? 'deliveryId' in job
          ? [job]
          : []
        : (await batchDeliveries(database, batch.id)).map((row) => ({
            deliveryId: row.id,
            run: row.run,
            attempt: row.attempt + 1,
          }));
    if (batch !== undefined && jobs.length === 0) {
      // Everything in it was cancelled, erased or has expired meanwhile.
      await lastingSettle({ endBatch: endingOf(batch) });
      return;
    }
    const leaseMs = Math.max(options.leaseMs, (known?.timeouts.totalMs ?? 0) + leaseMarginMs);
    const claim = await claimOf(destinationId)({
      jobs,
      leaseMs,
      limits: known?.limits ?? defaultLimits,
      ...(known === undefined ? {} : { access: accessTo(destinationId, known) }),
      ...(batch === undefined ? {} : { batchId: batch.id }),
    });
    if (claim.claimed.length === 0 || claim.destination === undefined) {
      log.debug('claim.empty', { destination: destinationId, count: jobs.length });
      if (batch !== undefined) await deferBatch(database, batch, Math.max(fileRetryMs, claim.againAfterMs));
      return;
    }
    await step('claimed', destinationId);
    const continues = await deliver(claim.claimed, claim.destination.mappingVersionId, batch, leaseMs).catch(
      async (error: unknown) => {
        await giveBackUnread(database, claim.claimed, error);
        throw error;
      },
    );
    const [row] = claim.claimed;
    // The next call of the same delivery is an attempt of its own, with its own claim; it need not pass through Redis.
    if (continues && row !== undefined && !options.signal.aborted)
      await handle(destinationId, { deliveryId: row.id, run: row.run, attempt: row.attempt + 1 });
  };

  const deliver = async (
    given: readonly ClaimedDelivery[],
    publishedId: number,
    batch: Batch | undefined,
    leaseMs: number,
  ): Promise<boolean> => {
    const claimedAt = performance.now();
    // A change that crossed the refusal of its create: support's replay of the create carries it.
    const pointless = given.filter((row) => row.action === 'update' && !row.createStands);
    const rows = given.filter((row) => !pointless.includes(row));
    const [first] = rows;
    if (pointless.length > 0)
      await lastingSettle({
        stopped: pointless.map((row) => ({
          ...{ row, state: 'cancelled', reason: 'create_not_delivered', fields: [] },
        })),
        ...(batch === undefined || first !== undefined ? {} : { endBatch: endingOf(batch) }),
      });
    if (first === undefined) return false;
    const mapping = await options.published.version(publishedId);
    const pinnedId = pinnedVersion(first, batch);
    const pinned = pinnedId === undefined ? mapping : await options.published.version(pinnedId);
    const connector = mapping === undefined ? undefined : options.connectors[mapping.connector];
    if (mapping === undefined || pinned === undefined || connector === undefined) {
      await lastingSettle({
        stopped: rows.map((row) => ({ row, state: 'withheld', reason: 'mapping_missing', fields: [] })),
        ...(batch === undefined ? {} : { endBatch: endingOf(batch) }),
      });
      log.error('mapping.unusable', {
        destination: first.destinationId,
        version: mapping === undefined ? publishedId : (pinnedId ?? publishedId),
      });
      return false;
    }
    if ((batch !== undefined) !== connector.maxItems > 1) {
      await giveBack(rows, batch);
      return false;
    }
    // Another connector is another recipient's way in: it has not received what the old one may have.
    const same = pinned.connector === mapping.connector;
    const versions = {
      mapping,
      content: same ? pinned : mapping,
      versionId: same ? (pinnedId ?? publishedId) : publishedId,
    };
    const called =
      batch === undefined
        ? await readProgress(first, versions, { database, published: options.published })
        : undefined;
    const { content, versionId } = called ?? versions;
    // A destination that made one call and now makes several: what has begun ends the way it began.
    const way =
      called === undefined && mapping.actions[first.action]?.calls !== undefined ? content : mapping;
    const settings = way.actions[first.action]?.settings;
    const context = {
      ...contextFor(options, mapping, await options.reader.targets(first.destinationId, first.action)),
      classify: way.classifyBeside,
    };
    let continues = false;
    const noting = async (settling: Settling): Promise<Settled> => {
      const settled = await lastingSettle(settling);
      continues ||= [...settled.decisions.values()].some((one) => one.verdict.next === 'continue');
      return settled;
    };

    let asking: readonly ClaimedDelivery[] = rows;
    let progress = called?.progress;
    const open = progress?.calls.find((call) => call.name === progress?.open?.name);
    const settlingMs = Math.max(options.settlingMs, mapping.timeouts.totalMs);
    const questions = {
      connector,
      mapping,
      settings,
      context,
      database,
      settle: noting,
      versionId,
      settlingMs,
    };
    const canAsk = connector.lookup !== undefined && way.hasLookup;
    if (progress !== undefined) {
      if (open?.hasLookup === true && first.askFirst && connector.lookup !== undefined) {
        const answer = await ask(first, {
          ...questions,
          settings: open.settings,
          context: { ...context, classify: open.classify },
          called: { call: open, progress },
        });
        if (answer === undefined) return continues;
        asking = [answer];
        progress = { ...progress, open: undefined };
      }
    } else if (batch?.state === 'written' && canAsk && rows.some((row) => row.askFirst)) {
      const answer = await askFile(rows, batch, { ...questions, masterKeys: options.masterKeys });
      if (answer === undefined) return false;
      asking = answer;
    } else if (batch === undefined && canAsk && (first.askFirst || needsReference(first, settings))) {
      const answer = await ask(first, questions);
      if (answer === undefined) return false;
      asking = [answer];
    } else if (batch === undefined && needsReference(first, settings)) {
      const reason = first.action === 'erase' ? 'manual_erasure_required' : 'reference_missing';
      await lastingSettle({ stopped: [{ row: first, state: 'failed', reason, fields: [] }] });
      return false;
    }
    const settled = await travel(asking, {
      mapping,
      content,
      connector,
      settings,
      context,
      versionId,
      batch,
      leaseMs,
      claimedAt,
      progress,
    });
    return [...(settled?.decisions.values() ?? [])].some((one) => one.verdict.next === 'continue');
  };

  /** The destination changed its connector under a job: what was queued the old way is dispatched the new way. */
  const giveBack = async (rows: readonly ClaimedDelivery[], batch: Batch | undefined): Promise<void> => {
    await lastingSettle({
      released: rows,
      ...(batch === undefined
        ? {}
        : {
            endBatch: { ...endingOf(batch), state: 'voided' },
          }),
    });
  };

  return {
    handle,
    limitsOf: async (destinationId) => (await current(destinationId))?.limits ?? defaultLimits,
  };
}

/** What the recipient may already hold was written by this version, and is written by it again (guarantee 4). */
function pinnedVersion(row: ClaimedDelivery, batch: Batch | undefined): number | undefined {
  if (batch !== undefined) return batch.mappingVersionId > 0 ? batch.mappingVersionId : undefined;
  return row.maybeReceived && row.sentMappingId > 0 ? row.sentMappingId : undefined;
}
