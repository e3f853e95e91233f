// Looks a delivery up at its recipient before it is sent: after an unknown outcome, while a decision is pending, or for its reference.
// Invariant: a question contains references only. A delivery that may have arrived is not sent again before the recipient has answered
// twice, a settling time apart, that it does not exist there: behind a locked table or a slow proxy it may be about to appear.
import type { Body, Connector, Outcome, Parcel, SendContext } from '../../../connectors/contract.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Lead } from '../../domain/lead.ts';
import { isAbsent } from '../../domain/verdict.ts';
import { foreignCode } from '../../errors.ts';
import { callKey } from '../../mapping/calls/situations.ts';
import type { Asked, CompiledMapping } from '../../mapping/contract.ts';
import type { Batch } from '../../store/files/batches.ts';
import type { Database } from '../../store/database.ts';
import { entryNames, appendHandover } from '../../store/log/handovers.ts';
import { readBytes } from '../../store/files/kept-bytes.ts';
import { readLeads } from '../../store/leads/leads.ts';
import type {
  Attempted,
  CalledAttempt,
  CallProgress,
  ClaimedDelivery,
  Recorded,
  RoutedCall,
  TripEnd,
} from '../trip/attempt.ts';
import { calledAttempt, policyOf } from '../calls/progress.ts';
import { leaseOf } from '../claim/lease.ts';
import { itemOf } from '../content/parcel.ts';
import { writtenAtOf } from '../content/render.ts';
import { notFoundFor } from '../outcome/file-end.ts';
import type { Trip, TripNeeds } from '../trip/trip.ts';
import { watchCredentials } from './send.ts';

/** The rows to send now, and what the answers taught; or what was recorded, and nothing is sent. */
type LookUpEnd =
  | { readonly rows: readonly ClaimedDelivery[]; readonly trip: Trip }
  | { readonly ended: Recorded | undefined };

export async function lookUpFirst(
  needs: TripNeeds,
  trip: Trip,
  rows: readonly ClaimedDelivery[],
): Promise<LookUpEnd> {
  const [first] = rows as readonly [ClaimedDelivery];
  const { batch, progress } = trip;
  if (progress !== undefined) return lookUpCall(needs, trip, first);
  if (batch !== undefined) {
    const isAsked = batch.state === 'written' && trip.canAsk && rows.some((row) => row.askFirst);
    if (!isAsked) return { rows, trip };
    const answer = await lookUpFile(
      rows,
      { ...batch, sequence: batch.sequence },
      lookUpOptions(needs, trip, rows),
    );
    return 'recorded' in answer ? { ended: answer.recorded } : { rows: answer.rows, trip };
  }
  const isNameless = needsReference(first, trip.settings);
  if (trip.canAsk && (first.askFirst || isNameless)) {
    const answer = await lookUp(first, lookUpOptions(needs, trip, [first]));
    return 'recorded' in answer ? { ended: answer.recorded } : { rows: answer.rows, trip };
  }
  if (!isNameless) return { rows, trip };
  const reason = first.action === 'erase' ? 'manual_erasure_required' : 'reference_missing';
  const stopped = [{ row: first, state: 'failed', reason, fields: [] }] as const;
  return { ended: await needs.record({ stopped }) };
}

/** Looks up the call that may have arrived, by its own address and rules. */
async function lookUpCall(needs: TripNeeds, trip: Trip, row: ClaimedDelivery): Promise<LookUpEnd> {
  const { progress, connector } = trip;
  const open = progress?.calls.find((call) => call.name === progress.open?.name);
  if (progress === undefined || open?.hasLookup !== true || !row.askFirst || connector.lookup === undefined)
    return { rows: [row], trip };
  const options = lookUpOptions(needs, trip, [row]);
  const answer = await lookUp(row, {
    ...options,
    settings: open.settings,
    context: { ...options.context, classify: open.classify },
    question: open.question,
    called: { call: open, progress },
  });
  if ('recorded' in answer) return { ended: answer.recorded };
  return { rows: answer.rows, trip: { ...trip, progress: { ...progress, open: undefined } } };
}

