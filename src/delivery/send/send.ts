// Sends a departed parcel through its connector under a lease (station 5d), then records and logs the outcome.
// Invariant: the connector compares the lease in the call that writes the first byte; whatever the connector does, an outcome is recorded.
// A line of the log contains ids, codes and numbers, never a prospect's data (guarantee 7).
import type { Captured, Connector, Outcome, SendContext } from '../../../connectors/contract.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { ClaimedDelivery, FileBatch, Ready, Recorded } from '../trip/attempt.ts';
import { policyOf } from '../calls/progress.ts';
import { keepRenewed, leaseOf, type Lease } from '../claim/lease.ts';
import { departedTargets } from '../content/parcel.ts';
import { stateAfter } from '../outcome/effects.ts';
import type { Departed, TripNeeds } from '../trip/trip.ts';
import { sendToEveryRecord, type Exchange } from './every-record.ts';

/** Moments by `performance.now()`. */
export interface Sent {
  readonly outcome: Outcome;
  readonly startedAt: number;
  readonly sentAt: number;
}

/** Undefined: the lease is someone else's, and nothing has left. */
export async function send(
  needs: TripNeeds,
  departed: Departed,
  lease: Lease = leaseOf(needs.database, departed.trip, departed.departure.ready.map(rowOf)),
): Promise<Sent | undefined> {
  const { trip, departure } = departed;
  await needs.step('departed', departure.parcel.destination);
  if (!(await lease.isLongEnough())) return undefined;
  const startedAt = performance.now();
  const letLapse = keepRenewed(lease, trip.leaseMs / 3);
  const outcome = await sendByConnector(needs, departed, lease).finally(letLapse);
  const sentAt = performance.now();
  await needs.step('sent', departure.parcel.destination);
  return { outcome, startedAt, sentAt };
}

const rowOf = ({ row }: Ready): ClaimedDelivery => row;

const noAnswer: Outcome = { kind: 'unavailable', reason: 'NO_LOOKUP', maybeReceived: true };

async function sendByConnector(needs: TripNeeds, departed: Departed, lease: Lease): Promise<Outcome> {
  const { trip, departure } = departed;
  const { connector } = trip;
  const { parcel, ready } = departure;
  const allowedTargets = departedTargets(trip, ready);
  const { context, clean } = watchCredentials(
    { ...trip.context, allowedTargets, mayLeave: lease.runs },
    lease.isLongEnough,
  );
  const call = ready[0]?.call;
  const say: Exchange = async (kind, said, settings, classify) =>
    clean((await connector[kind]?.(said, settings, { ...context, classify })) ?? noAnswer);
  try {
    const { settings, classify } = call ?? { settings: trip.settings, classify: context.classify };
    const first = await say('send', parcel, settings, classify);
    return await sendToEveryRecord(needs, departed, first, say);
  } catch (error) {
    // A connector answers with values; this is a bug of ours, and the bytes may have left.
    needs.log.error('delivery.broken', {
      destination: parcel.destination,
      connector: connector.type,
      code: foreignCode(error),
    });
    return { kind: 'unavailable', reason: 'BROKEN', maybeReceived: true };
  }
}

export async function recordOutcome(
  needs: TripNeeds,
  { trip, departure, stopped }: Departed,
  { outcome, startedAt, sentAt }: Sent,
): Promise<Recorded> {
  const { mapping, connector, versionId, batch, claimedAt } = trip;
  const rows = departure.ready.map(rowOf);
  const call = departure.ready[0]?.call;
  const recorded = await needs.record({
    attempted: {
      rows,
      outcome,
      policy: call === undefined ? mapping.retry : policyOf(mapping.retry, call, outcome, false),
      hasLookup: call?.hasLookup ?? mapping.hasLookup,
      call: call?.attempt,
      readBackMs: mapping.readBack?.afterMs,
      startedAt,
      asked: false,
      connector: connector.type,
      mappingVersionId: versionId,
      ...(batch === undefined ? {} : { batchId: batch.id }),
    },
    stopped,
  });
  await needs.step('settled', departure.parcel.destination);
  const settledAt = performance.now();
  logAttempt(needs.log, rows, outcome, recorded, {
    connector: trip.connector,
    batch: trip.batch,
    durationMs: Math.round(settledAt - startedAt),
  });
  needs.trace?.(rows, outcome, recorded, trip, { claimedAt, startedAt, sentAt, settledAt });
  return recorded;
}

