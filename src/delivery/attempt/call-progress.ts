// Where a delivery of several calls stands: which are done, what their answers gave, which one leaves next and with what.
// Invariant: a call that is done never leaves again; one that may have arrived leaves as it was; the opt-in and the person's
// erasure are read anew for each of them, since each departs by itself.
import type { Action, Answer, Body, Captured, Outcome } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { callPlanOf, requestsOf } from '../../mapping/calls/situations.ts';
import { isUndo, undoName } from '../../domain/undo.ts';
import type { Asked, CallPlan, CompiledMapping, WriteSituation } from '../../mapping/contract.ts';
import { readCalls, type CalledDelivery, type CallRow } from '../../store/calls.ts';
import type { Sql } from '../../store/database.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Published } from '../mapping-cache.ts';
import { doneAndOutdated } from './calls-done.ts';
import { readUndoing, undoable, type Undoing } from './undoing.ts';

/** A call and its route: content of its own version, address of the one in force where that still has the call. */
export interface RoutedCall extends CallPlan {
  readonly classify: (answer: Answer, stage: Action | 'lookup') => Promise<Outcome>;
  readonly question: (asked: Asked) => Body | undefined;
}

export interface CallProgress {
  /** In order; each followed by its undo. */
  readonly calls: readonly RoutedCall[];
  readonly done: ReadonlySet<string>;
  /** Done, and made anew: what they read is written by a call that is sent again. */
  readonly outdated: ReadonlySet<string>;
  readonly captured: Captured;
  /** The call whose last departure the recipient may have received. */
  readonly open: CallRow | undefined;
  /** Oldest revision of which the recipient may hold a part; 0 when it holds none. */
  readonly oldestRevision: number;
  /** A call was refused for good: what is left is to take back. */
  readonly undoing: Undoing | undefined;
  /** Whether something would be taken back, were the next call refused for good. */
  readonly undoes: boolean;
  /** Whether an id that is not known belongs to something that was never made. */
  readonly neverMade: (id: string) => boolean;
}

export interface Versions {
  readonly mapping: CompiledMapping;
  readonly content: CompiledMapping;
  readonly versionId: number;
}

/** The progress of a delivery, and the version that writes the rest of it; undefined where it is one call. */
export async function readProgress(
  row: ClaimedDelivery,
  { mapping, content, versionId }: Versions,
  { database, published }: { readonly database: Sql; readonly published: Published },
): Promise<(Versions & { readonly progress: CallProgress }) | undefined> {
  const { action } = row;
  if (content.actions[action]?.calls === undefined && mapping.actions[action]?.calls === undefined)
    return undefined;
  const all = await readCalls(database, row.leadId, row.destinationId);
  const own = all.find((delivery) => delivery.id === row.id)?.calls ?? [];
  const [version, id] = await writingVersion(own, { mapping, content, versionId }, action, published);
  const calls = version.actions[action]?.calls;
  if (calls === undefined) return undefined;
  const captured = Object.assign(
    {},
    ...all.flatMap((delivery) => delivery.calls.map((call) => call.captures)),
  ) as Captured;
  const routed = requestsOf(version, action).map((call) =>
    routedCall(call, action, version, mapping, captured),
  );
  const undoing = await readUndoing(database, row, own, calls);
  return {
    mapping,
    content: version,
    versionId: id,
    progress: {
      ...progressOf(own, all, routed, captured, version),
      ...doneAndOutdated(row, own, routed),
      undoing,
      undoes: undoable(own, calls).length > 0,
    },
  };
}

/** A new version writes what is left of a delivery only if it knows the calls that are done: never a mixture of two. */
async function writingVersion(
  own: readonly CallRow[],
  { content, versionId }: Versions,
  action: Action,
  published: Published,
): Promise<readonly [CompiledMapping, number]> {
  const last = own.findLast((call) => call.done);
  const names = new Set(content.actions[action]?.calls?.map((call) => call.name));
  if (last === undefined || own.every((call) => !call.done || names.has(call.name)))
    return [content, versionId];
  const before = await published.version(last.sentMappingId);
  return before === undefined ? [content, versionId] : [before, last.sentMappingId];
}

function routedCall(
  call: CallPlan,
  action: Action,
  version: CompiledMapping,
  inForce: CompiledMapping,
  captured: Captured,
): RoutedCall {
  const now = callPlanOf(inForce, action, call.name);
  const fits =
    now !== undefined &&
    call.captures.every((id) => now.captures.includes(id)) &&
    now.needs.every((id) => call.needs.includes(id) || id === 'reference' || captured[id] !== undefined);
  const source = fits ? inForce : version;
  return {
    ...call,
    ...(fits ? { settings: now.settings, hasLookup: now.hasLookup, onUnknown: now.onUnknown } : {}),
    classify: (answer, stage) => source.classifyBeside(answer, stage, { action, name: call.name }),
    question: (asked) => source.question(asked, call.name),
  };
}