function lookUpOptions(
  { database, masterKeys, record, settlingMs }: TripNeeds,
  trip: Trip,
  rows: readonly ClaimedDelivery[],
): LookUpOptions {
  const { connector, mapping, settings, question, versionId } = trip;
  return {
    connector,
    mapping,
    settings,
    context: { ...trip.context, mayLeave: leaseOf(database, trip, rows).runs },
    question,
    database,
    masterKeys,
    record,
    versionId,
    settlingMs: Math.max(settlingMs, mapping.timeouts.totalMs),
  };
}

/** An update or erase whose URL names the recipient's reference, while none is known. */
function needsReference(row: ClaimedDelivery, settings: unknown): boolean {
  return (
    row.action !== 'create' &&
    row.knownReference === undefined &&
    JSON.stringify(settings ?? {}).includes('{reference}')
  );
}

interface LookUpOptions {
  readonly connector: Connector;
  readonly mapping: CompiledMapping;
  readonly settings: unknown;
  readonly context: SendContext;
  /** Renders the question; undefined if it needs a reference that is unknown. */
  readonly question: (asked: Asked) => Body | undefined;
  readonly database: Database;
  readonly masterKeys: KeyRing;
  readonly record: (end: TripEnd) => Promise<Recorded>;
  readonly versionId: number;
  /** How long "not found" must last before it counts, ms. */
  readonly settlingMs: number;
  /** The call asked about, where the delivery needs several. */
  readonly called?: { readonly call: RoutedCall; readonly progress: CallProgress } | undefined;
}

/** The rows to send now (with what the answer taught), or what the answer came to. */
type LookedUp = { readonly rows: readonly ClaimedDelivery[] } | { readonly recorded: Recorded | undefined };

async function lookUp(row: ClaimedDelivery, options: LookUpOptions): Promise<LookedUp> {
  const { connector } = options;
  const startedAt = performance.now();
  const lead = (await readLeads(options.database, [row.leadId])).get(row.leadId)?.lead;
  const leadReference = lead?.reference ?? '';
  const body = options.question(askedOf(row, leadReference, options));
  const outcome =
    body === undefined
      ? unnamed
      : await putQuestion({ ...questionOf(row, leadReference, options), body }, options);
  const call = lead === undefined ? undefined : calledOf(row, lead, options);
  if (row.action === 'create' && isUnnamed(outcome))
    return {
      recorded: await options.record({
        // As if there were no question: what may have arrived is not given up because we cannot ask about it.
        attempted: { ...attemptOf([row], unknownOutcome, startedAt, options, call), hasLookup: false },
      }),
    };
  const known = outcome.kind === 'accepted' || outcome.kind === 'duplicate';
  const note = (): Promise<void> =>
    options.database.transaction((tx) =>
      appendHandover(tx, {
        entry: 'lookup',
        ...entryNames(row),
        ...(call === undefined ? {} : { call: call.name }),
        actor: 'worker',
        connector: connector.type,
        outcome: outcome.kind,
        mappingVersionId: options.versionId,
      }),
    );
  if (outcome.kind === 'absent' && isAbsent(notFoundFor([row], options.settlingMs))) {
    await note();
    if (row.action === 'create') return { rows: [{ ...row, maybeReceived: false, askFirst: false }] };
    const [state, reason] =
      row.action === 'erase'
        ? (['cancelled', 'not_needed'] as const)
        : (['failed', 'reference_missing'] as const);
    return { recorded: await options.record({ stopped: [{ row, state, reason, fields: [] }] }) };
  }
  if (known && row.action !== 'create') {
    await note();
    const reference = ('reference' in outcome ? outcome.reference : undefined) ?? row.knownReference;
    const known = reference === undefined ? row : { ...row, knownReference: reference };
    if (!needsReference(known, options.settings)) return { rows: [{ ...known, askFirst: false }] };
    const reason = row.action === 'erase' ? 'manual_erasure_required' : 'reference_missing';
    return { recorded: await options.record({ stopped: [{ row, state: 'failed', reason, fields: [] }] }) };
  }
  return {
    recorded: await options.record({ attempted: attemptOf([row], outcome, startedAt, options, call) }),
  };
}

