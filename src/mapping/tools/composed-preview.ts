// What one lead would become at its destination, whole: each call with its head as the connector would compose it.
// Invariant: pure, without secrets; head and bytes come from the connector's own compose, so they are those that would leave.
import type { Action, Composed, Connector } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';
import { previewCalls, previewMapping, type Preview } from './preview.ts';
import { singleParcel } from './single-parcel.ts';

export interface ComposedCall {
  /** Empty where the delivery is one call. */
  readonly name: string;
  /** False where this lead does not need the call; the rest is then without meaning. */
  readonly applies: boolean;
  readonly result: Preview['result'];
  /** Undefined where nothing would leave. */
  readonly composed: Composed | undefined;
  /** The look-up that asks what became of it, where there is one. */
  readonly question: Composed | undefined;
}

export interface ComposedPreview {
  readonly accepts: Preview['accepts'];
  readonly calls: readonly ComposedCall[];
  readonly consentTable: Preview['consentTable'];
}

/** Stands where a CRM's own reference would: it is known only after a create. */
const recipientReference = 'REF-OF-THE-CRM';

export function composedPreview(
  mapping: CompiledMapping,
  lead: Lead,
  asked: {
    readonly action: Action;
    readonly key: string;
    readonly now: Date;
    readonly connectors: Readonly<Record<string, Connector>>;
  },
): ComposedPreview {
  const situation: WriteSituation = {
    action: asked.action,
    key: asked.key,
    recipientReference,
    writtenAt: asked.now,
    now: asked.now,
    categories: mapping.client.categories,
  };
  const compose = (preview: Preview, at: WriteSituation): Composed | undefined => {
    if (!preview.result.ok) return undefined;
    const parcel = singleParcel(mapping, lead, { ...at, recipientReference }, preview.result);
    return asked.connectors[mapping.connector]?.compose(parcel, preview.settings);
  };
  const calls = previewCalls(mapping, lead, situation);
  const whole = calls.find((call) => call.applies)?.preview ?? previewMapping(mapping, lead, situation);
  const ask = (preview: Preview, at: WriteSituation): Composed | undefined => {
    const body = mapping.question({ ...at, recipientReference, leadReference: lead.reference }, at.call);
    if (body === undefined || !preview.result.ok) return undefined;
    const parcel = singleParcel(mapping, lead, { ...at, recipientReference }, { body });
    return asked.connectors[mapping.connector]?.composeQuestion?.(parcel, preview.settings);
  };
  const single = {
    name: '',
    applies: true,
    result: whole.result,
    composed: compose(whole, situation),
    question: ask(whole, situation),
  };
  return {
    accepts: whole.accepts,
    consentTable: whole.consentTable,
    calls:
      calls.length === 0
        ? [single]
        : calls.map(({ name, applies, preview, situation: at }) => ({
            name,
            applies,
            result: preview.result,
            composed: applies ? compose(preview, at) : undefined,
            question: applies ? ask(preview, at) : undefined,
          })),
  };
}
