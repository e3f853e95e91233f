// relais mapping diff: shows the changes of a new version over received leads.
// Invariant: a person's values are shown by their form only; in clear they need a reason and are logged first (C39).
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import {
  type LineChanges,
  type SettingChange,
  diffMappings,
  type MappingDiff,
} from '../mapping/tools/diff.ts';
import { newestLeads, noteRevealed } from '../support/stored-leads.ts';
import { listLength, reasonOf } from './arguments.ts';
import { inClear, targetsOf, type ChangePair, type ShowValue } from '../support/mappings/diff-words.ts';
import { samplesOf } from '../support/mappings/trial.ts';
import { chosenFile, chosenVersion, whichOf, type Chosen } from './mapping-check.ts';
import { maskForm } from '../support/masking.ts';
import { mappingsFolder, out, say, strong, withAppIfAny, hostNow } from './terminal.ts';

type DiffOptions = Given<'last! action! showValues reason samples dir json'>;

export function diffCommand(mapping: Command): void {
  mapping
    .command('diff <destination> [from] [to]')
    .description('what two versions write differently over the last real leads, grouped by field')
    .option('--last <count>', 'leads of the destination, newest first', listLength, 50)
    .addOption(
      new Option('--action <action>', 'what the delivery tells')
        .choices(['create', 'update', 'erase'])
        .default('create'),
    )
    .option('--samples', "the client's invented samples instead of real leads")
    .option(
      '--show-values',
      "values in clear instead of their form (a person's data: logged, needs --reason)",
    )
    .option('--reason <text>', 'why (ticket number); needed with --show-values')
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR, else ./mappings')
    .option('--json', 'as JSON')
    .examples(
      'from, to: a version number, "published" or "file"; default: from what is in force to the file. Without a database the samples are compared with themselves in both files given.',
      'relais mapping diff horizon-crm',
      'relais mapping diff horizon-crm 3 4 --last 200',
      'relais mapping diff horizon-crm published file --show-values --reason "ticket 18"',
    )
    .action((destination: string, from: string | undefined, to: string | undefined, options: DiffOptions) =>
      diff(destination, from ?? 'published', to ?? 'file', options),
    );
}

async function diff(destination: string, from: string, to: string, options: DiffOptions): Promise<void> {
  const folder = mappingsFolder(options.dir);
  const reveal = options.showValues === true;
  const reason = reveal ? reasonOf(options.reason) : '';
  await withAppIfAny(async (app) => {
    const side = (which: string): Chosen | Promise<Chosen> => {
      const wanted = whichOf(which);
      if (wanted === 'file') return chosenFile(folder, destination);
      if (app === undefined)
        throw new RelaisError('USAGE-001', `Version "${which}" is in the database, which does not answer.`);
      return chosenVersion(app, folder, destination, wanted);
    };
    const before = await side(from);
    const after = await side(to);
    const { leads, real } = await leadsOf(app, after, options);
    // Logged before anything is shown: a look-up whose entry cannot be written is not answered.
    if (app !== undefined && real && reveal)
      await noteRevealed(app.database, leads, { actor: app.config.actor, reason });
    const found = diffMappings(
      before.mapping,
      after.mapping,
      leads,
      options.action,
      app?.database.now() ?? hostNow(),
    );
    const show = real && !reveal ? maskForm : inClear;
    const titles = [before.label, after.label] as const;
    if (options.json === true) return out(JSON.stringify(asData(found, titles, show)));
    print(found, destination, titles, show, real);
  });
}

async function leadsOf(
  app: App | undefined,
  { mapping, sources }: Chosen,
  { samples, last }: DiffOptions,
): Promise<{ readonly leads: readonly Lead[]; readonly real: boolean }> {
  const stored = app === undefined || samples === true ? [] : await newestLeads(app.database, mapping, last);
  if (stored.length > 0) return { leads: stored, real: true };
  if (samples !== true)
    say(
      `${app === undefined ? 'No database answers' : 'No lead came yet'}: the client's samples are compared.`,
    );
  return { leads: samplesOf(sources), real: false };
}

function asData(found: MappingDiff, [from, to]: readonly [string, string], show: ShowValue): unknown {
  return {
    from,
    to,
    ...found,
    targets: targetsOf(found, show).map(({ pairs, ...target }) => ({ ...target, changes: pairs })),
  };
}

const mostPairs = 8;

function print(
  found: MappingDiff,
  destination: string,
  [from, to]: readonly [string, string],
  show: ShowValue,
  real: boolean,
): void {
  const { leads, differing } = found;
  out(strong(`${destination}: ${from} → ${to}, over ${leads} ${real ? 'leads, newest first' : 'samples'}`));
  out(
    differing === 0
      ? `Nothing changes for them.`
      : `${differing} of ${leads} would be written or routed differently.`,
  );
  for (const { target, leads: count, pairs } of targetsOf(found, show)) {
    out(strong(`\n${target}`) + `  in ${count}`);
    for (const pair of pairs.slice(0, mostPairs)) line(pair);
    if (pairs.length > mostPairs) out(`  and ${pairs.length - mostPairs} more kinds of change`);
  }
  for (const [title, changes] of [
    ['Whether it leaves', found.outcomes],
    ['Which leads go there', found.routing],
  ] as const) {
    if (changes.length > 0) out(strong(`\n${title}`));
    for (const change of changes) line(change);
  }
  if (found.layout.length > 0) {
    out(strong('\nBytes'));
    out(`  the same values are written in another order, dialect or encoding  ${counted(found.layout)}`);
  }
  settings('Opt-in truth table', found.optIn);
  lines('Opt-in, as the file writes it', found.consent);
  lines('Which leads it takes', found.accepts);
  lines('What an answer means', found.answers);
  settings('Settings', found.settings);
}

function lines(title: string, { removed, added, moved }: LineChanges): void {
  if (removed.length + added.length > 0 || moved) out(strong(`\n${title}`));
  for (const removedLine of removed) out(`  - ${removedLine}`);
  for (const addedLine of added) out(`  + ${addedLine}`);
  if (moved) out('  the order of the lines is another one');
}

function settings(title: string, changes: readonly SettingChange[]): void {
  if (changes.length > 0) out(strong(`\n${title}`));
  for (const { name, before, after } of changes) out(`  ${name}: ${before} → ${after}`);
}

const line = ({ before, after, references }: ChangePair): void =>
  out(`  ${before} → ${after}  ${counted(references)}`);

const counted = (references: readonly string[]): string =>
  `×${references.length}  ${references.slice(0, 3).join(', ')}${references.length > 3 ? ', ...' : ''}`;