/** The facts about the call that was looked up. */
function calledOf(
  row: ClaimedDelivery,
  lead: Lead,
  { called, mapping, database }: LookUpOptions,
): CalledAttempt | undefined {
  if (called === undefined) return undefined;
  const now = database.now();
  return calledAttempt(called.call, called.progress, lead, {
    action: row.action,
    key: row.key,
    now,
    writtenAt: writtenAtOf(row),
    categories: mapping.client.categories,
  });
}

/** The same for a file: one question for all its rows. */
async function lookUpFile(
  rows: readonly ClaimedDelivery[],
  batch: Batch,
  options: LookUpOptions,
): Promise<LookedUp> {
  const startedAt = performance.now();
  const bytes = await readBytes(options.database, options.masterKeys, batch.id);
  const leads = await readLeads(
    options.database,
    rows.map((row) => row.leadId),
  );
  const [first] = rows;
  if (first === undefined) return { rows };
  const outcome = await putQuestion(
    {
      ...questionOf(first, '', options),
      items: rows.map((row) => itemOf(row, leads.get(row.leadId)?.lead.reference ?? '')),
      // Without its bytes (an erasure took them) the file can still be looked for; if it never arrived it is voided.
      body: { bytes: bytes ?? new Uint8Array(), mediaType: batch.mediaType, extension: batch.extension },
      batch: {
        sequence: batch.sequence ?? 0,
        slot: batch.slotAt,
        rows: batch.rows,
        fileName: batch.fileName,
      },
    },
    options,
  );
  if (outcome.kind === 'absent' && isAbsent(notFoundFor(rows, options.settlingMs)))
    return { rows: rows.map((row) => ({ ...row, maybeReceived: false, askFirst: false })) };
  const attempted = { ...attemptOf(rows, outcome, startedAt, options), batchId: batch.id };
  return { recorded: await options.record({ attempted }) };
}

/** Without the reference it needs, a question could find the lead of another person. */
const unnamed: Outcome = { kind: 'invalid', reason: 'REFERENCE_MISSING' };

const isUnnamed = (outcome: Outcome): boolean =>
  outcome.kind === 'invalid' && outcome.reason === 'REFERENCE_MISSING';

const unknownOutcome: Outcome = { kind: 'unknown', reason: 'REFERENCE_MISSING' };

async function putQuestion(
  question: Parcel,
  { connector, settings, context }: LookUpOptions,
): Promise<Outcome> {
  const { context: watched, clean } = watchCredentials(context);
  try {
    const answer = await connector.lookup?.(question, settings, watched);
    return clean(answer ?? { kind: 'unavailable', reason: 'NO_LOOKUP', maybeReceived: false });
  } catch (error) {
    return { kind: 'unavailable', reason: foreignCode(error), maybeReceived: false };
  }
}

function attemptOf(
  rows: readonly ClaimedDelivery[],
  outcome: Outcome,
  startedAt: number,
  options: LookUpOptions,
  call?: CalledAttempt,
): Attempted {
  const { retry } = options.mapping;
  return {
    rows,
    outcome,
    call,
    policy: options.called === undefined ? retry : policyOf(retry, options.called.call, outcome, true),
    hasLookup: true,
    startedAt,
    asked: true,
    readBackMs: options.mapping.readBack?.afterMs,
    settlingMs: options.settlingMs,
    connector: options.connector.type,
    mappingVersionId: options.versionId,
  };
}

function askedOf(row: ClaimedDelivery, leadReference: string, { called }: LookUpOptions): Asked {
  return {
    action: row.action,
    key: called === undefined ? row.key : callKey(row.key, called.call.name),
    leadReference,
    ...(row.knownReference === undefined ? {} : { recipientReference: row.knownReference }),
    ...(called === undefined ? {} : { captured: called.progress.captured }),
    writtenAt: writtenAtOf(row),
  };
}

function questionOf(row: ClaimedDelivery, leadReference: string, { mapping, called }: LookUpOptions): Parcel {
  const about =
    called === undefined ? undefined : { call: called.call.name, captured: called.progress.captured };
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action: row.action,
    items: [itemOf(row, leadReference, about)],
    ...(row.pendingSince === undefined ? {} : { decidesLater: true }),
    body: { bytes: new Uint8Array(), mediaType: 'application/octet-stream', extension: 'bin' },
    writtenAt: writtenAtOf(row),
  };
}
