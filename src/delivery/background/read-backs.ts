// Reads accepted records back from the recipient and compares their opt-in with the one sent.
// Invariant: it never sends a lead and moves no delivery. A record that cannot be read is read again, and in the end reported to a person;
// a wrong opt-in is reported once it was seen twice. A record that breaks our code delays no other.
import type { Action, Answer, Connector, Outcome, Parcel } from '../../../connectors/contract.ts';
import { safeCode } from '../../domain/delivery.ts';
import type { ConsentSent, ReadBackPlan, CompiledMapping } from '../../mapping/contract.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { raiseAlerts, closeBroken, raiseBroken, alertAbout } from '../../store/alerts/alerts.ts';
import { isStoreTrouble, type Database } from '../../store/database.ts';
import type { Delivery } from '../../store/deliveries/deliveries.ts';
import { appendHandovers, type Handover, entryAbout } from '../../store/log/handovers.ts';
import {
  endReadBack,
  hasLaterDeparture,
  putOffReadBack,
  takeReadBacks,
  writtenOptIns,
  type ReadBack,
} from '../../store/deliveries/read-backs.ts';
import { type Reader, type Surroundings } from '../trip/trip.ts';
import { contextFor } from '../content/parcel.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { readingOf, type Reading } from './read-back-inputs.ts';

export interface ReadBackNeeds extends Surroundings {
  readonly database: Database;
  readonly published: Published;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly reader: Pick<Reader, 'targets'>;
  readonly log: Log;
}

/** Taken at once; those of one destination are asked for one after the other. */
const atOnce = 10;
/** Longer than all of them together take, ms. */
const holdMs = 600_000;
/** Waits before a record that could not be read is read again, ms; after the last one a person is alerted. */
const againMs = [30_000, 120_000, 600_000, 3_600_000, 21_600_000] as const;
/** A destination that may not send now is not asked either, ms. */
const restMs = 300_000;
/** Looks at a record that is not there, or without the opt-in: the recipient may need a moment. */
const looksUntilSure = 2;

/** Returns whether there may be more to read at once. */
export async function readBackDue(needs: ReadBackNeeds): Promise<boolean> {
  const taken = await needs.database.transaction((tx) => takeReadBacks(tx, atOnce, holdMs));
  const groups = Map.groupBy(taken, ({ destinationId }) => destinationId);
  await Promise.all([...groups.values()].map((group) => readGroup(needs, group)));
  return taken.length === atOnce;
}

async function readGroup(needs: ReadBackNeeds, group: readonly ReadBack[]): Promise<void> {
  for (const [index, one] of group.entries()) {
    const end = needs.signal.aborted ? 'rest' : await readOrSetAside(needs, one);
    if (end === 'read') continue;
    // The others of a recipient that cannot be asked wait with it, and no look is spent on them.
    for (const other of group.slice(end === 'rest' ? index : index + 1))
      await needs.database.transaction((tx) =>
        putOffReadBack(tx, other, { afterMs: end === 'rest' ? restMs : againMs[0], counts: false }),
      );
    return;
  }
}

const step = 'READ_BACK';

/** Reports a read-back that breaks, and retries it at growing intervals. @throws the error of the database */
async function readOrSetAside(needs: ReadBackNeeds, one: ReadBack): ReturnType<typeof readOne> {
  const { database, log } = needs;
  const { destinationId, deliveryId } = one;
  try {
    const end = await readOne(needs, one);
    if (one.looks > 1) await closeBroken(database, { destinationId, deliveryId, step });
    return end;
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    const code = foreignCode(error);
    log.error('delivery.broken', { loop: step, destination: destinationId, delivery: deliveryId, code });
    await raiseBroken(database, { destinationId, deliveryId, step, code });
    const afterMs = againMs[Math.min(one.looks, againMs.length) - 1] ?? restMs;
    await database
      .transaction((tx) => putOffReadBack(tx, one, { afterMs, counts: true }))
      .catch((failure: unknown) => {
        // It is taken again when nobody holds it any more.
        if (isStoreTrouble(failure)) throw failure;
      });
    return 'read';
  }
}

/** `rest`: its destination may not be asked now. `away`: it could not be read. */
async function readOne(needs: ReadBackNeeds, one: ReadBack): Promise<'read' | 'rest' | 'away'> {
  const reading = await readingOf(needs, one);
  if (reading === 'rest') return 'rest';
  const sent = reading === undefined ? [] : await sentBy(needs, one, reading.plan);
  if (reading === undefined || sent.length === 0) {
    await needs.database.transaction((tx) => endReadBack(tx, one));
    return 'read';
  }
  const found = await ask(needs, reading, sent);
  await settle(needs.database, one, reading, found);
  return found.kind === 'unread' ? 'away' : 'read';
}

