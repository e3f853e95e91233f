// Renders the deliveries of an attempt (station 5b): applies the mapping to each lead, and decides which delivery cannot leave and why.
// Invariant: once the recipient may hold a content, the same content is rendered again, unless a right forbids it (guarantee 4). A bug in
// rendering one lead fails that lead only.
import { answerToTell } from '../../domain/consent.ts';
import { reasonWith, safeCode } from '../../domain/delivery.ts';
import { coveringAuthorisation, namesAll, type Authorisation } from '../../domain/destination.ts';
import type { ConsentRecord, Lead } from '../../domain/lead.ts';
import { isUndo } from '../../domain/verdict.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { callKey } from '../../mapping/calls/situations.ts';
import {
  unchanged,
  type Told,
  type ApplyResult,
  type CompiledMapping,
  type WriteSituation,
  type WrittenRecord,
} from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import type { LeadRead } from '../../store/leads/leads.ts';
import type { CallProgress, ClaimedDelivery, Ready, Stop, Stopped, Unwritable } from '../trip/attempt.ts';
import { afterUndoing, begun, calledAttempt, nextCall, notUndone } from '../calls/progress.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { manualTaskFor } from '../outcome/follow-ups.ts';
import type { Inputs, Trip } from '../trip/trip.ts';
import {
  carriesRight,
  neededOnly,
  readFormers,
  readHeldContent,
  leadUnderRestriction,
  addsNothingNew,
  type Former,
  type HeldContent,
} from './rights.ts';

/** Kept with the first departure, so that what is written again says the same moment. */
export const writtenAtOf = (row: ClaimedDelivery): Date => row.firstDepartedAt ?? row.now;

export interface ContentInputs {
  /** The version in force: what the destination takes now, and through which targets. */
  readonly mapping: CompiledMapping;
  /** The version that writes the content: the one in force, or the one the recipient may hold a content of. */
  readonly content: CompiledMapping;
  readonly leads: ReadonlyMap<number, LeadRead>;
  /** Earlier revisions kept, by `leadId:revision`. */
  readonly revisions: ReadonlyMap<string, Lead>;
  readonly authorisations: readonly Authorisation[];
  readonly now: Date;
  /** The progress of a delivery of several calls. */
  readonly progress?: CallProgress | undefined;
  /** The opt-ins that the recipient has accepted, for an update. */
  readonly told?: Told | undefined;
  /** Leads whose person gave no sign for two years (C33). */
  readonly inactive?: ReadonlySet<number>;
  /** Leads whose client owes something before they leave: the clause (C49, C50). */
  readonly incomplete?: ReadonlyMap<number, string>;
  /** The authorisation under which the lead was handed over; given if no authorisation covers it any more. */
  readonly former?: Former | undefined;
  /** The values that the recipient holds; given for an update of a lead under a restriction. */
  readonly held?: HeldContent | undefined;
}

export function renderContent(row: ClaimedDelivery, inputs: ContentInputs): Ready | Stopped {
  const read = inputs.leads.get(row.leadId);
  if (read === undefined) return { row, state: 'cancelled', reason: 'erased', fields: [] };
  const present = read.lead;
  const stop: Stop = (state, reason, fields = []) => ({
    row,
    state,
    reason,
    fields,
    readRevision: present.revision,
  });
  const isRestricted = read.restricted === true && present.erasedAt === undefined && row.action !== 'erase';
  const said = isRestricted ? leadUnderRestriction(row, present, inputs.held, inputs.now) : present;
  if (said === undefined) return stop('withheld', 'restricted');
  const receiver = receiverOf(row, said, inputs, stop);
  if ('state' in receiver) return receiver;
  const content = renderFor(row, said, receiver, inputs, stop);
  // An update that the mapping cannot write with so few fields becomes a task for support.
  if (isRestricted && isUnrendered(content)) return stopForManualTask(row);
  return 'record' in content ? { ...content, readRevision: present.revision } : content;
}

const isUnrendered = (content: Ready | Stopped): boolean =>
  'state' in content && (content.state === 'failed' || content.state === 'withheld');

/** The authorisation under which it is sent; `former`: one that has ended. */
interface Receiver {
  readonly authorisation: Authorisation;
  readonly former: Former | undefined;
}

