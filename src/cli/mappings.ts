// relais mapping publish | rollback | history: manages versions; registers mapping check and preview.
// Invariant: publish refuses a file that check refuses; with --all nothing is published while one file has an error.
import { type Command, performHere, refuseInput, type Given } from './command.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { checkAll } from '../mapping/tools/check-folder.ts';
import { loadMappings } from '../mapping/load.ts';
import { formatProblem } from '../mapping/document/problems.ts';
import type { MappingVersion } from '../support/reads/mappings.ts';
import { refusedWarnings } from '../publishing/fitness.ts';
import { mostKept } from '../publishing/plan.ts';
import type { Asked } from '../support/acts/act.ts';
import { publishMapping, rollbackMapping } from '../support/acts/mappings.ts';
import { impersonal, wholeNumber, instructionsOf, noteWords, instructionOption } from './arguments.ts';
import { checkCommand } from './mapping-check.ts';
import { coverageCommand, mappingTestCommand } from './mapping-test.ts';
import { diffCommand } from './mapping-diff.ts';
import { newCommand } from './mapping-new.ts';
import { previewCommand, specCommand } from './mapping-preview.ts';
import { sendCommand } from './mapping-send.ts';
import { actorOf } from '../support/named-text.ts';
import { paris } from '../support/words.ts';
import { tableOf, confirmed, out, say, withApp } from './terminal.ts';
import { countText } from '../domain/counted.ts';

type VersionOptions = Given<'note reason askedBy yes json'> & { readonly instruction?: readonly string[] };

type PublishOptions = VersionOptions & Given<'all author'>;

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
  mappingTestCommand(mapping);
  sendCommand(mapping);
  diffCommand(mapping);
  coverageCommand(mapping);
  specCommand(mapping);
  publishCommand(mapping);
  rollbackCommand(mapping);
  historyCommand(mapping);
}

/** The options of what puts a version in force. Note and reason are the same. */
const versionOptions = (command: Command): Command =>
  command
    .fields(publishMapping)
    .option('--reason <text>', 'the same as --note')
    .option(...instructionOption)
    .option('--yes', 'do not ask before waiting deliveries end because accepts no longer takes them');

/** @throws USAGE-001, USAGE-002 */
function askedFor(options: VersionOptions, own: 'note' | 'reason'): Omit<Asked, 'to'> {
  const { note, reason, askedBy, instruction, yes } = options;
  const text = note ?? reason;
  const input = { note: text, askedBy, instructions: instructionsOf(instruction) };
  const { fields } = publishMapping;
  refuseInput({ fields: { [own]: fields.note, askedBy: fields.askedBy } }, { askedBy, [own]: text });
  return { input, mayEnd: mayEnd(yes === true) };
}

function publishCommand(mapping: Command): void {
  versionOptions(mapping.command('publish [destination]'))
    .description('put the mapping in force at once, on every worker')
    .option('--all', 'every mapping of the folder')
    .option('--author <name>', 'default: RELAIS_ACTOR')
    .option('--json', 'as JSON: one object for each mapping')
    .examples(
      '',
      'relais mapping publish horizon-crm --note "budget added, asked by Horizon on 2026-11-20"',
      'relais mapping publish --all --note "first version"',
    )
    .action((destination: string | undefined, options: PublishOptions) => publish(destination, options));
}

function rollbackCommand(mapping: Command): void {
  versionOptions(mapping.command('rollback <destination> <version>'))
    .description('put an earlier version back in force')
    .option('--json', 'as JSON')
    .examples('', 'relais mapping rollback horizon-crm 3 --reason "ticket 16"')
    .action((destination: string, version: string, options: VersionOptions) => {
      const wanted = wholeNumber(version.replace(/^v/, ''));
      const asked = { ...askedFor(options, 'reason'), to: [destination, String(wanted)] };
      return withApp(async (app) => {
        const done = await performHere(app, rollbackMapping, asked);
        if (options.json === true) return out(JSON.stringify({ destination, ...versionData(done, true) }));
        out(`${destination} v${done.version} is in force again.`);
      });
    });
}

function historyCommand(mapping: Command): void {
  mapping
    .command('history <destination>')
    .description('versions with author, date and note')
    .option('--json', 'as JSON')
    .examples('', 'relais mapping history horizon-crm')
    .gateway(async (app, destination: string, { json }: Given<'json'>) => {
      const versions = await app.publishing.history(destination);
      if (json === true)
        return out(JSON.stringify(versions.map((version) => versionData(version, version.inForce))));
      tableOf(versions, {
        version: (version) => `v${version.version}`,
        published: (version) => paris(version.publishedAt),
        author: (version) => version.author,
        note: (version) => version.note,
        '': (version) => (version.inForce ? 'in force' : ''),
      });
    });
}

