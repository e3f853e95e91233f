// relais log verify | anchor | archive | verify-archive: verifies the hand-over log, and moves old months out of MySQL.
// Invariant: a log that does not verify gives exit code 1 and its faults, the first one first; only archive --remove deletes anything.
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { RelaisError } from '../errors.ts';
import { archiveLog, removeArchived, type ArchiveOptions } from '../privacy/archive.ts';
import { checkArchiveFile } from '../privacy/archive-file.ts';
import {
  mostFindings,
  parseAnchor,
  type Anchor,
  type LogProblem,
  type VerificationProblem,
  type Verification,
} from '../privacy/verification.ts';
import { withExamples } from './arguments.ts';
import { outJson, type JsonOption } from './json.ts';
import { isReadable, standardInput, withFile } from './named-file.ts';
import { config, confirmed, out, progress, say, withApp } from './terminal.ts';
import type { Config } from '../config.ts';
import { recogniseKeys, type Keys } from '../privacy/keys.ts';
import { openDatabase } from '../app/for-terminal.ts';

export function journalCommands(program: Command): void {
  const log = program.command('log').description('the append-only log of every hand-over');

  withExamples(
    log
      .command('verify')
      .description('check every seal and entry; names what is broken and exits 1')
      .option('--anchor <anchor>', 'anchor printed earlier by `relais log anchor`, or a file that holds it')
      .option('--anchor-file <file>', 'file that holds the anchor')
      .option('--archives <folder>', 'folder of the archives, to check their entries too')
      .option('--json', 'the result as JSON; the exit code is the same'),
    'With an anchor a cut tail is seen too. Without --archives, archived months are checked by their seals alone.',
    'relais log verify',
    'relais log verify --anchor-file anchor.txt',
  ).action((options: VerifyOptions) => {
    const anchor = anchorOf(options);
    const { archives } = options;
    return withApp(async ({ sealer }) => {
      const line = progress();
      const result = await sealer.verify(
        anchor,
        (entries) => line.at(`${entries} entries`),
        archives === undefined ? {} : { archives },
      );
      line.end();
      if (options.json === true) outJson([result]);
      if (!result.ok) throw new RelaisError('LOG-001', broken(result));
      if (options.json === true) return;
      out(
        `The log verifies: ${result.entries} entries under ${result.seals} seals, none changed, none missing${anchor === undefined ? '' : ', anchor found'}.`,
      );
      if (result.archived > 0)
        say(
          `${result.archived} of them stand in archives${archives === undefined ? ', not read now (--archives FOLDER reads them)' : ', read and good'}.`,
        );
      if (result.unsealed > 0) say(`${result.unsealed} entries wait for the next seal.`);
      if (anchor === undefined)
        say('Without an anchor a cut tail cannot be seen: keep `relais log anchor` somewhere else, daily.');
    });
  });

  withExamples(
    log.command('anchor').description('print the last seal, to be kept outside the database'),
    '',
    'relais log anchor > anchor.txt',
  ).action(() =>
    withApp(async ({ sealer }) => {
      const anchor = await sealer.anchor();
      if (anchor === undefined) throw new RelaisError('FIND-001', 'Nothing is sealed yet.');
      out(anchor);
    }),
  );

  archiveCommands(log);
}

interface VerifyOptions extends JsonOption {
  readonly anchor?: string;
  readonly anchorFile?: string;
  readonly archives?: string;
}

