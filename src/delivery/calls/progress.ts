// Computes the progress of a delivery of several calls: which are done, what their answers gave, which leaves next, which are undone.
// Invariant: a call that is done never leaves again; one that may have arrived leaves as it was. Opt-in and erasure are read again for each
// call. Only what this delivery created is undone, and only where no other lead uses it.
import type { Action, Captured, Outcome } from '../../../connectors/contract.ts';
import { reasonWith } from '../../domain/delivery.ts';
import type { Lead } from '../../domain/lead.ts';
import { isUndo, undoName } from '../../domain/verdict.ts';
import type { RetryPolicy } from '../../domain/verdict.ts';
import { captureMissing } from '../../mapping/calls/parts.ts';
import { callPlanOf, requestsOf } from '../../mapping/calls/situations.ts';
import type { CallPlan, CompiledMapping, WriteSituation } from '../../mapping/contract.ts';
import { readCalls, type CalledDelivery, type CallRow } from '../../store/deliveries/calls.ts';
import type { Sql } from '../../store/database.ts';
import { codeOfAnswer, othersHave, wasDelivered } from '../../store/deliveries/undone-calls.ts';
import type {
  CalledAttempt,
  CallProgress,
  ClaimedDelivery,
  RoutedCall,
  Stop,
  Stopped,
  Undoing,
  Unwritable,
} from '../trip/attempt.ts';
import type { Published } from '../trip/mapping-cache.ts';

interface Versions {
  readonly mapping: CompiledMapping;
  readonly content: CompiledMapping;
  readonly versionId: number;
}

/** Reads the progress of a delivery and the version that renders its remaining calls; undefined for a delivery of one call. */
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
const isOpen = (call: CallRow): boolean => !call.done && mayBeThere(call);

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
    open: [...calls.flatMap(({ name }) => own.filter((row) => row.name === name)), ...own].find(isOpen),
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

/** Answers, once the captures of this call are known, if another call follows. */
function followedBy(
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

/** True if the recipient may hold something of this delivery. */
export const begun = (progress: CallProgress): boolean =>
  progress.done.size > 0 || progress.open !== undefined;

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
    // The claim after the last undo ends the delivery with the refusal.
    more: isUndo(call.name) ? () => true : followedBy(call, progress, lead, situation),
    isReread: progress.outdated.has(call.name),
    undoes: progress.undoes && !isUndo(call.name) && situation.action === 'create',
    oldestRevision: Math.min(
      lead.revision,
      ...(progress.oldestRevision > 0 ? [progress.oldestRevision] : []),
    ),
  };
}

/**
 * Finds the calls that are done. A call is outdated if a later call is sent again, in this run or a new one, and writes what it read: a
 * channel that was withdrawn meanwhile must not return with the old list.
 */
function doneAndOutdated(
  { run }: Pick<ClaimedDelivery, 'run'>,
  own: readonly CallRow[],
  calls: readonly Pick<CallPlan, 'name' | 'rereads'>[],
): { readonly done: ReadonlySet<string>; readonly outdated: ReadonlySet<string> } {
  const rows = new Map(own.map((row) => [row.name, row]));
  const isDone = (name: string): boolean => rows.get(name)?.done === true;
  const outdated = new Set(
    calls
      .filter(({ name }) => !isDone(name))
      .flatMap(({ name, rereads = [] }) => {
        const sent = rows.get(name);
        return rereads.filter((earlier) => {
          const read = rows.get(earlier);
          return read !== undefined && (run > read.run || (sent !== undefined && isLater(sent, read)));
        });
      }),
  );
  return { done: new Set([...rows.keys()].filter((name) => isDone(name) && !outdated.has(name))), outdated };
}

const isLater = (one: CallRow, other: CallRow): boolean =>
  one.run > other.run || (one.run === other.run && one.attempt > other.attempt);

/** Calls that would be taken back, were the next one refused. */
const undoable = (own: readonly CallRow[], calls: readonly CallPlan[]): readonly CallRow[] =>
  calls
    .filter((call) => call.undo !== undefined)
    .flatMap(({ name }) => own.filter((row) => row.name === name && row.done && row.outcome === 'accepted'))
    .toReversed();

/** Undefined unless a call of this run was refused for good: the delivery would have ended with it, had it nothing to take back. */
async function readUndoing(
  sql: Sql,
  row: ClaimedDelivery,
  own: readonly CallRow[],
  calls: readonly CallPlan[],
): Promise<Undoing | undefined> {
  const refused = own.find(
    (call) =>
      !isUndo(call.name) &&
      call.run === row.run &&
      !call.done &&
      !call.maybeReceived &&
      isRefusal(call.outcome),
  );
  if (refused === undefined || !isRefusal(refused.outcome)) return undefined;
  const left: string[] = [];
  const stays = row.run > 1 && (await wasDelivered(sql, row));
  for (const call of stays ? [] : undoable(own, calls))
    if (!(await othersHave(sql, row, call))) left.push(call.name);
  return { outcome: refused.outcome, code: await codeOfAnswer(sql, row, refused), left };
}

const isRefusal = (outcome: CallRow['outcome']): outcome is Undoing['outcome'] =>
  outcome === 'refused' || outcome === 'invalid';

/** All that could be taken back is: the delivery ends with the refusal that began it. @param leaves something of it stays there */
export const afterUndoing = ({ outcome, code }: Undoing, leaves: boolean, stop: Stop): Stopped => ({
  ...stop('failed', reasonWith(outcome, code)),
  refusal: { outcome, leaves },
});

/** An undo that cannot be written is one for a person. */
export const notUndone = (result: Unwritable, stop: Stop): Stopped =>
  result.why === 'category_not_authorised'
    ? stop('withheld', reasonWith('category_not_authorised', result.category))
    : stop('failed', reasonWith('undo_failed', result.why.toUpperCase()));

/**
 * The file's own policy, with what this call says. An answer that says yes without the id the next call needs is never sent again
 * blindly: it would make a second one.
 */
export function policyOf(
  base: RetryPolicy,
  call: Pick<CallPlan, 'onUnknown' | 'hasLookup'>,
  outcome: Outcome,
  asked: boolean,
): RetryPolicy {
  if (outcome.kind === 'unknown' && outcome.reason === captureMissing)
    return { ...base, onUnknown: call.hasLookup && !asked ? 'lookup' : 'hold' };
  return { ...base, onUnknown: call.onUnknown };
}