async function publish(destination: string | undefined, options: PublishOptions): Promise<void> {
  if ((destination === undefined) !== (options.all === true))
    throw new RelaisError('USAGE-001', 'Name one destination, or say --all.');
  const asked = askedFor(options, 'note');
  const author = options.author === undefined ? undefined : impersonal(options.author, '--author');
  await withApp(async (app) => {
    const actor =
      author === undefined
        ? app.config.actor
        : await actorOf(app.database, author, app.config.env !== 'production');
    for (const destinationId of destination === undefined ? await allGood(app) : [destination])
      await publishOne(
        { ...app, config: { ...app.config, actor } },
        { ...asked, to: [destinationId] },
        options,
      );
  });
}

async function allGood(app: App): Promise<readonly string[]> {
  const folder = app.config.mappingsDir;
  const { problems } = checkAll(folder, app.checkOptions);
  // A refusal of one of them blocks all.
  if (problems.some((problem) => problem.severity === 'error' || refusedWarnings.has(problem.code)))
    throw new RelaisError('MAPPING-001', `Nothing was published:\n${problems.map(formatProblem).join('\n')}`);
  const all = loadMappings(folder).destinations.map((destination) => destination.destinationId);
  for (const destinationId of all) await app.publishing.refuseUnfit(destinationId);
  return all;
}

const keptWords = (kept: readonly number[]): string =>
  `${kept.length === mostKept ? `${mostKept} or more` : kept.length} waiting deliveries keep the content of an earlier version, because the recipient may have it: ` +
  `${kept.slice(0, 20).join(' ')}${kept.length > 20 ? ' ...' : ''}\nTo write them anew, under a new key: relais replay ${kept.slice(0, 20).join(' ')} --anew --yes --reason "..."`;

const mayEnd =
  (yes: boolean) =>
  (destinationId: string, count: number): Promise<boolean> =>
    confirmed(
      `${count} deliveries wait for ${destinationId} whose leads this accepts does not take: they would end.`,
      String(count),
      yes,
    );

async function publishOne(app: App, asked: Asked, options: PublishOptions): Promise<void> {
  const done = await performHere(app, publishMapping, asked);
  const { destinationId } = done.mapping;
  const missing = done.mapping.secretNames.filter((name) => app.config.secrets(name).length === 0);
  if (options.json === true) {
    const { changed, authorised, reopened, acceptedAgain, keeping, warnings } = done;
    const unnamed = done.unnamed.map(({ id, recipient, targets }) => ({ id, recipient, targets }));
    const data = {
      ...versionData(done.version, true),
      changed,
      authorised,
      authorisedBeside: unnamed,
      reopened,
      acceptedAgain,
      keeping,
      warnings,
      clientNote: done.noteNumber ?? null,
    };
    return out(JSON.stringify({ destination: destinationId, ...data, missingSecrets: missing }));
  }
  for (const warning of done.warnings) say(formatProblem(warning));
  out(
    done.changed
      ? `${destinationId} v${done.version.version} is in force.`
      : `${destinationId} v${done.version.version} was in force already; nothing changed.`,
  );
  if (done.noteNumber !== undefined)
    out(await noteWords(app.database, done.mapping.clientId, done.noteNumber));
  for (const authorisation of done.unnamed)
    say(
      `Authorisation ${authorisation.id} (${authorisation.recipient}: ${authorisation.targets.join(', ')}; ${authorisation.categories.join(', ')}) is in force, but client.yaml does not name it. ` +
        `If it is over: relais authorisation revoke ${authorisation.id} --reason "..."`,
    );
  for (const line of countedLines(done)) out(line);
  if (done.keeping.length > 0) out(keptWords(done.keeping));
  if (missing.length > 0)
    say(
      `Secrets not provided yet: ${missing.join(', ')} (a file of that name in RELAIS_SECRETS_DIR, or RELAIS_SECRET_<NAME>).`,
    );
}

// Counts the effects of a publication or an authorisation, for its command.

const words = {
  authorised: ['authorisation of client.yaml added', 'authorisations of client.yaml added'],
  reopened: ['withheld delivery is looked at again', 'withheld deliveries are looked at again'],
  acceptedAgain: [
    'delivery an earlier version had ended (not_accepted) is planned again',
    'deliveries an earlier version had ended (not_accepted) are planned again',
  ],
} as const;

/** A line for each of them that is not nought. */
export const countedLines = (
  done: Readonly<Partial<Record<keyof typeof words, number>>>,
): readonly string[] =>
  (['authorised', 'reopened', 'acceptedAgain'] as const).flatMap((what) => {
    const count = done[what] ?? 0;
    return count === 0 ? [] : [`${countText(count, 'en')} ${words[what][count === 1 ? 0 : 1]}.`];
  });