export function logAttempt(
  log: Log,
  rows: readonly ClaimedDelivery[],
  outcome: Outcome,
  settled: Recorded,
  trip: { readonly connector: Connector; readonly batch: FileBatch | undefined; readonly durationMs: number },
): void {
  for (const row of rows) {
    const decision = settled.decisions.get(row.id);
    if (decision === undefined) {
      log.warn('delivery.settled_late', {
        destination: row.destinationId,
        delivery: row.id,
        outcome: outcome.kind,
      });
      continue;
    }
    const { verdict } = decision;
    log.info('delivery.attempted', {
      client: row.clientId,
      destination: row.destinationId,
      delivery: row.id,
      run: row.run,
      attempt: row.attempt,
      action: row.action,
      connector: trip.connector.type,
      outcome: outcome.kind,
      verdict: stateAfter(verdict),
      reason: verdict.reason,
      durationMs: trip.durationMs,
      ...(outcome.evidence?.status === undefined ? {} : { status: outcome.evidence.status }),
      ...(outcome.evidence?.host === undefined ? {} : { host: outcome.evidence.host }),
      ...('afterMs' in verdict ? { waitMs: verdict.afterMs } : {}),
      ...(trip.batch === undefined ? {} : { batch: trip.batch.id }),
    });
  }
  const [first] = rows;
  if (first !== undefined && settled.circuit !== 'none')
    log.warn(`circuit.${settled.circuit}`, { destination: first.destinationId });
}

// Drops what an outcome must not keep: a reference or a capture that repeats a credential of ours.

/** Shorter secrets, such as a user name, also occur in honest references. */
const leastLetters = 8;

interface Watched {
  readonly context: SendContext;
  /** The outcome without references and captures that hold a credential that the context gave out. */
  readonly clean: (outcome: Outcome) => Outcome;
}

/**
 * @param isLongEnough asks for the lease: a process may wait for a token longer than it lasts, or be frozen meanwhile, and a token is used
 *   under a valid lease only
 */
export function watchCredentials(context: SendContext, isLongEnough?: () => Promise<boolean>): Watched {
  const given = new Set<string>();
  const note = (value: string | undefined): void => {
    if (value !== undefined && value.length >= leastLetters) given.add(value);
  };
  const holds = (value: unknown): boolean =>
    typeof value === 'string' && [...given].some((credential) => value.includes(credential));
  const { credentials } = context;
  return {
    context: {
      ...context,
      secret: (name) => {
        const value = context.secret(name);
        note(value);
        return value;
      },
      secrets: (name) => {
        const values = context.secrets(name);
        values.forEach(note);
        return values;
      },
      ...(credentials === undefined
        ? {}
        : {
            credentials: {
              async obtain(need) {
                const obtained = await credentials.obtain(need);
                if (!obtained.ok) return obtained;
                note(obtained.credential.token);
                if (isLongEnough === undefined || (await isLongEnough().catch(() => false))) return obtained;
                return {
                  ok: false,
                  outcome: { kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false },
                };
              },
            },
          }),
    },
    clean: (outcome) => {
      const isHeld =
        ('reference' in outcome && holds(outcome.reference)) ||
        ('captures' in outcome && Object.values(outcome.captures ?? {}).some(holds));
      if (!isHeld) return outcome;
      const { reference, captures, ...rest } = outcome as Outcome & {
        readonly reference?: string;
        readonly captures?: Captured;
      };
      return {
        ...rest,
        ...(reference === undefined || holds(reference) ? {} : { reference }),
        ...(captures === undefined
          ? {}
          : { captures: Object.fromEntries(Object.entries(captures).filter(([, value]) => !holds(value))) }),
      };
    },
  };
}
