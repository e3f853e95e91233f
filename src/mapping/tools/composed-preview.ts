// Previews the requests of one lead whole: each call with the headers that the connector composes.
// Invariant: pure, without secrets; the connector's own `compose` makes headers and bytes, so they are those that would be sent.
import type { Action, Composed, Connector, Parcel } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { captureMarks, situationAt } from '../calls/situations.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';
import { previewCalls, previewMapping, type Preview } from './preview.ts';
import { withAcceptedOptIn } from './trials.ts';

export interface ComposedCall {
  /** Empty where the delivery is one call. */
  readonly name: string;
  /** False where this lead does not need the call; the other properties are then meaningless. */
  readonly applies: boolean;
  readonly result: Preview['result'];
  /** Undefined where nothing would be sent. */
  readonly composed: Composed | undefined;
  /** The look-up for this delivery, where there is one. */
  readonly question: Composed | undefined;
}

interface ComposedPreview {
  readonly accepts: Preview['accepts'];
  readonly calls: readonly ComposedCall[];
  readonly consentTable: Preview['consentTable'];
  /** The read-back after the acceptance, and the fields it compares. */
  readonly readBack: { readonly composed: Composed; readonly fields: readonly string[] } | undefined;
}

/** Replaces the CRM's own reference, which is known only after a create. */
const recipientReference = 'REF-OF-THE-CRM';

export function composedPreview(
  mapping: CompiledMapping,
  stored: Lead,
  asked: {
    readonly action: Action;
    /** For an update: the recipient already acknowledged these answers. */
    readonly optIn?: 'unchanged' | undefined;
    readonly key: string;
    readonly now: Date;
    readonly connectors: Readonly<Record<string, Connector>>;
  },
): ComposedPreview {
  const { action, key } = asked;
  const plain = situationAt(mapping, asked.now, { action, key, recipientReference });
  const { lead, situation } =
    asked.optIn === undefined
      ? { lead: stored, situation: plain }
      : withAcceptedOptIn(mapping, stored, plain);
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
    readBack: readBackOf(mapping, lead, { ...situation, recipientReference }, asked.connectors),
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

function readBackOf(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
  connectors: Readonly<Record<string, Connector>>,
): ComposedPreview['readBack'] {
  const { readBack } = mapping;
  if (readBack === undefined || situation.action === 'erase') return undefined;
  const body = { bytes: new Uint8Array(0), mediaType: 'application/json', extension: 'json' };
  const captured = { ...captureMarks(mapping), ...situation.captured };
  const parcel = singleParcel(mapping, lead, { ...situation, captured }, { body });
  const composed = connectors[mapping.connector]?.composeQuestion?.(parcel, readBack.settings);
  return composed === undefined ? undefined : { composed, fields: readBack.fields };
}

// Makes a parcel of one written lead, for tools that show or try a request.
// Invariant: equal to the parcel of a delivery except for the numbers, since it belongs to none.

/** @param sequence number of the file, for destinations of files */
export function singleParcel(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
  { body, sheet, title }: Pick<Parcel, 'body' | 'sheet' | 'title'>,
  sequence = 1,
): Parcel {
  const { action, key, captured, recipientReference, writtenAt } = situation;
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action,
    items: [
      {
        deliveryId: 0,
        key,
        idempotencyKey: key,
        leadReference: lead.reference,
        recipientReference,
        captured,
      },
    ],
    body,
    sheet,
    title,
    ...(mapping.schedule === undefined ? {} : { batch: { sequence, slot: writtenAt, rows: 1 } }),
    writtenAt,
  };
}
