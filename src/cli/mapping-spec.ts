// relais mapping spec: writes the document the client signs, in French, as Markdown or as a page that prints.
// Invariant: invented persons only; an existing file is never overwritten.
import { Option } from 'commander';
import type { Command } from './command.ts';
import { existsSync, writeFileSync } from 'node:fs';
import { RelaisError } from '../errors.ts';
import { toHtml, toMarkdown } from '../mapping/spec/blocks.ts';
import { clientDocument } from '../support/mappings/document.ts';
import { soundFile, chosenVersion, whichOf, type Chosen } from './mapping-check.ts';
import { mappingsFolder, out, say, withApp, hostNow } from './terminal.ts';

interface SpecOptions {
  readonly version: string;
  readonly format: 'markdown' | 'html';
  readonly out?: string;
  readonly centre: string;
  readonly centreRights?: string;
  readonly centreTechnical?: string;
  readonly dir?: string;
}

export function specCommand(mapping: Command): void {
  mapping
    .subcommand(
      'spec <destination>',
      'the document the client signs: fields, opt-in, answers, retries (French)',
    )
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
