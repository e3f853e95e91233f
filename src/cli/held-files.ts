// relais destination release-file | discard-file: releases or gives up a full file withheld for missing leads.
// Invariant: a person decides, with a reason that the log keeps.
import type { Command } from 'commander';
import { decideHeldFile } from '../support/held-files.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { out, withApp } from './terminal.ts';

export function heldFileCommands(destination: Command): void {
  for (const [name, decision, text] of [
    ['release-file', 'release', 'let a full file that was held back leave all the same'],
    ['discard-file', 'discard', 'give up a full file that was held back; the next hour makes another'],
  ] as const) {
    withExamples(
      destination
        .command(`${name} <destination>`)
        .description(text)
        .option('--reason <text>', 'why (ticket number); mandatory, written in the log'),
      '',
      `relais destination ${name} alpes-csv --reason "ticket 16"`,
    ).action((id: string, options: { readonly reason?: string }) => {
      const reason = reasonOf(options.reason);
      return withApp(async ({ database, config }) => {
        const held = await decideHeldFile(database, id, decision, { actor: config.actor, reason });
        out(
          decision === 'release'
            ? `A file of ${held.rows} leads or more leaves now, ${held.missing} of the last one's missing.`
            : 'Given up. Its leads stand in the file of the next hour, which is looked at in the same way.',
        );
      });
    });
  }
}
