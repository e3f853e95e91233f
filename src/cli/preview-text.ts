// A preview as people read it: head lines, the body, the sheet, the origin of each value, the opt-in truth table.
// Invariant: shows what composed-preview has made, byte for byte.
import { randomUUID } from 'node:crypto';
import { connectors } from '../../connectors/index.ts';
import type { Action, Composed, SheetSection } from '../../connectors/contract.ts';
import type { Lead } from '../domain/lead.ts';
import { isUndo } from '../domain/undo.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { composedPreview, type ComposedCall } from '../mapping/tools/composed-preview.ts';
import type { Preview } from '../mapping/tools/preview.ts';
import { hostNow } from './host-clock.ts';
import { table } from './table.ts';
import { out, say, strong } from './terminal.ts';

/** A mark for an id not yet given, once the connector has put it into an address. */
const encodedMark = /%E2%80%B9([A-Za-z0-9_.]+)%E2%80%BA/g;

export interface Previewed {
  readonly action: Action;
  /** The recipient has accepted the opt-in before. */
  readonly optIn?: 'unchanged' | undefined;
}

export function printPreview(mapping: CompiledMapping, lead: Lead, { action, optIn }: Previewed): void {
  const { accepts, calls, consentTable, readBack } = composedPreview(mapping, lead, {
    action,
    optIn,
    key: randomUUID(),
    now: hostNow(),
    connectors,
  });
  if (!accepts.yes) say(`note: this lead would not go there: accepts.${accepts.because}`);
  const made = calls.filter(({ name }) => !isUndo(name)).length;
  for (const [index, call] of calls.entries()) {
    if (call.name !== '') out(strong(`${index > 0 ? '\n' : ''}${headOf(call.name, index, made)}`));
    if (call.applies) show(mapping, call);
    else out('  not made for this lead');
  }
  out(strong('\nOpt-in truth table'));
  table(
    ['field', 'purpose and channel', 'granted', 'refused', 'not_asked', 'withdrawn', 'this lead'],
    consentTable.map(({ field, label, values, now: state }) => [
      field,
      label,
      values.granted,
      values.refused,
      values.not_asked,
      values.withdrawn,
      state ?? '-',
    ]),
  );
  if (action === 'update') out(onUpdate(mapping, optIn));
  if (mapping.callback !== undefined)
    out(
      `\nWhat is decided later may be told: POST /callbacks/${mapping.destinationId}, signed with secret:${mapping.callback.secret}`,
    );
  if (readBack === undefined) return;
  out(strong(`\nRead back after the acceptance, to compare ${readBack.fields.join(', ')}`));
  for (const line of readBack.composed.head) out(line.replaceAll(encodedMark, '‹$1›'));
}

const headOf = (name: string, index: number, made: number): string =>
  isUndo(name) ? `Where a later call is refused for good: ${name}` : `Call ${index + 1} of ${made}: ${name}`;

function onUpdate({ optInOnUpdate }: CompiledMapping, optIn: Previewed['optIn']): string {
  if (optInOnUpdate === 'always')
    return '\nEach update writes a yes again, also where it did not change: somebody who unsubscribed there meanwhile is subscribed again.';
  return optIn === 'unchanged'
    ? '\nShown as after a correction: a yes that the recipient has accepted already is left out.'
    : '\nShown as after a new answer. --opt-in unchanged shows a correction: a yes that the recipient has accepted already is left out.';
}

function show(mapping: CompiledMapping, { result, composed, question }: ComposedCall): void {
  if (!result.ok) return notWritten(result);
  out(strong(`To ${composed?.target ?? mapping.destinationId}`));
  for (const line of composed?.head ?? []) out(line.replaceAll(encodedMark, '‹$1›'));
  printContent(mapping, result, composed);
  printSheet(result.sheet);
  if (question !== undefined) printQuestion(question);
  out(strong('\nWhere each value comes from'));
  table(
    ['field', 'from', 'value'],
    result.origins.map(({ field, source, value }) => [field, source, value]),
  );
}

/** What leaves, as the connector makes it; of a mail and its like the sheet below says what its reader reads. */
function printContent(
  { connectorFacts }: CompiledMapping,
  { text, body }: Extract<Preview['result'], { readonly ok: true }>,
  composed: Composed | undefined,
): void {
  const content = composed?.content ?? body.bytes;
  const isOwn = connectorFacts.sheet || Buffer.from(content).equals(body.bytes);
  const shown = isOwn ? text : Buffer.from(content).toString('utf8');
  if (shown === '') return;
  out(`\n${shown.trimEnd()}\n`);
  out(isOwn ? `(${body.bytes.length} bytes, ${body.mediaType})` : `(${content.length} bytes)`);
}

function printQuestion({ head, content }: Composed): void {
  out(strong('\nAsked where nobody knows whether it arrived'));
  for (const line of head) out(line.replaceAll(encodedMark, '‹$1›'));
  if (content.length > 0) out(`\n${Buffer.from(content).toString('utf8').trimEnd()}`);
}

export function printSheet(sheet: readonly SheetSection[] = []): void {
  for (const section of sheet) {
    out(strong(`\n${section.title}`));
    for (const line of section.lines)
      out(`  ${line.emphasis === true ? '▶' : ' '} ${line.label} : ${line.value}`);
  }
}

export function notWritten(result: Extract<Preview['result'], { readonly ok: false }>): void {
  out(strong(`Would not leave: ${result.why}`));
  switch (result.why) {
    case 'opt_in_missing':
      for (const { purpose, channel } of result.missing)
        out(`  no answer is recorded for ${purpose} by ${channel}`);
      return;
    case 'opt_in_held':
      return out(`  the consent line of ${result.field} says hold for this state`);
    case 'category_not_authorised':
      return out(`  the contract does not cover ${result.category} data`);
    case 'capture_missing':
      return out(`  no answer has given ${result.capture} yet`);
    case 'invalid':
      for (const { field, code } of result.problems) out(`  ${field}: ${code}`);
  }
}
