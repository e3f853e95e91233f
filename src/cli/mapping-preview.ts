// relais mapping preview: renders one lead to the byte, before anything is published or sent.
// Invariant: sends nothing, needs no secret; a stored lead is a person's data, so that showing it is logged (C39).
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import type { Action, Composed, SheetSection } from '../../connectors/contract.ts';
import { RelaisError } from '../errors.ts';
import { reasonOf } from './arguments.ts';
import { storedLead } from '../support/stored-leads.ts';
import { inventedLead } from './lead-show.ts';
import { chosenFile, soundFile, chosenVersion, whichOf, type Chosen } from './mapping-check.ts';
import { mappingsFolder, withApp, hostNow, table, out, say, strong } from './terminal.ts';
import { randomUUID } from 'node:crypto';
import { connectors } from '../../connectors/index.ts';
import type { Lead } from '../domain/lead.ts';
import { isUndo } from '../domain/verdict.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { composedPreview, type ComposedCall } from '../mapping/tools/composed-preview.ts';
import type { Preview } from '../mapping/tools/preview.ts';
import { contentShown, headLines, whyNotWritten } from '../support/mappings/diff-words.ts';
import { existsSync, writeFileSync } from 'node:fs';
import { toHtml, toMarkdown } from '../mapping/spec/blocks.ts';
import { clientDocument } from '../support/mappings/document.ts';

type PreviewOptions = Given<'sample reason dir action!'> & {
  readonly lead?: string;
  readonly optIn?: 'unchanged';
};

export function previewCommand(mapping: Command): void {
  mapping
    .command('preview <destination>')
    .description(
      'exact headers and bytes that would leave, where each value comes from, the opt-in truth table',
    )
    .option(
      '--sample <name>',
      "a lead of the client's samples folder, or a file; default: the first one, or a built-in invented lead",
    )
    .option('--lead <reference>', 'a stored lead (shown in clear, so it is logged: --reason)')
    .option('--reason <text>', 'why (ticket number); needed with --lead')
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .addOption(
      new Option('--action <action>', 'what the delivery tells')
        .choices(['create', 'update', 'erase'])
        .default('create'),
    )
    .addOption(
      new Option(
        '--opt-in <how>',
        'with --action update: the recipient has accepted these answers before, as when a name is corrected',
      ).choices(['unchanged']),
    )
    .examples(
      'Reads the file as it is, published or not. Nothing is sent; secrets are masked.',
      'relais mapping preview horizon-crm',
      'relais mapping preview horizon-crm --sample sans-opt-in',
      'relais mapping preview horizon-crm --action update --opt-in unchanged',
      'relais mapping preview horizon-crm --lead HZ-000123 --reason "ticket 17"',
    )
    .action((destination: string, options: PreviewOptions) => preview(destination, options));
}

async function preview(destination: string, options: PreviewOptions): Promise<void> {
  const folder = mappingsFolder(options.dir);
  const reason = options.lead === undefined ? '' : reasonOf(options.reason);
  if (options.lead !== undefined && options.sample !== undefined)
    throw new RelaisError('USAGE-001', 'Give --lead or --sample, not both.');
  const { sources, mapping } = chosenFile(folder, destination);
  if (mapping.actions[options.action] === undefined)
    throw new RelaisError(
      'USAGE-001',
      `${destination} takes no ${options.action}; it takes ${Object.keys(mapping.actions).join(', ')}.`,
    );
  const { lead } = options;
  if (lead === undefined)
    return printPreview(mapping, inventedLead(sources, folder, options.sample), options);
  return withApp(async (app) =>
    printPreview(
      mapping,
      await storedLead(
        app.database,
        { clientId: mapping.clientId, reference: lead },
        { actor: app.config.actor, reason, entries: ['revealed'] },
      ),
      options,
    ),
  );
}

// Prints a preview: head lines, the body, the sheet, the origin of each value, the opt-in truth table.
// Invariant: shows the result of composed-preview, byte for byte.

interface Previewed {
  readonly action: Action;
  /** The recipient has accepted the opt-in before. */
  readonly optIn?: 'unchanged' | undefined;
}

function printPreview(mapping: CompiledMapping, lead: Lead, { action, optIn }: Previewed): void {
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
      `\nA later decision may be reported: POST /callbacks/${mapping.destinationId}, signed with secret:${mapping.callback.secret}`,
    );
  if (readBack === undefined) return;
  out(strong(`\nRead back after the acceptance, to compare ${readBack.fields.join(', ')}`));
  for (const line of headLines(readBack.composed)) out(line);
}

const headOf = (name: string, index: number, made: number): string =>
  isUndo(name) ? `Where a later call is refused for good: ${name}` : `Call ${index + 1} of ${made}: ${name}`;

function onUpdate({ optInOnUpdate }: CompiledMapping, optIn: Previewed['optIn']): string {
  if (optInOnUpdate === 'always')
    return '\nEach update writes a yes again, also where it did not change: a person who unsubscribed there meanwhile is subscribed again.';
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

// relais mapping spec: writes the document the client signs, in French, as Markdown or as a page that prints.
// Invariant: invented persons only; an existing file is never overwritten.

type SpecOptions = Given<'version! out centre! centreRights centreTechnical dir'> & {
  readonly format: 'markdown' | 'html';
};

export function specCommand(mapping: Command): void {
  mapping
    .command('spec <destination>')
    .description('the document the client signs: fields, opt-in, answers, retries (French)')
    .option('--version <which>', 'file, published, or the number of a version', 'file')
    .addOption(
      new Option('--format <format>', 'form of the document')
        .choices(['markdown', 'html'])
        .default('markdown'),
    )
    .option('--out <file>', 'write it there (never over a file); default: standard output')
    .option('--centre <name>', 'the other party, as it signs', 'le centre de contact')
    .option('--centre-rights <contact>', "whom the client calls about prospects' rights; left to fill in")
    .option('--centre-technical <contact>', 'whom the client calls about the transport; left to fill in')
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .examples(
      'The file needs no database; a published version is read from it.',
      'relais mapping spec horizon-crm > horizon.md',
      'relais mapping spec horizon-crm --version published --format html --out horizon.html',
    )
    .action((destination: string, options: SpecOptions) => spec(destination, options));
}

async function spec(destination: string, options: SpecOptions): Promise<void> {
  const folder = mappingsFolder(options.dir);
  const which = whichOf(options.version);
  const chosen =
    which === 'file'
      ? soundFile(folder, destination)
      : await withApp((app) => chosenVersion(app, folder, destination, which));
  const document = written(chosen, options);
  if (options.out === undefined) return out(document.trimEnd());
  if (existsSync(options.out))
    throw new RelaisError('USAGE-001', `${options.out} exists: nothing was written. Choose another name.`);
  writeFileSync(options.out, document, { flag: 'wx' });
  say(`written: ${options.out}`);
}

function written(chosen: Chosen, options: SpecOptions): string {
  const { format, centre, centreRights: rights, centreTechnical: technical } = options;
  const { title, blocks } = clientDocument(chosen, { centre, rights, technical }, hostNow());
  return format === 'html' ? toHtml(title, blocks) : toMarkdown(blocks);
}
