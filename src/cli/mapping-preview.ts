// relais mapping preview: renders one lead to the byte, before anything is published or sent.
// Invariant: sends nothing, needs no secret; a stored lead is a person's data, so that showing it is logged (C39).
import { Option, type Command } from 'commander';
import type { Action } from '../../connectors/contract.ts';
import { RelaisError } from '../errors.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { storedLead } from '../support/stored-leads.ts';
import { inventedLead } from './chosen-lead.ts';
import { chosenFile } from './mapping-versions.ts';
import { printPreview } from './preview-text.ts';
import { mappingsFolder, withApp } from './terminal.ts';

interface PreviewOptions {
  readonly sample?: string;
  readonly lead?: string;
  readonly reason?: string;
  readonly dir?: string;
  readonly action: Action;
  readonly optIn?: 'unchanged';
}

export function previewCommand(mapping: Command): void {
  withExamples(
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
      ),
    'Reads the file as it stands, published or not. Nothing is sent; secrets are masked.',
    'relais mapping preview horizon-crm',
    'relais mapping preview horizon-crm --sample sans-opt-in',
    'relais mapping preview horizon-crm --action update --opt-in unchanged',
    'relais mapping preview horizon-crm --lead HZ-000123 --reason "ticket 17"',
  ).action((destination: string, options: PreviewOptions) => preview(destination, options));
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
