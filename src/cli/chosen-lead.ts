// Which lead a tool writes: an invented one of the client's samples, or a stored one.
// Invariant: a stored lead is a person's data: looking at it is an entry of the hand-over log, written first (C39).
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { App } from '../app.ts';
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import type { MappingSources } from '../mapping/contract.ts';
import { leadFromSample } from '../mapping/tools/sample.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import { searchLeads } from '../store/support-leads.ts';
import { listed } from './mapping-versions.ts';
import { textOf } from './named-file.ts';
import { sampleLead } from '../mapping/tools/sample-lead.ts';
import { say } from './terminal.ts';

/** An invented lead: the sample asked for, else the client's first, else one of ours. */
export function inventedLead(sources: MappingSources, folder: string, wanted: string | undefined): Lead {
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
  if (existsSync(wanted)) return { name: resolve(wanted), text: textOf(wanted) };
  const known = own.map(bare).join(', ') || 'none';
  throw new RelaisError(
    'FIND-001',
    `No sample is called ${wanted}, neither in ${join(folder, sources.clientId, 'samples')} (${known}) nor as a path.`,
  );
}

/** A lead of the database; looking at it is written in the hand-over log first, with who and why. */
export async function storedLead(
  app: App,
  clientId: string,
  reference: string,
  purpose: string,
  entries: readonly ('looked_up' | 'revealed')[],
): Promise<Lead> {
  const [found] = await searchLeads(app.database, [clientId], { reference });
  if (found === undefined)
    throw new RelaisError('FIND-001', `Client ${clientId} has no lead with the reference ${reference}.`);
  if (found.erased) throw new RelaisError('LEAD-004', `Lead ${reference} has been erased.`);
  const actor = app.config.actor;
  await app.database.transaction((tx) =>
    appendHandovers(
      tx,
      entries.map((entry) => ({ entry, clientId, leadId: found.id, actor, purpose })),
    ),
  );
  const lead = (await readLeads(app.database, [found.id])).get(found.id)?.lead;
  if (lead === undefined) throw new RelaisError('LEAD-004', `Lead ${reference} has been erased.`);
  return lead;
}
