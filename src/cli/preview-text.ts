// Prints a preview: head lines, the body, the sheet, the origin of each value, the opt-in truth table.
// Invariant: shows the result of composed-preview, byte for byte.
import { randomUUID } from 'node:crypto';
import { connectors } from '../../connectors/index.ts';
import type { Action, Composed, SheetSection } from '../../connectors/contract.ts';
import type { Lead } from '../domain/lead.ts';
import { isUndo } from '../domain/verdict.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { composedPreview, type ComposedCall } from '../mapping/tools/composed-preview.ts';
import type { Preview } from '../mapping/tools/preview.ts';
import { contentShown, headLines, whyNotWritten } from '../support/mappings/preview-words.ts';
import { hostNow } from './host-clock.ts';
import { table } from './table.ts';
import { out, say, strong } from './terminal.ts';

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
  for (const line of headLines(readBack.composed)) out(line);
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
  for (const line of headLines(composed)) out(line);
  printContent(mapping, result, composed);
  printSheet(result.sheet);
  if (question !== undefined) printQuestion(question);
  out(strong('\nWhere each value comes from'));
  table(
    ['field', 'from', 'value'],
    result.origins.map(({ field, source, value }) => [field, source, value]),
  );
}

function printContent(
  mapping: CompiledMapping,
  result: Extract<Preview['result'], { readonly ok: true }>,
  composed: Composed | undefined,
): void {
  const { text, bytes, mediaType } = contentShown(mapping, result, composed);
  if (text === '') return;
  out(`\n${text.trimEnd()}\n`);
  out(mediaType === undefined ? `(${bytes} bytes)` : `(${bytes} bytes, ${mediaType})`);
}

function printQuestion(question: Composed): void {
  const { content } = question;
  out(strong('\nAsked where nobody knows whether it arrived'));
  for (const line of headLines(question)) out(line);
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
  for (const [, english] of whyNotWritten(result)) out(`  ${english}`);
}
