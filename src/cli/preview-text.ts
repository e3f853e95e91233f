// A preview as people read it: head lines, the body, the sheet, the origin of each value, the opt-in truth table.
// Invariant: head and bytes come from the connector's own compose, without secrets, so they are those that would leave.
import { randomUUID } from 'node:crypto';
import { connectors } from '../../connectors/index.ts';
import type { Action, Composed, SheetSection } from '../../connectors/contract.ts';
import type { Lead } from '../domain/lead.ts';
import type { CompiledMapping, WriteSituation } from '../mapping/contract.ts';
import { previewCalls, previewMapping, type Preview } from '../mapping/tools/preview.ts';
import { hostNow } from './host-clock.ts';
import { singleParcel } from '../mapping/tools/single-parcel.ts';
import { table } from './table.ts';
import { out, say, strong } from './terminal.ts';

/** Stands where a CRM's own reference would: it is known only after a create. */
const recipientReference = 'REF-OF-THE-CRM';
/** A mark for an id not yet given, once the connector has put it into an address. */
const encodedMark = /%E2%80%B9([A-Za-z0-9_.]+)%E2%80%BA/g;

export function printPreview(mapping: CompiledMapping, lead: Lead, action: Action): void {
  const now = hostNow();
  const situation: WriteSituation = {
    ...{ action, key: randomUUID(), recipientReference, writtenAt: now, now },
    categories: mapping.client.categories,
  };
  const calls = previewCalls(mapping, lead, situation);
  const preview = calls.find((one) => one.applies)?.preview ?? previewMapping(mapping, lead, situation);
  if (!preview.accepts.yes) say(`note: this lead would not go there: accepts.${preview.accepts.because}`);
  for (const [index, call] of calls.entries()) {
    out(strong(`${index > 0 ? '\n' : ''}Call ${index + 1} of ${calls.length}: ${call.name}`));
    if (!call.applies) out('  not made for this lead');
    else show(mapping, lead, call.situation, call.preview);
  }
  if (calls.length === 0) show(mapping, lead, situation, preview);
  out(strong('\nOpt-in truth table'));
  table(
    ['field', 'purpose and channel', 'granted', 'refused', 'not_asked', 'withdrawn', 'this lead'],
    preview.consentTable.map(({ field, label, values, now: state }) => [
      ...[field, label, values.granted, values.refused, values.not_asked, values.withdrawn],
      state ?? '-',
    ]),
  );
}

function show(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
  { result, settings }: Preview,
): void {
  if (result.ok) written(mapping, lead, situation, result, settings);
  else notWritten(result);
}

export function printSheet(sheet: readonly SheetSection[] = []): void {
  for (const section of sheet) {
    out(strong(`\n${section.title}`));
    for (const line of section.lines)
      out(`  ${line.emphasis === true ? '▶' : ' '} ${line.label} : ${line.value}`);
  }
}

function written(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
  result: Extract<Preview['result'], { readonly ok: true }>,
  settings: unknown,
): void {
  const composed = compose(mapping, lead, situation, result, settings);
  out(strong(`To ${composed?.target ?? mapping.destinationId}`));
  for (const line of composed?.head ?? []) out(line.replaceAll(encodedMark, '‹$1›'));
  if (result.text !== '') {
    out(`\n${result.text.trimEnd()}\n`);
    out(`(${result.body.bytes.length} bytes, ${result.body.mediaType})`);
  }
  printSheet(result.sheet);
  out(strong('\nWhere each value comes from'));
  table(
    ['field', 'from', 'value'],
    result.origins.map((one) => [one.field, one.source, one.value]),
  );
}

export function notWritten(result: Extract<Preview['result'], { readonly ok: false }>): void {
  out(strong(`Would not leave: ${result.why}`));
  switch (result.why) {
    case 'opt_in_missing':
      for (const one of result.missing) out(`  no answer is recorded for ${one.purpose} by ${one.channel}`);
      return;
    case 'opt_in_held':
      return out(`  the consent line of ${result.field} says hold for this state`);
    case 'category_not_authorised':
      return out(`  the contract does not cover ${result.category} data`);
    case 'capture_missing':
      return out(`  no answer has given ${result.capture} yet`);
    case 'invalid':
      for (const one of result.problems) out(`  ${one.field}: ${one.code}`);
  }
}

function compose(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
  result: Extract<Preview['result'], { readonly ok: true }>,
  settings: unknown,
): Composed | undefined {
  const parcel = singleParcel(mapping, lead, { ...situation, recipientReference }, result);
  return connectors[mapping.connector]?.compose(parcel, settings);
}
