// relais mapping coverage: lists the fields that a mapping leaves out, by itself and over received leads.
// Invariant: counts of real leads, and values of no person's field; nothing to log.
import type { Command } from 'commander';
import { wholeMapping } from '../mapping/check.ts';
import { coverageOf, type Coverage } from '../mapping/tools/coverage.ts';
import type { Lead } from '../domain/lead.ts';
import { listLength, withExamples } from './arguments.ts';
import { newestLeads } from '../support/stored-leads.ts';
import { chosenFile } from './mapping-versions.ts';
import { table } from './table.ts';
import { mappingsFolder, out, strong, withApp } from './terminal.ts';
import { hostNow } from './host-clock.ts';

interface CoverageOptions {
  readonly last?: number;
  readonly dir?: string;
  readonly json?: boolean;
}

export function coverageCommand(mapping: Command): void {
  withExamples(
    mapping
      .command('coverage <destination>')
      .description('fields never sent, values without an entry, consents, channels and interactions unused')
      .option(
        '--last <count>',
        'count over the newest leads of the destination, too (asks the database)',
        listLength,
      )
      .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
      .option('--json', 'as JSON'),
    'Reads the file as it stands, published or not.',
    'relais mapping coverage horizon-crm',
    'relais mapping coverage horizon-crm --last 200',
  ).action(async (destination: string, options: CoverageOptions) => {
    const { mapping: compiled, sources } = chosenFile(mappingsFolder(options.dir), destination);
    const { last } = options;
    const leads: readonly Lead[] =
      last === undefined ? [] : await withApp((app) => newestLeads(app.database, compiled, last));
    const found = coverageOf(wholeMapping(sources), compiled, leads, hostNow());
    if (options.json === true) return out(JSON.stringify(found));
    print(destination, found);
  });
}

function print(destination: string, found: Coverage): void {
  const counts = found.leads > 0;
  out(strong(`${destination}${counts ? `, over ${found.leads} leads` : ''}`));
  out(strong('\nNever sent'));
  if (found.never.length === 0) out('  nothing: every field of a lead is sent');
  else
    table(
      ['field', 'category', ...(counts ? ['leads'] : []), ''],
      found.never.map(({ path, category, decides, covered, leads }) => [
        path,
        category,
        ...(counts ? [String(leads)] : []),
        covered ? (decides ? 'only decides' : '') : 'not in the contract',
      ]),
    );
  out(strong('\nValues without an entry in their map'));
  if (found.maps.length === 0) out('  none');
  else
    table(
      ['field', 'from', 'without an entry', 'then', ...(counts ? ['came'] : [])],
      found.maps.map(({ field, source, missing, otherwise, seen }) => [
        field,
        source,
        missing.join(', ') || '-',
        otherwise,
        ...(counts ? [seen.map(({ value, count }) => `${value} ×${count}`).join(', ') || '-'] : []),
      ]),
    );
  if (found.unmapped.length > 0) {
    out(strong('\nSent in our own words'));
    table(
      ['field', 'from', 'values'],
      found.unmapped.map(({ field, source, values }) => [field, source, values.join(', ')]),
    );
  }
  printConsents(found, counts);
  out(strong('\nChannels'));
  for (const { channel, taken, leads } of found.channels)
    out(`  ${channel}: ${taken ? 'taken' : 'not taken'}${counts ? `, ${leads} leads` : ''}`);
  out(strong('\nInteractions'));
  if (!found.interactions.sent) out('  never sent');
  for (const { kind, written, count } of found.interactions.kinds)
    if (found.interactions.sent || count > 0)
      out(`  ${kind}${written === '' ? '' : `: ${written}`}${counts ? `, ${count} came` : ''}`);
}

function printConsents(found: Coverage, counts: boolean): void {
  out(strong('\nOpt-in'));
  table(
    ['purpose', 'channel', 'sent as', 'left out or held', ...(counts ? ['leads'] : [])],
    found.consents.map(({ purpose, channel, fields, silent, leads }) => [
      purpose,
      channel,
      fields.join(', ') || '-',
      silent.join(', ') || '-',
      ...(counts
        ? [
            Object.entries(leads)
              .map(([state, count]) => `${state} ${count}`)
              .join(', '),
          ]
        : []),
    ]),
  );
}
