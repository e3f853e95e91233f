// relais mapping check | preview | publish | rollback | history: the integrator's tools.
// Invariant: check and preview change nothing; publish refuses what check refuses.
import { Option, type Command } from 'commander';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import type { Action, Composed, Parcel } from '../../connectors/contract.ts';
import type { App } from '../app.ts';
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { checkAll } from '../mapping/check-folder.ts';
import { checkSources, hasErrors } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../mapping/contract.ts';
import { loadDestination } from '../mapping/load.ts';
import { previewMapping } from '../mapping/preview.ts';
import { formatProblem } from '../mapping/problems.ts';
import { leadFromSample } from '../mapping/sample.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import { findLeads } from '../store/support.ts';
import { sampleLead } from './sample-lead.ts';
import { out, paris, reasonOf, say, strong, table, wholeNumber, withApp } from './terminal.ts';

export function mappingCommands(program: Command): void {
  const mapping = program.command('mapping').description('check, preview, publish mapping files');

  mapping
    .command('check [name]')
    .description(
      'every mistake of every file at once; name: a destination, client or file; needs no database',
    )
    .option('--dir <folder>', 'mappings folder; default: RELAIS_MAPPINGS_DIR or ./mappings')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExit code 1 when there is an error. Example:\n  relais mapping check horizon')
    .action((name: string | undefined, options: { dir?: string; json?: boolean }) => {
      const checked = checkAll(folderOf(options.dir), { connectors });
      const problems = checked.problems.filter(
        (one) => name === undefined || one.file.includes(name) || one.file.includes(mainOf(checked, name)),
      );
      const known =
        name === undefined ||
        problems.length > 0 ||
        checked.mappings.some(
          ({ sources }) =>
            [sources.destinationId, sources.clientId].includes(name) || sources.main.includes(basename(name)),
        );
      if (!known)
        throw new RelaisError('FIND-001', `No mapping file, client or destination is called ${name}.`);
      for (const problem of problems)
        out(options.json === true ? JSON.stringify(problem) : formatProblem(problem));
      const errors = problems.filter((one) => one.severity === 'error').length;
      say(
        errors === 0
          ? `${checked.mappings.length} mappings are good${problems.length === 0 ? '' : `, ${problems.length} warnings`}.`
          : `${errors} errors, ${problems.length - errors} warnings.`,
      );
      if (hasErrors(problems)) process.exitCode = 1;
    });

  mapping
    .command('preview <destination>')
    .description(
      'the exact bytes that would leave, where each value comes from, the opt-in truth table; sends nothing',
    )
    .option(
      '--sample <file>',
      "a lead of the client's samples folder; default: the first one, or a built-in invented lead",
    )
    .option('--lead <reference>', 'a stored lead (shown in clear, so it is logged: --reason)')
    .option('--reason <text>', 'why; needed with --lead')
    .option('--dir <folder>', 'mappings folder')
    .addOption(new Option('--action <action>').choices(['create', 'update', 'erase']).default('create'))
    .action((destination: string, options: PreviewOptions) => previewCommand(destination, options));

  mapping
    .command('publish <destination>')
    .description('put the mapping in force at once, on every worker')
    .option('--note <text>', 'what changed and who asked (C48)', '')
    .option('--author <name>', 'default: RELAIS_ACTOR')
    .action((destination: string, options: { note: string; author?: string }) =>
      withApp(async (app) => {
        const done = await app.publishing.publish({
          destinationId: destination,
          author: options.author ?? app.config.actor,
          note: options.note === '' ? '' : reasonOf(options.note),
        });
        for (const warning of done.warnings) say(formatProblem(warning));
        out(
          done.changed
            ? `${destination} v${done.version.version} is in force.`
            : `${destination} v${done.version.version} was in force already; nothing changed.`,
        );
        if (done.authorised > 0) out(`${done.authorised} authorisations of client.yaml added.`);
        if (done.reopened > 0) out(`${done.reopened} withheld deliveries are looked at again.`);
        const missing = done.mapping.secretNames.filter((name) => app.config.secrets(name).length === 0);
        if (missing.length > 0)
          say(
            `Secrets not provided yet: ${missing.join(', ')} (a file of that name in RELAIS_SECRETS_DIR, or RELAIS_SECRET_<NAME>).`,
          );
      }),
    );

  mapping
    .command('rollback <destination> <version>')
    .description('put an earlier version back in force')
    .requiredOption('--reason <text>', 'why (ticket number)')
    .action((destination: string, version: string, options: { reason: string }) =>
      withApp(async (app) => {
        const done = await app.publishing.rollback({
          destinationId: destination,
          version: wholeNumber(version),
          actor: app.config.actor,
          reason: reasonOf(options.reason),
        });
        out(`${destination} v${done.version} is in force again.`);
      }),
    );

  mapping
    .command('history <destination>')
    .description('versions with author, date and note')
    .action((destination: string) =>
      withApp(async (app) => {
        const versions = await app.publishing.history(destination);
        table(
          ['version', 'published', 'author', 'note', ''],
          versions.map((one) => [
            `v${one.version}`,
            paris(one.publishedAt),
            one.author,
            one.note,
            one.inForce ? 'in force' : '',
          ]),
        );
      }),
    );
}

interface PreviewOptions {
  readonly sample?: string;
  readonly lead?: string;
  readonly reason?: string;
  readonly dir?: string;
  readonly action: Action;
}

const folderOf = (given: string | undefined): string =>
  resolve(given ?? process.cwd(), given === undefined ? 'mappings' : '');
const mainOf = (checked: ReturnType<typeof checkAll>, name: string): string =>
  checked.mappings.find(({ sources }) => sources.destinationId === name)?.sources.main ?? name;