/** The opt-ins that the log says were written into the compared fields. */
async function sentBy(
  { database }: ReadBackNeeds,
  one: ReadBack,
  { fields }: ReadBackPlan,
): Promise<readonly ConsentSent[]> {
  const texts = await writtenOptIns(database, one);
  return texts
    .flatMap((text) => JSON.parse(text) as readonly ConsentSent[])
    .filter(({ field }) => fields.includes(field));
}

type Found = {
  readonly kind: 'kept' | 'lost' | 'absent' | 'unread';
  readonly fields: readonly string[];
  readonly code: string;
  readonly outcome: Outcome;
};

async function ask(needs: ReadBackNeeds, reading: Reading, sent: readonly ConsentSent[]): Promise<Found> {
  const { mapping, plan, connector, delivery } = reading;
  const context = contextFor(
    needs,
    mapping,
    await needs.reader.targets(delivery.destinationId, 'create', 'now'),
  );
  let read: Answer | undefined;
  const outcome = (await connector.lookup?.(parcelOf(reading), plan.settings, {
    ...context,
    mayLeave: () => true,
    classify: (answer) => {
      read = answer;
      return Promise.resolve(byStatus(answer));
    },
  })) ?? { kind: 'unknown', reason: 'LOOKUP_NOT_CONFIGURED' };
  const found = (kind: Found['kind'], code: string, fields: readonly string[] = []): Found => ({
    kind,
    code,
    fields,
    outcome,
  });
  if (outcome.kind === 'absent') return found('absent', 'RECORD_NOT_FOUND');
  if (outcome.kind !== 'accepted' || read === undefined || read.truncated)
    return found('unread', 'reason' in outcome ? outcome.reason : 'UNREADABLE');
  const lost = await plan.lost(read, sent);
  return lost.length === 0 ? found('kept', 'KEPT') : found('lost', 'OPT_IN_NOT_KEPT', lost);
}

/** The rules of the file classify an answer to a lead; this answer is read for its content. */
function byStatus({ status }: Answer): Outcome {
  const reason = `HTTP_${status}`;
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  if (status === 404 || status === 410) return { kind: 'absent' };
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason };
  return status === 429
    ? { kind: 'throttled', reason }
    : { kind: 'unavailable', reason, maybeReceived: false };
}

function parcelOf({ mapping, delivery, leadReference, reference, captured }: Reading): Parcel {
  const { id, key, action, run, attempt } = delivery;
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action,
    items: [
      {
        deliveryId: id,
        key,
        run,
        attempt,
        idempotencyKey: key,
        leadReference,
        captured,
        ...(reference === undefined ? {} : { recipientReference: reference }),
      },
    ],
    body: { bytes: new Uint8Array(0), mediaType: 'application/json', extension: 'json' },
    writtenAt: delivery.firstDepartedAt ?? delivery.createdAt,
  };
}

/** How long until it is looked at again; undefined: what was found is final. */
function againAfter({ kind }: Found, { looks }: ReadBack, plan: ReadBackPlan): number | undefined {
  if (kind === 'kept') return undefined;
  if (kind === 'unread') return againMs[looks - 1];
  return looks < looksUntilSure ? plan.afterMs : undefined;
}

async function settle(database: Database, one: ReadBack, reading: Reading, found: Found): Promise<void> {
  const afterMs = againAfter(found, one, reading.plan);
  await database.transaction(async (tx) => {
    if (afterMs !== undefined) return putOffReadBack(tx, one, { afterMs, counts: true });
    if (!(await endReadBack(tx, one))) return;
    // Something newer is there: what it wrote is read back by itself.
    if (await hasLaterDeparture(tx, one)) return;
    const { delivery } = reading;
    await appendHandovers(tx, [entryOf(delivery, reading.mapping, found)]);
    if (found.kind === 'kept') return;
    const reason = found.kind === 'unread' ? `NOT_READ:${safeCode(found.code)}` : found.code;
    await raiseAlerts(tx, [alertAbout(delivery, 'opt_in_not_kept', reason)]);
  });
}

const outcomes = { kept: 'accepted', lost: 'refused', absent: 'absent', unread: 'unknown' } as const;

function entryOf(
  delivery: Delivery & { readonly action: Action },
  { connector }: CompiledMapping,
  { kind, code, fields, outcome }: Found,
): Handover {
  const { status, durationMs, answerBytes, host: target } = outcome.evidence ?? {};
  return entryAbout(delivery, 'read_back', 'worker', {
    connector,
    target,
    status,
    answerBytes,
    durationMs,
    outcome: outcomes[kind],
    reason: safeCode(code),
    fields: fields.length === 0 ? undefined : fields,
  });
}
