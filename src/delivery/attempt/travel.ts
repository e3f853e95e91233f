// Stations 5b to 5f for what was claimed: write, depart, send, settle.
// Invariant: in this order; a lead that changed under our hands is written again before anything leaves.
import type { KeyRing } from '../../domain/key-ring.ts';
import { createMappingDigests } from './cites.ts';
import type { Connector, Outcome, Parcel, SendContext } from '../../../connectors/contract.ts';
import { reasonWith } from '../../domain/delivery.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import { renewLeases } from '../../store/leases.ts';
import { logAttempt } from './attempt-log.ts';
import { traceAttempt } from './attempt-trace.ts';
import { orBroken } from './own-bug.ts';
import { policyOf, type Progress } from './call-progress.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Ready, Stopped } from './render.ts';
import { depart, type Departure, type DepartureAnswer } from './departure.ts';
import { fileParcel, rowsThatFit, type FileBatch } from '../files/file-parcel.ts';
import { byHand, carriesRight } from './former-authorisation.ts';
import { createJoiner } from './batcher.ts';
import { parcelOf } from './parcel.ts';
import type { Published } from '../mapping-cache.ts';
import type { Reader } from './load-inputs.ts';
import { endingOf, type Settled, type Settling } from './record-outcome.ts';
import { createWriter } from './render-batch.ts';

/** Numbered steps of the trip; a fault harness stops the process at one. */
export type Step = 'claimed' | 'written' | 'departed' | 'sent' | 'settled';

export interface TravelOptions {
  readonly database: Database;
  readonly published: Published;
  readonly masterKeys: KeyRing;
  readonly reader: Reader;
  readonly settle: (settling: Settling) => Promise<Settled>;
  readonly step: (name: Step, destinationId: string) => Promise<void>;
  readonly log: Log;
}

/** Times a lead may change under our hands before this attempt is put off. */
const maxRounds = 8;
export const leaseMarginMs = 5_000;

export interface Trip {
  /** The version in force: endpoint, contract, timeouts, retries, reading of the answer. */
  readonly mapping: CompiledMapping;
  /** The version that writes the content. */
  readonly content: CompiledMapping;
  readonly connector: Connector;
  readonly settings: unknown;
  readonly context: SendContext;
  /** Of `content`. */
  readonly versionId: number;
  readonly batch: FileBatch | undefined;
  readonly leaseMs: number;
  /** By `performance.now()`. */
  readonly claimedAt: number;
  /** Where a delivery of several calls stands. */
  readonly progress?: Progress | undefined;
}

/** What was settled after a send; undefined when nothing left. */
export type Travel = (rows: readonly ClaimedDelivery[], trip: Trip) => Promise<Settled | undefined>;