const mayBeThere = (call: CallRow): boolean => call.done || call.outcome === '' || call.maybeReceived;

function progressOf(
  own: readonly CallRow[],
  all: readonly CalledDelivery[],
  calls: readonly RoutedCall[],
  captured: Captured,
  version: CompiledMapping,
): Omit<CallProgress, 'done' | 'outdated' | 'undoing' | 'undoes'> {
  const held = own.filter((call) => mayBeThere(call) && !isUndo(call.name));
  return {
    calls,
    captured,
    open: own.find((call) => !call.done && mayBeThere(call)),
    oldestRevision: held.length === 0 ? 0 : Math.min(...held.map((call) => call.sentRevision)),
    neverMade: neverMadeOf(all, version),
  };
}

/** An id is missing for good only where every call that could have made something is accounted for. */
function neverMadeOf(all: readonly CalledDelivery[], version: CompiledMapping): (id: string) => boolean {
  const names = new Set(
    (['create', 'update'] as const).flatMap(
      (action) => version.actions[action]?.calls?.map((call) => call.name) ?? [],
    ),
  );
  const sent = all.filter((delivery) => delivery.action !== 'erase' && delivery.departures > 0);
  const there = sent.flatMap((delivery) =>
    delivery.calls.filter((call) => mayBeThere(call) && !isUndo(call.name)),
  );
  const foreign =
    sent.some((delivery) => delivery.calls.length === 0) || there.some((call) => !names.has(call.name));
  const unnamed = new Set(
    there.filter((call) => Object.keys(call.captures).length === 0).map((call) => call.name),
  );
  return (id) => !foreign && !unnamed.has(id.slice(0, id.indexOf('.')));
}

/** The call that leaves next for this lead; undefined when none is left. */
export function nextCall(
  progress: CallProgress,
  lead: Lead,
  situation: WriteSituation,
): RoutedCall | undefined {
  const { undoing } = progress;
  if (undoing !== undefined) {
    const [last] = undoing.left;
    return last === undefined ? undefined : progress.calls.find((call) => call.name === undoName(last));
  }
  const known = { ...situation, captured: progress.captured };
  return progress.calls.find(
    (call) =>
      !isUndo(call.name) &&
      !progress.done.has(call.name) &&
      (progress.open?.name === call.name || call.applies(lead, known)) &&
      !(situation.action === 'erase' && nothingToErase(call, progress)),
  );
}

const nothingToErase = (call: RoutedCall, progress: CallProgress): boolean =>
  call.needs.some(
    (id) => id !== 'reference' && progress.captured[id] === undefined && progress.neverMade(id),
  );

/** What is known once this call is done: whether another follows. */
export function followedBy(
  call: RoutedCall,
  progress: CallProgress,
  lead: Lead,
  situation: WriteSituation,
): (captures: Captured) => boolean {
  return (captures) =>
    nextCall(
      {
        ...progress,
        open: undefined,
        done: new Set([...progress.done, call.name]),
        captured: { ...progress.captured, ...captures },
      },
      lead,
      situation,
    ) !== undefined;
}

/** Whether something of this delivery may be there already. */
export const begun = (progress: CallProgress): boolean =>
  progress.done.size > 0 || progress.open !== undefined;

/** Of what a call is remembered and decided by, when it settles. */
export interface CalledAttempt {
  readonly name: string;
  /** This call may have arrived before. */
  readonly maybeReceived: boolean;
  /** Another call of the delivery has arrived. */
  readonly earlier: boolean;
  readonly more: (captures: Captured) => boolean;
  /** Made for a call that failed: the tries of that one go on where they were. */
  readonly isReread: boolean;
  /** What earlier calls made is taken back where this one is refused for good. */
  readonly undoes: boolean;
  /** Oldest revision the recipient may hold a part of once this one has left. */
  readonly oldestRevision: number;
}

export function calledAttempt(
  call: RoutedCall,
  progress: CallProgress,
  lead: Lead,
  situation: WriteSituation,
): CalledAttempt {
  return {
    name: call.name,
    maybeReceived: progress.open?.name === call.name,
    earlier: progress.done.size > 0 || (progress.open !== undefined && progress.open.name !== call.name),
    // The claim after the last undo ends the delivery, with the refusal.
    more: isUndo(call.name) ? () => true : followedBy(call, progress, lead, situation),
    isReread: progress.outdated.has(call.name),
    undoes: progress.undoes && !isUndo(call.name) && situation.action === 'create',
    oldestRevision: Math.min(
      lead.revision,
      ...(progress.oldestRevision > 0 ? [progress.oldestRevision] : []),
    ),
  };
}
