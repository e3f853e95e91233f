// Chooses the invented lead for a tool: a sample of the client, a file, or the built-in one.
// Invariant: no real person's data; support/stored-leads reads stored leads, and logs the look first.
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import type { MappingSources } from '../mapping/contract.ts';
import { leadFromSample, sampleLead } from '../mapping/tools/sample.ts';
import { listed } from './mapping-versions.ts';
import { isReadable, standardInput, textOfFile } from './named-file.ts';
import { say } from './terminal.ts';

/** An invented lead: the requested sample, else the client's first, else the built-in one. */
export function inventedLead(sources: MappingSources, folder: string, wanted: string | undefined): Lead {
  const { name, text } = sampleOf(sources, folder, wanted);
  const sample = leadFromSample(text, name, sources.clientId);
  if (!sample.ok)
    throw new RelaisError('MAPPING-001', `The sample has errors:\n${listed(folder, sample.problems)}`);
  say(`sample: ${name}`);
  return sample.lead;
}

/** The requested sample: from the client's samples folder, or a path; else the first, else the built-in one. */
function sampleOf(
  sources: MappingSources,
  folder: string,
  wanted: string | undefined,
): { readonly name: string; readonly text: string } {
  const own = Object.keys(sources.files).filter((name) => /\/samples\/.*\.ya?ml$/.test(name));
  const bare = (name: string): string => basename(name).replace(/\.ya?ml$/, '');
  // A path names one file: a sample of the client with the same name is another lead.
  const path = wanted !== undefined && wanted !== basename(wanted) && existsSync(wanted);
  const found = wanted === undefined ? own[0] : own.find((name) => !path && bare(name) === bare(wanted));
  if (found !== undefined) return { name: found, text: sources.files[found] ?? '' };
  if (wanted === undefined) return { name: 'a built-in invented lead', text: sampleLead };
  if (isReadable(wanted))
    return { name: wanted === standardInput ? 'standard input' : resolve(wanted), text: textOfFile(wanted) };
  const known = own.map(bare).join(', ') || 'none';
  throw new RelaisError(
    'FIND-001',
    `No sample is called ${wanted}, neither in ${join(folder, sources.clientId, 'samples')} (${known}) nor as a path.`,
  );
}