async function previewCommand(destination: string, options: PreviewOptions): Promise<void> {
  const sources = loadDestination(folderOf(options.dir), destination);
  const checked = checkSources(sources, { connectors });
  if (!checked.ok)
    throw new RelaisError(
      'MAPPING-001',
      `The mapping of ${destination} has errors:\n${checked.problems.map(formatProblem).join('\n')}`,
    );
  if (options.lead !== undefined) {
    const { lead } = options;
    const reason = reasonOf(options.reason);
    return withApp(async (app) =>
      printPreview(
        checked.mapping,
        await storedLead(app, checked.mapping.clientId, lead, reason),
        options.action,
      ),
    );
  }
  const { name, text } = sampleOf(sources, options);
  const sample = leadFromSample(text, name, checked.mapping.clientId);
  if (!sample.ok)
    throw new RelaisError(
      'MAPPING-001',
      `The sample has errors:\n${sample.problems.map((one) => ('file' in one ? formatProblem(one as never) : JSON.stringify(one))).join('\n')}`,
    );
  say(`sample: ${name}`);
  printPreview(checked.mapping, sample.lead, options.action);
}

/** The sample asked for: of the mapping's own, of the client's folder, or a path; else the first, else one of ours. */
function sampleOf(
  sources: MappingSources,
  options: PreviewOptions,
): { readonly name: string; readonly text: string } {
  const own = Object.keys(sources.files).filter((one) => /\/samples\/.*\.ya?ml$/.test(one));
  const wanted = options.sample;
  if (wanted === undefined) {
    const [first] = own;
    return first === undefined
      ? { name: 'a built-in invented lead', text: sampleLead }
      : { name: first, text: sources.files[first] ?? '' };
  }
  const known = own.find(
    (one) => basename(one).replace(/\.ya?ml$/, '') === basename(wanted).replace(/\.ya?ml$/, ''),
  );
  if (known !== undefined) return { name: known, text: sources.files[known] ?? '' };
  const folder = join(folderOf(options.dir), sources.clientId, 'samples');
  const path = [join(folder, wanted), join(folder, `${wanted}.yaml`), resolve(wanted)].find((one) =>
    existsSync(one),
  );
  if (path === undefined)
    throw new RelaisError('FIND-001', `No sample is called ${wanted}, neither in ${folder} nor as a path.`);
  return { name: path, text: readFileSync(path, 'utf8') };
}

async function storedLead(app: App, clientId: string, reference: string, reason: string): Promise<Lead> {
  const [found] = await findLeads(app.database, [clientId], { reference });
  const lead =
    found === undefined ? undefined : (await readLeads(app.database, [found.id])).get(found.id)?.lead;
  if (lead === undefined)
    throw new RelaisError('FIND-001', `Client ${clientId} has no lead with the reference ${reference}.`);
  await app.database.transaction((tx) =>
    appendHandovers(tx, [
      { entry: 'revealed', clientId, leadId: lead.id, actor: app.config.actor, purpose: reason },
    ]),
  );
  return lead;
}

function printPreview(mapping: CompiledMapping, lead: Lead, action: Action): void {
  const now = new Date();
  const key = randomUUID();
  const situation = {
    action,
    key,
    recipientReference: 'REF-OF-THE-CRM',
    writtenAt: now,
    now,
    categories: mapping.client.categories,
  };
  const preview = previewMapping(mapping, lead, situation);
  if (!preview.accepts.yes) say(`note: this lead would not go there: accepts.${preview.accepts.because}`);
  const { result } = preview;
  if (result.ok) {
    const applied = mapping.apply(lead, situation);
    const composed = applied.ok ? compose(mapping, lead, action, key, applied.record) : undefined;
    for (const line of composed?.head ?? []) out(line);
    out(`\n${result.text}\n`);
    for (const section of result.sheet ?? []) {
      out(strong(section.title));
      for (const line of section.lines)
        out(`  ${line.emphasis === true ? '▶' : ' '} ${line.label} : ${line.value}`);
    }
    out(strong('\nWhere each value comes from'));
    table(
      ['field', 'from', 'value'],
      result.origins.map((one) => [one.field, one.source, one.value]),
    );
  } else {
    out(strong(`Would not leave: ${result.why}`));
    out(JSON.stringify(result, undefined, 2));
  }
  out(strong('\nOpt-in truth table'));
  table(
    ['field', 'purpose and channel', 'granted', 'refused', 'not_asked', 'withdrawn', 'this lead'],
    preview.consentTable.map((one) => [
      one.field,
      one.label,
      one.values.granted,
      one.values.refused,
      one.values.not_asked,
      one.values.withdrawn,
      one.now ?? '-',
    ]),
  );
}

function compose(
  mapping: CompiledMapping,
  lead: Lead,
  action: Action,
  key: string,
  record: Parameters<CompiledMapping['write']>[0][number],
): Composed | undefined {
  const connector = connectors[mapping.connector];
  const batch = mapping.schedule === undefined ? undefined : { sequence: 1, slot: new Date(), rows: 1 };
  const parcel: Parcel = {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action,
    items: [
      {
        deliveryId: 0,
        key,
        idempotencyKey: key,
        leadReference: lead.reference,
        recipientReference: 'REF-OF-THE-CRM',
      },
    ],
    body: mapping.write([record], action, batch),
    ...(record.sheet === undefined ? {} : { sheet: record.sheet }),
    ...(record.title === undefined ? {} : { title: record.title }),
    ...(batch === undefined ? {} : { batch }),
    writtenAt: new Date(),
  };
  return connector?.compose(parcel, mapping.actions[action]?.settings);
}