function archiveCommands(log: Command): void {
  withExamples(
    log
      .command('archive')
      .description('write sealed months to files outside MySQL; with --remove take out what is safe in them')
      .requiredOption('--before <month>', 'months before this one, e.g. 2026-10 (UTC)')
      .requiredOption('--to <folder>', 'where the archives are kept')
      .option('--remove', 'then remove from MySQL the entries of every archive whose file verifies')
      .option('--yes', 'do not ask before removing'),
    'Needs RELAIS_MYSQL_OWNER_URL: the gateway account cannot remove entries. Seals stay, and `relais log verify` goes on\nproving the whole log. Interrupted, it goes on where it stopped.',
    'relais log archive --before 2026-10 --to /srv/relais-archives',
    'relais log archive --before 2026-10 --to /srv/relais-archives --remove',
  ).action(
    (options: {
      readonly before: string;
      readonly to: string;
      readonly remove?: true;
      readonly yes?: true;
    }) =>
      withOwner(options.to, async (archive) => {
        const now = archive.owner.now().toISOString().slice(0, 7);
        if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(options.before) || options.before > now)
          throw new RelaisError(
            'USAGE-001',
            `--before is a month, ${now} at the latest: months that are over.`,
          );
        const written = await archiveLog(archive, options.before);
        for (const file of written)
          out(`${file.fileName}  ${file.entries} entries, seals ${file.firstSeal} to ${file.lastSeal}`);
        if (written.length === 0) out(`Nothing sealed before ${options.before} is left to archive.`);
        if (options.remove !== true) return;
        const question = `Entries of every archive in ${options.to} leave MySQL; copies of the files stand elsewhere?`;
        if (!(await confirmed(question, 'remove', options.yes === true))) return;
        const line = progress();
        const removed = await removeArchived(archive, (count) => line.at(`${count} entries removed`));
        line.end();
        out(`${removed} entries removed from MySQL.`);
      }),
  );

  withExamples(
    log
      .command('verify-archive <file>')
      .description('check one archive by itself: needs the seal key, no database'),
    '',
    'relais log verify-archive relais-log-2026-09-1-812.jsonl.gz',
  ).action(async (file: string) => {
    const { seal } = await keysOf(config());
    const check = await withFile(file, (path) => checkArchiveFile(path, seal));
    if (!check.ok) {
      throw new RelaisError('LOG-002', `${file} does not verify: ${findingText(check.problem)}.`);
    }
    out(
      `The archive verifies: ${check.month}, ${check.entries} entries under seals ${check.firstSeal} to ${check.lastSeal}; last seal ${check.lastSeal}:${check.lastMac.toString('hex')}`,
    );
  });
}

/** Loaded when needed, as `withApp` does. */
const keysOf = async (loaded: Config): Promise<Keys> => (await import('../app.ts')).keysOf(loaded);

async function withOwner(folder: string, work: (archive: ArchiveOptions) => Promise<void>): Promise<void> {
  const loaded = config();
  const { mysql, keysSchema } = loaded;
  if (mysql.ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'RELAIS_MYSQL_OWNER_URL is missing: archiving needs the owner account.',
    );
  const owner = openDatabase({ url: mysql.ownerUrl, connections: 2 });
  try {
    const keys = await keysOf(loaded);
    await recogniseKeys({ database: owner, keysSchema, keys });
    await work({ owner, sealKeys: keys.seal, folder });
  } finally {
    await owner.close();
  }
}

function anchorOf(options: VerifyOptions): Anchor | undefined {
  const file =
    options.anchorFile ??
    (options.anchor !== undefined && isReadable(options.anchor) ? options.anchor : undefined);
  const text =
    file === undefined
      ? options.anchor
      : readFileSync(file === standardInput ? process.stdin.fd : file, 'utf8');
  if (text === undefined) return undefined;
  const anchor = parseAnchor(text);
  if (anchor === undefined)
    throw new RelaisError('USAGE-001', 'An anchor looks like 12:9f3c... (64 hexadecimal digits).');
  return anchor;
}

const meanings: Readonly<Record<LogProblem, string>> = {
  entry_changed: 'an entry was changed after it was sealed',
  entry_missing: 'a sealed entry is missing',
  entry_forged: 'an entry that waits for its seal was not made by the gateway, or was changed',
  key_missing: 'it was made with a key that is not configured here',
  authorisation_changed: 'the authorisation that the entry cites was changed afterwards',
  mapping_changed: 'the mapping version that the entry cites was changed afterwards',
  consents_changed: 'the consents that the entry was made under were changed afterwards',
  entry_unsealed: 'an entry came in past the gateway: it is in no seal and waits for none',
  seal_changed: 'a seal was changed, or is not one that the gateway made',
  seal_missing: 'a seal is missing',
  queue_points_nowhere: 'an entry that waited for its seal is missing',
  anchor_missing: 'the end of the log was cut: the anchored seal is gone',
  anchor_differs: 'the log was rewritten: the anchored seal differs',
  archive_changed: 'an archive, or the record of it, is not the one that was written',
  archive_missing: 'an archive is not in the folder',
};

const findingText = ({ kind, seal, entry }: VerificationProblem): string => {
  const where: string[] = [kind];
  if (entry !== undefined) where.push(`entry ${entry}`);
  if (seal !== undefined) where.push(`seal ${seal}`);
  return `${meanings[kind]} (${where.join(', ')})`;
};

function broken({ problems = [], entries }: Verification): string {
  const [first, ...others] = problems.map(findingText);
  const head = `The log does not verify: ${first ?? 'for no reason given'}. ${entries} entries before it are good.`;
  if (others.length === 0) return head;
  const last =
    problems.length < mostFindings ? [] : [`  ... that is ${mostFindings}, where looking for more stopped`];
  return [head, 'Found besides:', ...others.map((text) => `  ${text}`), ...last].join('\n');
}
