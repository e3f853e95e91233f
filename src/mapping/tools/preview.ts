// Previews a lead for people: bytes, sheet, the source of each value, the value of each consent state.
// Invariant: pure; nothing is sent, and the bytes shown are those that would be sent.
import type { Action, Body } from '../../../connectors/contract.ts';
import type { ConsentState, Lead } from '../../domain/lead.ts';
import { callPlanOf, callSituations, undoSituations } from '../calls/situations.ts';
import type { ApplyResult, CallPlan, CompiledMapping, WriteSituation, WrittenRecord } from '../contract.ts';
import { decode, charsetIn } from '../formats/encoding.ts';
import { channelWords, purposeWords } from '../../domain/lead-values.ts';

export interface Preview {
  readonly client: string;
  readonly destination: string;
  readonly connector: string;
  /** If the destination takes this lead. */
  readonly accepts: ReturnType<CompiledMapping['accepts']>;
  readonly settings: unknown;
  /** Every consent line with its value in each state; the state of this lead where it is known. */
  readonly consentTable: readonly (CompiledMapping['consentTable'][number] & {
    readonly label: string;
    readonly now?: ConsentState;
  })[];
  readonly result: Written | Exclude<ApplyResult, { readonly ok: true }>;
}

interface Written extends Omit<WrittenRecord, 'key' | 'values'> {
  readonly ok: true;
  readonly body: Body;
  /** The body as the recipient reads it. */
  readonly text: string;
}

/** Several opt-ins may be in one field: a list, a text of lines. */
const rowKey = ({
  field,
  purpose,
  channel,
}: Omit<Preview['consentTable'][number], 'label' | 'values'>): string =>
  JSON.stringify([field, purpose, channel]);

export function previewMapping(compiled: CompiledMapping, lead: Lead, situation: WriteSituation): Preview {
  const applied = compiled.apply(lead, situation);
  const states = new Map(
    applied.ok ? applied.record.consents.map((consent) => [rowKey(consent), consent.state]) : [],
  );
  return {
    client: compiled.clientName,
    destination: compiled.destinationId,
    connector: compiled.connector,
    accepts: compiled.accepts(lead),
    settings: callOf(compiled, situation)?.settings ?? compiled.actions[situation.action]?.settings,
    consentTable: tableOf(compiled, situation.action).map((row) => {
      const now = states.get(rowKey(row));
      const label = `${purposeWords[row.purpose]} par ${channelWords[row.channel]}`;
      return { ...row, label, now };
    }),
    result: applied.ok ? written(compiled, applied.record, situation) : applied,
  };
}

const tableOf = (
  { consentTable, updateConsentTable = consentTable }: CompiledMapping,
  action: Action,
): CompiledMapping['consentTable'] => (action === 'update' ? updateConsentTable : consentTable);

const callOf = (compiled: CompiledMapping, situation: WriteSituation): CallPlan | undefined =>
  situation.call === undefined ? undefined : callPlanOf(compiled, situation.action, situation.call);

/**
 * Each call of the action, then the undos; ids that earlier answers give are shown as ‹person.id›. Empty where the action is one call.
 */
export function previewCalls(compiled: CompiledMapping, lead: Lead, situation: WriteSituation) {
  const all = [...callSituations(compiled, lead, situation), ...undoSituations(compiled, lead, situation)];
  return all.map(({ call, applies, situation: own }) => ({
    name: call.name,
    applies,
    situation: own,
    preview: previewMapping(compiled, lead, own),
  }));
}

function written(compiled: CompiledMapping, record: WrittenRecord, situation: WriteSituation): Written {
  const batch =
    compiled.schedule === undefined ? undefined : { sequence: 1, slot: situation.writtenAt, rows: 1 };
  const body = compiled.write([record], situation.action, batch, situation.call);
  const { key: _key, values: _values, ...shown } = record;
  return { ok: true, body, text: decode(body.bytes, charsetIn(body.mediaType)), ...shown };
}
