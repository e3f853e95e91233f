// relais mapping publish | rollback | history, and the home of mapping check and preview.
// Invariant: publish refuses what check refuses; with --all nothing is published while one file has an error.
import { Option, type Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { checkAll } from '../mapping/check-folder.ts';
import { loadMappings } from '../mapping/load.ts';
import { formatProblem } from '../mapping/problems.ts';
import type { MappingVersion } from '../store/mapping-versions.ts';
import { guessedOptIn } from '../publishing/publish.ts';
import { impersonal, reasonOf, wholeNumber, withExamples } from './arguments.ts';
import { checkCommand } from './mapping-check.ts';
import { coverageCommand } from './mapping-coverage.ts';
import { diffCommand } from './mapping-diff.ts';
import { newCommand } from './mapping-new.ts';
import { previewCommand } from './mapping-preview.ts';
import { sendCommand } from './mapping-send.ts';
import { specCommand } from './mapping-spec.ts';
import { testCommand } from './mapping-test.ts';
import { paris, table } from './table.ts';
import { out, say, withApp } from './terminal.ts';

interface PublishOptions {
  readonly all?: boolean;
  readonly note?: string;
  readonly reason?: string;
  readonly author?: string;
  readonly json?: boolean;
}

interface RollbackOptions {
  readonly reason?: string;
  readonly note?: string;
  readonly json?: boolean;
}

/** A version without its sources. */
const versionData = (
  { version, publishedAt, author, note, fingerprint }: MappingVersion,
  inForce: boolean,
): object => ({ version, publishedAt, author, note, fingerprint, inForce });

export function mappingCommands(program: Command): void {
  const mapping = program.command('mapping').description('draft, check, preview, publish mapping files');
  newCommand(mapping);
  checkCommand(mapping);
  previewCommand(mapping);
  testCommand(mapping);
  sendCommand(mapping);
  diffCommand(mapping);
  coverageCommand(mapping);
  specCommand(mapping);

  withExamples(
    mapping
      .command('publish [destination]')
      .description('put the mapping in force at once, on every worker')
      .option('--all', 'every mapping of the folder')
      .option('--note <text>', 'what changed and who asked (C48); mandatory (--reason is the same)')
      .addOption(new Option('--reason <text>', 'the same as --note').hideHelp())
      .option('--author <name>', 'default: RELAIS_ACTOR')
      .option('--json', 'as JSON: one object for each mapping'),
    '',
    'relais mapping publish horizon-crm --note "budget added, asked by Horizon on 2026-11-20"',
    'relais mapping publish --all --note "first version"',
  ).action((destination: string | undefined, options: PublishOptions) => publish(destination, options));

  withExamples(
    mapping
      .command('rollback <destination> <version>')
      .description('put an earlier version back in force')
      .option('--reason <text>', 'why (ticket number); mandatory')
      .addOption(new Option('--note <text>', 'the same as --reason').hideHelp())
      .option('--json', 'as JSON'),
    '',
    'relais mapping rollback horizon-crm 3 --reason "ticket 16"',
  ).action((destination: string, version: string, options: RollbackOptions) => {
    const [wanted, reason] = [
      wholeNumber(version.replace(/^v/, '')),
      reasonOf(options.reason ?? options.note),
    ];
    return withApp(async (app) => {
      const done = await app.publishing.rollback({
        ...{ destinationId: destination, version: wanted, reason },
        actor: app.config.actor,
      });
      if (options.json === true) return out(JSON.stringify({ destination, ...versionData(done, true) }));
      out(`${destination} v${done.version} is in force again.`);
    });
  });

  withExamples(
    mapping
      .command('history <destination>')
      .description('versions with author, date and note')
      .option('--json', 'as JSON'),
    '',
    'relais mapping history horizon-crm',
  ).action((destination: string, { json }: { readonly json?: boolean }) =>
    withApp(async (app) => {
      const versions = await app.publishing.history(destination);
      if (json === true) return out(JSON.stringify(versions.map((one) => versionData(one, one.inForce))));
      table(
        ['version', 'published', 'author', 'note', ''],
        versions.map((one) => [
          ...[`v${one.version}`, paris(one.publishedAt), one.author, one.note],
          one.inForce ? 'in force' : '',
        ]),
      );
    }),
  );
}

async function publish(destination: string | undefined, options: PublishOptions): Promise<void> {
  if ((destination === undefined) !== (options.all === true))
    throw new RelaisError('USAGE-001', 'Name one destination, or say --all.');
  const note = reasonOf(options.note ?? options.reason, '--note');
  const author = options.author === undefined ? undefined : impersonal(options.author, '--author');
  await withApp(async (app) => {
    for (const one of destination === undefined ? await allGood(app) : [destination])
      await publishOne(app, one, note, author ?? app.config.actor, options.json === true);
  });
}

async function allGood(app: App): Promise<readonly string[]> {
  const folder = app.config.mappingsDir;
  const { problems } = checkAll(folder, app.checkOptions);
  // What one of them would be refused for holds back all.
  if (problems.some((one) => one.severity === 'error' || one.code === guessedOptIn))
    throw new RelaisError('MAPPING-001', `Nothing was published:\n${problems.map(formatProblem).join('\n')}`);
  const all = loadMappings(folder).destinations.map((one) => one.destinationId);
  for (const one of all) await app.publishing.refuseUnfit(one);
  return all;
}

async function publishOne(
  app: App,
  destinationId: string,
  note: string,
  author: string,
  json: boolean,
): Promise<void> {
  const done = await app.publishing.publish({ destinationId, author, note });
  const missing = done.mapping.secretNames.filter((name) => app.config.secrets(name).length === 0);
  if (json) {
    const { changed, authorised, reopened, warnings } = done;
    const unnamed = done.unnamed.map(({ id, recipient, targets }) => ({ id, recipient, targets }));
    const data = {
      ...versionData(done.version, true),
      ...{ changed, authorised, authorisedBeside: unnamed, reopened, warnings },
    };
    return out(JSON.stringify({ destination: destinationId, ...data, missingSecrets: missing }));
  }
  for (const warning of done.warnings) say(formatProblem(warning));
  out(
    done.changed
      ? `${destinationId} v${done.version.version} is in force.`
      : `${destinationId} v${done.version.version} was in force already; nothing changed.`,
  );
  if (done.authorised > 0) out(`${done.authorised} authorisations of client.yaml added.`);
  for (const one of done.unnamed)
    say(
      `Authorisation ${one.id} (${one.recipient}: ${one.targets.join(', ')}; ${one.categories.join(', ')}) is in force, but client.yaml does not name it. ` +
        `If it is over: relais authorisation revoke ${one.id} --reason "..."`,
    );
  if (done.reopened > 0) out(`${done.reopened} withheld deliveries are looked at again.`);
  if (missing.length > 0)
    say(
      `Secrets not provided yet: ${missing.join(', ')} (a file of that name in RELAIS_SECRETS_DIR, or RELAIS_SECRET_<NAME>).`,
    );
}
