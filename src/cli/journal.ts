// relais log verify | anchor: proving the hand-over log.
import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { RelaisError } from '../errors.ts';
import { parseAnchor } from '../privacy/seal.ts';
import { out, say, withApp } from './terminal.ts';

export function journalCommands(program: Command): void {
  const log = program.command('log').description('the append-only log of every hand-over');

  log
    .command('verify')
    .description('check every seal and entry; names the first broken one and exits 1')
    .option(
      '--anchor <anchor>',
      'anchor printed earlier by `relais log anchor`, or a file that holds it: then a cut tail is seen too',
    )
    .action((options: { anchor?: string }) =>
      withApp(async ({ sealer }) => {
        const text =
          options.anchor !== undefined && existsSync(options.anchor)
            ? readFileSync(options.anchor, 'utf8')
            : options.anchor;
        const anchor = text === undefined ? undefined : parseAnchor(text);
        if (text !== undefined && anchor === undefined)
          throw new RelaisError('USAGE-001', 'An anchor looks like 12:9f3c... (64 hexadecimal digits).');
        const result = await sealer.verify(anchor, (entries) => {
          if (process.stderr.isTTY) process.stderr.write(`\r${entries} entries`);
        });
        if (process.stderr.isTTY) process.stderr.write('\n');
        if (!result.ok) {
          const { kind, seal, entry } = result.problem ?? { kind: 'entry_changed' };
          const where = [
            entry === undefined ? undefined : `entry ${entry}`,
            seal === undefined ? undefined : `seal ${seal}`,
          ]
            .filter((one) => one !== undefined)
            .join(', ');
          throw new RelaisError(
            'LOG-001',
            `The log does not verify: ${kind.replaceAll('_', ' ')} (${where}).`,
          );
        }
        out(
          `The log verifies: ${result.entries} entries under ${result.seals} seals, none changed, none missing${anchor === undefined ? '' : ', anchor found'}.`,
        );
        if (result.unsealed > 0) say(`${result.unsealed} entries wait for the next seal.`);
        if (anchor === undefined)
          say('Without an anchor a cut tail cannot be seen: keep `relais log anchor` somewhere else, daily.');
      }),
    );

  log
    .command('anchor')
    .description('print the last seal, to be kept outside the database')
    .action(() =>
      withApp(async ({ sealer }) => {
        const anchor = await sealer.anchor();
        if (anchor === undefined) throw new RelaisError('FIND-001', 'Nothing is sealed yet.');
        out(anchor);
      }),
    );
}
