// relais destination release-file | discard-file: releases or gives up a full file withheld for missing leads.
// Invariant: a person decides, with a reason that the log keeps.
import type { Command } from 'commander';
import { discardFile, releaseFile } from '../support/acts/destinations.ts';
import { performHere, refuseInput, withFields } from './act-options.ts';
import { withExamples } from './arguments.ts';
import { out, withApp } from './terminal.ts';

export function heldFileCommands(destination: Command): void {
  for (const [name, act, text] of [
    ['release-file', releaseFile, 'let a full file that was held back leave all the same'],
    ['discard-file', discardFile, 'give up a full file that was held back; the next hour makes another'],
  ] as const) {
    withExamples(
      withFields(destination.command(`${name} <destination>`).description(text), act),
      '',
      `relais destination ${name} alpes-csv --reason "ticket 16"`,
    ).action((id: string, options: object) => {
      refuseInput(act, options);
      return withApp(async (app) => {
        const held = await performHere(app, act, { to: [id], input: options });
        out(
          act === releaseFile
            ? `A file of ${held.rows} leads or more leaves now, ${held.missing} of the last one's missing.`
            : 'Given up. Its leads stand in the file of the next hour, which is looked at in the same way.',
        );
      });
    });
  }
}
