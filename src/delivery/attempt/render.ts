// Station 5b: what this attempt says. Reads the lead, applies the mapping, decides what cannot leave and why.
// Invariant: once the recipient may hold a content, the same content is written again, unless a right forbids it (guarantee 4).
import { currentConsent } from '../../domain/consent.ts';
import { coveringAuthorisation, type Authorisation } from '../../domain/destination.ts';
import { reasonWith, safeCode, type DeliveryState } from '../../domain/delivery.ts';
import type { ConsentRecord, Lead } from '../../domain/lead.ts';
import { callKey } from '../../mapping/calls/situations.ts';
import type { CompiledMapping, WriteSituation, WrittenRecord } from '../../mapping/contract.ts';
import type { LeadRead } from '../../store/leads.ts';
import {
  begun,
  calledAttempt,
  nextCall,
  type CallWay,
  type CalledAttempt,
  type Progress,
} from './call-progress.ts';
import type { ClaimedDelivery } from './claim.ts';
import { byHand, carriesRight, neededOnly, tellsNothingNew, type Former } from './former-authorisation.ts';

export interface Ready {
  readonly row: ClaimedDelivery;
  readonly lead: Lead;
  readonly record: WrittenRecord;
  /** Revision of the lead as read under no lock; departure requires it unchanged. */
  readonly readRevision: number;
  /** Revision of the content written: `readRevision`, or the earlier one the recipient may hold. */
  readonly contentRevision: number;
  readonly authorisation: Authorisation;
  /** The authorisation has ended: a right is exercised under the one of that time. */
  readonly former?: true;
  /** The call that leaves, where the delivery needs several. */
  readonly call?: CallWay & { readonly attempt: CalledAttempt };
}

export interface Stopped {
  readonly row: ClaimedDelivery;
  /** `delivered`: what was left of its calls is not needed any more. */
  readonly state: Extract<DeliveryState, 'withheld' | 'failed' | 'cancelled' | 'delivered'>;
  readonly reason: string;
  /** Field names concerned, for the log. */
  readonly fields: readonly string[];
  /** Revision of the lead that was judged, under no lock; where it has changed since, the row is judged again. */
  readonly readRevision?: number;
}

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
  /** Where a delivery of several calls stands. */
  readonly progress?: Progress | undefined;
  /** Under what it was handed over before: given where nobody is authorised to receive it any more. */
  readonly former?: Former | undefined;
}

