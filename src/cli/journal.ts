// relais log verify | anchor: proving the hand-over log.
// Invariant: reads only; a log that does not verify ends with exit code 1 and the first broken entry.
import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { RelaisError } from '../errors.ts';
import { parseAnchor, type Anchor, type LogProblem, type Verification } from '../privacy/seal.ts';
import { withExamples } from './arguments.ts';
import { out, progress, say, withApp } from './terminal.ts';

export function journalCommands(program: Command): void {
  const log = program.command('log').description('the append-only log of every hand-over');

  withExamples(
    log
      .command('verify')
      .description('check every seal and entry; names the first broken one and exits 1')
      .option('--anchor <anchor>', 'anchor printed earlier by `relais log anchor`, or a file that holds it')
      .option('--anchor-file <file>', 'file that holds the anchor'),
    'With an anchor a cut tail is seen too.',
    'relais log verify',
    'relais log verify --anchor-file anchor.txt',
  ).action((options: { readonly anchor?: string; readonly anchorFile?: string }) => {
    const anchor = anchorOf(options);
    return withApp(async ({ sealer }) => {
      const line = progress();
      const result = await sealer.verify(anchor, (entries) => line.at(`${entries} entries`));
      line.end();
      if (!result.ok) throw new RelaisError('LOG-001', broken(result));
      out(
        `The log verifies: ${result.entries} entries under ${result.seals} seals, none changed, none missing${anchor === undefined ? '' : ', anchor found'}.`,
      );
      if (result.unsealed > 0) say(`${result.unsealed} entries wait for the next seal.`);
      if (anchor === undefined)
        say('Without an anchor a cut tail cannot be seen: keep `relais log anchor` somewhere else, daily.');
    });
  });

  withExamples(
    log.command('anchor').description('print the last seal, to be kept outside the database'),
    '',
    'relais log anchor > anchor.txt',
  ).action(() =>
    withApp(async ({ sealer }) => {
      const anchor = await sealer.anchor();
      if (anchor === undefined) throw new RelaisError('FIND-001', 'Nothing is sealed yet.');
      out(anchor);
    }),
  );
}

function anchorOf(options: { readonly anchor?: string; readonly anchorFile?: string }): Anchor | undefined {
  const file =
    options.anchorFile ??
    (options.anchor !== undefined && existsSync(options.anchor) ? options.anchor : undefined);
  const text = file === undefined ? options.anchor : readFileSync(file, 'utf8');
  if (text === undefined) return undefined;
  const anchor = parseAnchor(text);
  if (anchor === undefined)
    throw new RelaisError('USAGE-001', 'An anchor looks like 12:9f3c... (64 hexadecimal digits).');
  return anchor;
}

const meanings: Readonly<Record<LogProblem, string>> = {
  entry_changed: 'an entry was changed after it was sealed',
  entry_missing: 'a sealed entry is missing',
  entry_unsealed: 'an entry came in past the gateway: it is in no seal and waits for none',
  seal_changed: 'a seal was changed, or the key is another one',
  seal_missing: 'a seal is missing',
  queue_points_nowhere: 'an entry that waited for its seal is missing',
  anchor_missing: 'the end of the log was cut: the anchored seal is gone',
  anchor_differs: 'the log was rewritten: the anchored seal differs',
};

function broken({ problem, entries }: Verification): string {
  const { kind, seal, entry } = problem ?? { kind: 'entry_changed' as const };
  const where = [
    ...(entry === undefined ? [] : [`entry ${entry}`]),
    ...(seal === undefined ? [] : [`seal ${seal}`]),
  ].join(', ');
  return `The log does not verify: ${meanings[kind]} (${kind}, ${where}). ${entries} entries before it are good.`;
}
