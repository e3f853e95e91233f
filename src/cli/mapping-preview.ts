// relais mapping preview: what one lead would become, to the byte, before anything is published or sent.
// Invariant: sends nothing, asks no secret; a stored lead is a person's data, so showing it is logged (C39).
import { Option, type Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Action } from '../../connectors/contract.ts';
import type { App } from '../app.ts';
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import type { MappingSources } from '../mapping/contract.ts';
import { leadFromSample } from '../mapping/sample.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import { findLeads } from '../store/support-leads.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { chosenFile, listed } from './mapping-versions.ts';
import { printPreview } from './preview-text.ts';
import { sampleLead } from './sample-lead.ts';
import { mappingsFolder, say, withApp } from './terminal.ts';

interface PreviewOptions {
  readonly sample?: string;
  readonly lead?: string;
  readonly reason?: string;
  readonly dir?: string;
  readonly action: Action;
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
      ),
    'Reads the file as it stands, published or not. Nothing is sent; secrets are masked.',
    'relais mapping preview horizon-crm',
    'relais mapping preview horizon-crm --sample sans-opt-in',
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
    return printPreview(mapping, invented(sources, folder, options.sample), options.action);
  return withApp(async (app) =>
    printPreview(mapping, await storedLead(app, mapping.clientId, lead, reason), options.action),
  );
}

function invented(sources: MappingSources, folder: string, wanted: string | undefined): Lead {
  const { name, text } = sampleOf(sources, folder, wanted);
  const sample = leadFromSample(text, name, sources.clientId);
  if (!sample.ok)
    throw new RelaisError('MAPPING-001', `The sample has errors:\n${listed(folder, sample.problems)}`);
  say(`sample: ${name}`);
  return sample.lead;
}

/** The sample asked for: of the client's samples folder, or a path; else the first, else one of ours. */
function sampleOf(
  sources: MappingSources,
  folder: string,
  wanted: string | undefined,
): { readonly name: string; readonly text: string } {
  const own = Object.keys(sources.files).filter((one) => /\/samples\/.*\.ya?ml$/.test(one));
  const bare = (name: string): string => basename(name).replace(/\.ya?ml$/, '');
  // A path names one file: a sample of the client that happens to be called alike is another lead.
  const path = wanted !== undefined && wanted !== basename(wanted) && existsSync(wanted);
  const found = wanted === undefined ? own[0] : own.find((one) => !path && bare(one) === bare(wanted));
  if (found !== undefined) return { name: found, text: sources.files[found] ?? '' };
  if (wanted === undefined) return { name: 'a built-in invented lead', text: sampleLead };
  if (existsSync(wanted)) return { name: resolve(wanted), text: readFileSync(wanted, 'utf8') };
  const known = own.map(bare).join(', ') || 'none';
  throw new RelaisError(
    'FIND-001',
    `No sample is called ${wanted}, neither in ${join(folder, sources.clientId, 'samples')} (${known}) nor as a path.`,
  );
}

async function storedLead(app: App, clientId: string, reference: string, purpose: string): Promise<Lead> {
  const [found] = await findLeads(app.database, [clientId], { reference });
  if (found === undefined)
    throw new RelaisError('FIND-001', `Client ${clientId} has no lead with the reference ${reference}.`);
  if (found.erased) throw new RelaisError('LEAD-004', `Lead ${reference} has been erased.`);
  const actor = app.config.actor;
  await app.database.transaction((tx) =>
    appendHandovers(tx, [{ entry: 'revealed', clientId, leadId: found.id, actor, purpose }]),
  );
  const lead = (await readLeads(app.database, [found.id])).get(found.id)?.lead;
  if (lead === undefined) throw new RelaisError('LEAD-004', `Lead ${reference} has been erased.`);
  return lead;
}