export function writeContent(row: ClaimedDelivery, inputs: ContentInputs): Ready | Stopped {
  const read = inputs.leads.get(row.leadId);
  const stop = (state: Stopped['state'], reason: string, fields: readonly string[] = []): Stopped => ({
    row,
    state,
    reason,
    fields,
    ...(read === undefined ? {} : { readRevision: read.lead.revision }),
  });
  if (read === undefined) return stop('cancelled', 'erased');
  const present = read.lead;
  if (present.erasedAt !== undefined && row.action !== 'erase') return stop('cancelled', 'erased');
  const { mapping } = inputs;
  const plan = mapping.actions[row.action];
  if (plan === undefined)
    return stop('failed', row.action === 'erase' ? 'manual_erasure_required' : 'manual_update_required');
  // Planned while the mapping could not be asked, or corrected since: a lead that goes elsewhere does not leave here.
  if (row.action === 'create' && row.departures === 0) {
    const accepted = mapping.accepts(present);
    if (!accepted.yes) return stop('cancelled', reasonWith('not_accepted', safeCode(accepted.because)));
  }
  const { content } = inputs;
  const live = coveringAuthorisation(inputs.authorisations, plan.targets, content.categories, inputs.now);
  const former = live === undefined && carriesRight(row, present, inputs.now) ? inputs.former : undefined;
  const authorisation = live ?? former?.authorisation;
  if (authorisation === undefined) return stop('withheld', 'recipient_not_authorised');
  const byHandNow = (): Stopped => ({ row, ...byHand(row), fields: [] });
  // Another way than the one it went: its recipient of that time is not reached by it.
  if (former !== undefined && !plan.targets.every((one) => authorisation.targets.includes(one.toLowerCase())))
    return byHandNow();

  const { progress } = inputs;
  const held = contentLead(progress === undefined ? row : heldBy(row, progress), present, inputs);
  const lead = former === undefined ? held : neededOnly(held, former);
  const situation: WriteSituation = {
    action: row.action,
    key: row.key,
    ...(row.knownReference === undefined ? {} : { recipientReference: row.knownReference }),
    writtenAt: writtenAtOf(row),
    now: inputs.now,
    categories: authorisation.categories,
  };
  const call = progress === undefined ? undefined : nextCall(progress, lead, situation);
  if (progress !== undefined && call === undefined)
    return progress.done.size > 0 ? stop('delivered', 'accepted') : stop('cancelled', 'not_needed');
  const result = content.apply(
    lead,
    call === undefined || progress === undefined
      ? situation
      : { ...situation, key: callKey(row.key, call.name), call: call.name, captured: progress.captured },
  );
  if (former !== undefined && !(result.ok && tellsNothingNew(result.record.consents, former)))
    return byHandNow();
  if (result.ok) {
    return {
      row,
      lead,
      record: result.record,
      readRevision: present.revision,
      contentRevision: lead.revision,
      authorisation,
      ...(former === undefined ? {} : { former: true as const }),
      ...(call === undefined || progress === undefined
        ? {}
        : { call: { ...call, attempt: calledAttempt(call, progress, lead, situation) } }),
    };
  }
  switch (result.why) {
    case 'opt_in_missing': {
      const [first] = result.missing;
      return stop(
        'withheld',
        reasonWith('opt_in_missing', first === undefined ? undefined : `${first.purpose}.${first.channel}`),
      );
    }
    case 'opt_in_held':
      return stop('withheld', 'opt_in_held', [result.field]);
    case 'category_not_authorised':
      return stop('withheld', reasonWith('category_not_authorised', result.category));
    case 'capture_missing':
      return row.action === 'erase'
        ? stop('failed', 'manual_erasure_required')
        : stop(
            'failed',
            reasonWith('reference_missing', result.capture === 'reference' ? '' : result.capture),
          );
    case 'invalid':
      return stop(
        'failed',
        reasonWith('invalid', result.problems[0]?.code),
        result.problems.map((one) => one.field),
      );
  }
}

type Held = Pick<ClaimedDelivery, 'action' | 'leadId' | 'maybeReceived' | 'sentRevision'>;

/** All calls of a delivery tell of one revision, and a call that may have arrived is written as it was. */
function heldBy(row: ClaimedDelivery, progress: Progress): Held {
  const sentRevision = row.sentRevision === 0 ? 0 : (progress.open?.sentRevision ?? progress.oldestRevision);
  return { ...row, maybeReceived: begun(progress), sentRevision };
}

function contentLead(row: Held, present: Lead, inputs: ContentInputs): Lead {
  if (
    !row.maybeReceived ||
    row.sentRevision === 0 ||
    row.sentRevision >= present.revision ||
    row.action === 'erase'
  )
    return present;
  const earlier = inputs.revisions.get(`${row.leadId}:${row.sentRevision}`);
  return earlier === undefined || moreProtective(earlier.consents, present.consents, inputs.now)
    ? present
    : earlier;
}

/** Whether the prospect has since taken something back: then the old content may not leave again. */
export function moreProtective(
  before: readonly ConsentRecord[],
  now: readonly ConsentRecord[],
  at: Date,
): boolean {
  const pairs = new Map(now.map((one) => [`${one.purpose}:${one.channel}`, one]));
  for (const { purpose, channel } of pairs.values()) {
    const [was, is] = [
      currentConsent(before, purpose, channel, at)?.state,
      currentConsent(now, purpose, channel, at)?.state,
    ];
    if (was !== is && is !== 'granted') return true;
  }
  return false;
}