export function createTravel(options: TravelOptions): Travel {
  const mappingDigests = createMappingDigests(options.database);
  const writeAll = createWriter(options);
  const joinedDepart = createJoiner<Departure, DepartureAnswer>({
    run: (group) => depart(options.database, options.masterKeys, group),
    max: 200,
    lanes: 1,
  });

  const travel: Travel = async (rows, trip) => {
    const [first] = rows;
    if (first === undefined) return undefined;
    const stopped: Stopped[] = [];
    let left = rows;
    for (let round = 1; round <= maxRounds; round += 1) {
      const inputs = await options.reader(left);
      const written = await writeAll(left, inputs, trip);
      const ready = written.filter((one): one is Ready => 'record' in one);
      stopped.push(...written.filter((one): one is Stopped => 'state' in one));
      left = ready.map((one) => one.row);
      const { batch } = trip;
      const filed =
        batch === undefined
          ? undefined
          : await orBroken(() => fileParcel(batch, ready, stopped, trip, options));
      if (filed?.ok === false) return failBroken(filed.code, ready, stopped, trip);
      const file = filed?.value;
      if (ready.length === 0 || file === 'voided') {
        await endWithoutLeaving(ready, stopped, trip.batch, file === 'voided');
        return undefined;
      }
      const most = file === undefined ? ready.length : rowsThatFit(file, ready.length);
      if (most < ready.length) {
        // The rest leaves in a file of its own, at once.
        await options.settle({
          released: ready.slice(most).map((one) => one.row),
          anotherFile: { destinationId: first.destinationId },
        });
        left = ready.slice(0, most).map((one) => one.row);
        continue;
      }
      const settings = ready[0]?.call?.settings ?? trip.settings;
      const made = await orBroken(() => {
        const parcel = file?.parcel ?? parcelOf(ready, trip.content, trip.progress?.captured);
        return { parcel, composed: trip.connector.compose(parcel, settings, trip.context.secret) };
      });
      if (!made.ok) return failBroken(made.code, ready, stopped, trip);
      const { parcel, composed } = made.value;
      const uncovered = ready.filter(
        (one) => !composed.targetKeys.every((key) => one.authorisation.targets.includes(key.toLowerCase())),
      );
      if (uncovered.length > 0) {
        stopped.push(
          ...uncovered.map((one): Stopped => ({
            row: one.row,
            ...(carriesRight(one.row, one.lead, options.database.now())
              ? byHand(one.row)
              : { state: 'withheld' as const, reason: 'recipient_not_authorised' }),
            fields: [],
          })),
        );
        left = left.filter((row) => !uncovered.some((one) => one.row.id === row.id));
        if (left.length > 0) continue;
        await endWithoutLeaving([], stopped, trip.batch, false);
        return undefined;
      }
      // Out of the file before it leaves: what departs is then exactly what stands in it, should this worker die.
      if (trip.batch !== undefined && stopped.length > 0)
        await options.settle({ stopped: stopped.splice(0) });
      if (round === 1) await options.step('written', first.destinationId);
      const answer = await joinedDepart({
        ready,
        parcel,
        composed,
        connector: trip.connector.type,
        mappingVersionId: trip.versionId,
        mappingDigest: await mappingDigests(trip.versionId),
        secrets: inputs.secrets,
        ...(file?.keep === true && trip.batch !== undefined
          ? { keep: { batchId: trip.batch.id, fileName: composed.fileName ?? '' } }
          : {}),
      });
      if (answer === 'lost') return undefined;
      if (answer === 'changed') continue;
      await options.step('departed', first.destinationId);
      return sendAndSettle(ready, parcel, stopped, trip);
    }
    // A lead that changes faster than we can write it waits a little; nothing has left.
    await options.settle({
      stopped,
      released: left,
      ...(trip.batch === undefined
        ? {}
        : { endBatch: endingOf(trip.batch), anotherFile: { destinationId: first.destinationId } }),
    });
    return undefined;
  };

  /** A bug of ours in the writing of the whole: nothing has left, and the same again would break again, lease after lease. */
  const failBroken = async (
    code: string,
    ready: readonly Ready[],
    stopped: readonly Stopped[],
    { batch, mapping }: Trip,
  ): Promise<undefined> => {
    options.log.error('delivery.broken', {
      destination: mapping.destinationId,
      ...(batch === undefined ? { delivery: ready[0]?.row.id ?? 0 } : { batch: batch.id }),
      code,
    });
    const failed = ready.map(({ row }): Stopped => ({
      ...{ row, state: 'failed', reason: reasonWith('invalid', 'BROKEN'), fields: [] },
    }));
    await endWithoutLeaving([], [...stopped, ...failed], batch, false);
    return undefined;
  };

  const sendAndSettle = async (
    ready: readonly Ready[],
    parcel: Parcel,
    stopped: readonly Stopped[],
    trip: Trip,
  ): Promise<Settled | undefined> => {
    const rows = ready.map((one) => one.row);
    const call = ready[0]?.call;
    const [settings, context] =
      call === undefined
        ? [trip.settings, trip.context]
        : [call.settings, { ...trip.context, classify: call.classify }];
    const leases = rows.map((row) => ({ id: row.id, token: row.leaseToken }));
    // The lease must outlive the send: checked right before the first byte, renewed while it lasts.
    if (
      performance.now() - trip.claimedAt >
      trip.leaseMs - trip.mapping.timeouts.totalMs - leaseMarginMs / 2
    ) {
      if (!(await renewLeases(options.database, leases, trip.leaseMs))) return undefined;
    }
    const renewal = setInterval(
      () => void renewLeases(options.database, leases, trip.leaseMs).catch(() => undefined),
      Math.max(1_000, trip.leaseMs / 3),
    );
    const startedAt = performance.now();
    let outcome: Outcome;
    try {
      outcome = await trip.connector.send(parcel, settings, context);
    } catch (error) {
      // A connector answers with values; this is a bug of ours, and the bytes may have left.
      options.log.error('delivery.broken', {
        destination: parcel.destination,
        connector: trip.connector.type,
        code: foreignCode(error),
      });
      outcome = { kind: 'unavailable', reason: 'BROKEN', maybeReceived: true };
    } finally {
      clearInterval(renewal);
    }
    const sentAt = performance.now();
    await options.step('sent', parcel.destination);
    const settled = await options.settle({
      attempted: {
        rows,
        outcome,
        policy: call === undefined ? trip.mapping.retry : policyOf(trip.mapping.retry, call, outcome, false),
        hasLookup: call?.hasLookup ?? trip.mapping.hasLookup,
        call: call?.attempt,
        startedAt,
        asked: false,
        connector: trip.connector.type,
        mappingVersionId: trip.versionId,
        ...(trip.batch === undefined ? {} : { batchId: trip.batch.id }),
      },
      stopped,
    });
    await options.step('settled', parcel.destination);
    const settledAt = performance.now();
    logAttempt(options.log, rows, outcome, settled, trip, Math.round(settledAt - startedAt));
    traceAttempt(rows, outcome, settled, trip, { claimedAt: trip.claimedAt, startedAt, sentAt, settledAt });
    return settled;
  };

  const endWithoutLeaving = async (
    ready: readonly Ready[],
    stopped: readonly Stopped[],
    batch: FileBatch | undefined,
    voided: boolean,
  ): Promise<void> => {
    await options.settle({
      stopped,
      released: voided ? ready.map((one) => one.row) : [],
      ...(batch === undefined
        ? {}
        : { endBatch: voided ? { ...endingOf(batch), state: 'voided' } : endingOf(batch) }),
    });
    for (const one of stopped) {
      options.log.info('delivery.withheld', {
        destination: one.row.destinationId,
        delivery: one.row.id,
        reason: one.reason,
        verdict: one.state,
      });
    }
  };

  return travel;
}