/** Decides if the lead may be sent to this destination now. */
function receiverOf(
  row: ClaimedDelivery,
  present: Lead,
  inputs: ContentInputs,
  stop: Stop,
): Receiver | Stopped {
  const { mapping, content, now } = inputs;
  if (present.erasedAt !== undefined && row.action !== 'erase') return stop('cancelled', 'erased');
  // Updates and erasures still reach a recipient that has the lead.
  if (row.action === 'create' && inputs.inactive?.has(row.leadId) === true)
    return stop('withheld', 'inactive');
  const owed = row.action === 'create' ? inputs.incomplete?.get(row.leadId) : undefined;
  if (owed !== undefined) return stop('withheld', reasonWith('go_live_incomplete', owed));
  const plan = mapping.actions[row.action];
  if (plan === undefined)
    return stop('failed', row.action === 'erase' ? 'manual_erasure_required' : 'manual_update_required');
  // The lead was planned before the mapping could be read, or was corrected since: one that the destination does not accept does not
  // leave.
  // In a file of all current leads this is checked each time.
  if (row.action === 'create' && (row.departures === 0 || mapping.full !== undefined)) {
    const accepted = mapping.accepts(present);
    if (!accepted.yes) return stop('cancelled', reasonWith('not_accepted', safeCode(accepted.because)));
  }
  const live = coveringAuthorisation(inputs.authorisations, plan.targets, content.categories, now);
  if (live !== undefined) return { authorisation: live, former: undefined };
  const former = carriesRight(row, present, now) ? inputs.former : undefined;
  if (former === undefined) return stop('withheld', 'recipient_not_authorised');
  const { authorisation } = former;
  // The plan has other targets than the lead was sent to: its recipient of that time is not reached.
  if (!namesAll(authorisation.targets, plan.targets)) return stopForManualTask(row);
  return { authorisation, former };
}

const stopForManualTask = (row: ClaimedDelivery): Stopped => ({ row, ...manualTaskFor(row), fields: [] });

function renderFor(
  row: ClaimedDelivery,
  present: Lead,
  { authorisation, former }: Receiver,
  inputs: ContentInputs,
  stop: Stop,
): Ready | Stopped {
  const { content, progress } = inputs;
  const held = contentLead(progress === undefined ? row : heldRow(row, progress), present, inputs);
  const lead = former === undefined ? held : neededOnly(held, former);
  const situation: WriteSituation = {
    action: row.action,
    key: row.key,
    ...(row.knownReference === undefined ? {} : { recipientReference: row.knownReference }),
    writtenAt: writtenAtOf(row),
    now: inputs.now,
    categories: authorisation.categories,
    ...(inputs.told === undefined ? {} : { told: inputs.told }),
  };
  const call = progress === undefined ? undefined : nextCall(progress, lead, situation);
  if (progress?.undoing !== undefined && call === undefined)
    return afterUndoing(progress.undoing, progress.done.size > 0, stop);
  if (progress !== undefined && call === undefined)
    return progress.done.size > 0 ? stop('delivered', 'accepted') : stop('cancelled', 'not_needed');
  const own =
    call === undefined || progress === undefined
      ? situation
      : { ...situation, key: callKey(row.key, call.name), call: call.name, captured: progress.captured };
  const result = content.apply(lead, own);
  if (former !== undefined && !(result.ok && addsNothingNew(result.record.consents, former)))
    return stopForManualTask(row);
  if (!result.ok && call !== undefined && isUndo(call.name)) return notUndone(result, stop);
  if (!result.ok) return stopUnrenderable(row.action, result, stop);
  // A delivery of several calls decides for each call: one that only reads has no fields, and others follow.
  if (call === undefined && isEmptyUpdate(result.record)) return stop('cancelled', 'not_needed');
  return {
    row,
    lead,
    record: result.record,
    writeFor: (record) => recordOf(content.apply(lead, { ...own, ...record })),
    readRevision: present.revision,
    contentRevision: lead.revision,
    authorisation,
    ...(former === undefined ? {} : { former: true as const }),
    ...(call === undefined || progress === undefined
      ? {}
      : { call: { ...call, attempt: calledAttempt(call, progress, lead, situation) } }),
  };
}

const recordOf = (result: ApplyResult): WrittenRecord | undefined => (result.ok ? result.record : undefined);

/** An update that holds opt-ins alone, none of which has changed. */
const isEmptyUpdate = ({ fieldNames, consents }: WrittenRecord): boolean =>
  fieldNames.length === 0 && consents.some(({ value }) => value === unchanged);

/** Turns a refusal of the mapping into the state and reason of the delivery. */
function stopUnrenderable(action: ClaimedDelivery['action'], result: Unwritable, stop: Stop): Stopped {
  switch (result.why) {
    case 'opt_in_missing': {
      const [first] = result.missing;
      const which = first === undefined ? undefined : `${first.purpose}.${first.channel}`;
      return stop('withheld', reasonWith('opt_in_missing', which));
    }
    case 'opt_in_held':
      return stop('withheld', 'opt_in_held', [result.field]);
    case 'category_not_authorised':
      return stop('withheld', reasonWith('category_not_authorised', result.category));
    case 'capture_missing':
      return action === 'erase'
        ? stop('failed', 'manual_erasure_required')
        : stop(
            'failed',
            reasonWith('reference_missing', result.capture === 'reference' ? '' : result.capture),
          );
    case 'invalid':
      return stop(
        'failed',
        reasonWith('invalid', result.problems[0]?.code),
        result.problems.map((problem) => problem.field),
      );
  }
}

type HeldRow = Pick<ClaimedDelivery, 'action' | 'leadId' | 'maybeReceived' | 'sentRevision'>;

/** All calls of a delivery render one revision, and a call that may have arrived is rendered as it was. */
function heldRow(row: ClaimedDelivery, progress: CallProgress): HeldRow {
  const sentRevision = row.sentRevision === 0 ? 0 : (progress.open?.sentRevision ?? progress.oldestRevision);
  return { ...row, maybeReceived: begun(progress), sentRevision };
}

function contentLead(row: HeldRow, present: Lead, inputs: ContentInputs): Lead {
  if (
    !row.maybeReceived ||
    row.sentRevision === 0 ||
    row.sentRevision >= present.revision ||
    row.action === 'erase'
  )
    return present;
  const earlier = inputs.revisions.get(`${row.leadId}:${row.sentRevision}`);
  if (earlier === undefined || moreProtective(earlier.consents, present.consents, inputs.now)) return present;
  // Refusals of other persons are those of now, whatever the revision.
  const { refusedAtAddress } = present;
  return refusedAtAddress === undefined ? earlier : { ...earlier, refusedAtAddress };
}

/** True if the prospect has taken something back since: then the old content may not leave again. */
export function moreProtective(
  before: readonly ConsentRecord[],
  now: readonly ConsentRecord[],
  at: Date,
): boolean {
  const pairs = new Map(now.map((consent) => [`${consent.purpose}:${consent.channel}`, consent]));
  for (const { purpose, channel } of pairs.values()) {
    const was = answerToTell(before, purpose, channel, at)?.state;
    const is = answerToTell(now, purpose, channel, at)?.state;
    if (was !== is && is !== 'granted') return true;
  }
  return false;
}

type RenderNeeds = {
  readonly database: Database;
  readonly published: Published;
  readonly log: Log;
};

export async function renderAll(
  needs: RenderNeeds,
  rows: readonly ClaimedDelivery[],
  inputs: Inputs & {
    /** By delivery. */
    readonly told: ReadonlyMap<number, Told>;
  },
  { mapping, content, progress, inForceId }: Pick<Trip, 'mapping' | 'content' | 'progress' | 'inForceId'>,
): Promise<readonly (Ready | Stopped)[]> {
  const now = needs.database.now();
  const inputsOf = (row: ClaimedDelivery): ContentInputs => ({
    ...inputs,
    mapping,
    content,
    progress,
    now,
    told: inputs.told.get(row.id),
    authorisations: inputs.authorisations.get(row.destinationId) ?? [],
  });
  const write = (row: ClaimedDelivery, own: ContentInputs): Ready | Stopped => {
    const result = renderOne(needs.log, row, own);
    return 'state' in result ? { ...result, inForceId } : result;
  };
  const rendered = rows.map((row) => write(row, inputsOf(row)));
  const barred = rendered.filter(isBarred).map((result) => result.row);
  if (barred.length === 0) return rendered;
  const formers = await readFormers(needs, barred, inputs.authorisations);
  const held = await readHeldContent(
    needs.database,
    barred.filter((row) => row.action === 'update'),
  );
  return rendered.map((result) =>
    isBarred(result)
      ? write(result.row, {
          ...inputsOf(result.row),
          former: formers.get(result.row.id),
          held: held.get(result.row.id),
        })
      : result,
  );
}

function renderOne(log: Log, row: ClaimedDelivery, inputs: ContentInputs): Ready | Stopped {
  try {
    return renderContent(row, inputs);
  } catch (error) {
    log.error('delivery.broken', {
      destination: row.destinationId,
      delivery: row.id,
      code: foreignCode(error),
    });
    return { row, state: 'failed', reason: reasonWith('invalid', 'BROKEN'), fields: [] };
  }
}

const barringReasons: ReadonlySet<string> = new Set(['recipient_not_authorised', 'restricted']);

const isBarred = (result: Ready | Stopped): result is Stopped =>
  'state' in result && barringReasons.has(result.reason) && result.row.action !== 'create';
