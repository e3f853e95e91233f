// relais log ... | audit ...: verifies the hand-over log, moves old months out of MySQL, exports and verifies audit packs (C46).
// Invariant: a log that does not verify gives exit code 1 and its faults, the first one first; only archive --remove deletes anything.
import type { Command, Given } from './command.ts';
import { readFileSync, createWriteStream } from 'node:fs';
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
import { isReadable, standardInput, withFile, reasonOf, textOfFile } from './arguments.ts';
import { outJson, config, confirmed, keysOf, out, ownerUrlFor, progress, say, withApp } from './terminal.ts';
import { recogniseKeys } from '../privacy/keys.ts';
import { openAccount } from '../app/for-terminal.ts';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { addDays, isCivilDate, startOfDay, type CivilDate } from '../domain/civil-date.ts';
import type { PackProblem } from '../support/audit-pack/check.ts';

export function journalCommands(program: Command): void {
  const log = program.command('log').description('the append-only log of every hand-over');

  log
    .command('verify')
    .description('check every seal and entry; names what is broken and exits 1')
    .option('--anchor <anchor>', 'anchor printed earlier by `relais log anchor`, or a file that holds it')
    .option('--anchor-file <file>', 'file that holds the anchor')
    .option('--archives <folder>', 'folder of the archives, to check their entries too')
    .option('--json', 'the result as JSON; the exit code is the same')
    .examples(
      'With an anchor a cut tail is seen too. Without --archives, archived months are checked by their seals alone.',
      'relais log verify',
      'relais log verify --anchor-file anchor.txt',
    )
    .action((options: VerifyOptions) => {
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

  log
    .command('anchor')
    .description('print the last seal, to be kept outside the database')
    .examples('', 'relais log anchor > anchor.txt')
    .gateway(async ({ sealer }) => {
      const anchor = await sealer.anchor();
      if (anchor === undefined) throw new RelaisError('FIND-001', 'Nothing is sealed yet.');
      out(anchor);
    });

  archiveCommands(log);
}

type VerifyOptions = Given<'anchor anchorFile archives json'>;

function archiveCommands(log: Command): void {
  log
    .command('archive')
    .description('write sealed months to files outside MySQL; with --remove take out what is safe in them')
    .requiredOption('--before <month>', 'months before this one, e.g. 2026-10 (UTC)')
    .requiredOption('--to <folder>', 'where the archives are kept')
    .option('--remove', 'then remove from MySQL the entries of every archive whose file verifies')
    .option('--yes', 'do not ask before removing')
    .examples(
      'Needs RELAIS_MYSQL_OWNER_URL: the gateway account cannot remove entries. Seals stay, and `relais log verify` still proves\nthe whole log. Interrupted, it continues where it stopped.',
      'relais log archive --before 2026-10 --to /srv/relais-archives',
      'relais log archive --before 2026-10 --to /srv/relais-archives --remove',
    )
    .action((options: Given<'before! to! remove yes'>) =>
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

  log
    .command('verify-archive <file>')
    .description('check one archive by itself: needs the seal key, no database')
    .examples('', 'relais log verify-archive relais-log-2026-09-1-812.jsonl.gz')
    .action(async (file: string) => {
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

async function withOwner(folder: string, work: (archive: ArchiveOptions) => Promise<void>): Promise<void> {
  const loaded = config();
  const { keysSchema } = loaded;
  const url = ownerUrlFor(loaded, 'archiving needs the owner account');
  const owner = await openAccount(loaded, { url, connections: 2 });
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
  anchor_missing:
    'the end of the log was cut: the anchored seal is gone; to be expected where a backup from before the anchor was restored',
  anchor_differs:
    'the log was rewritten: the anchored seal differs; to be expected where a backup from before the anchor was restored',
  archive_changed: 'an archive, or the record of it, is not the one that was written',
  archive_missing: 'an archive is not in the folder',
  proof_changed: 'the proof that the entry cites, or its lead, was changed afterwards',
  day_changed: 'the signed state of a day was changed, or does not follow the one before it',
  notice_changed: 'no published contract gives a notice in these words',
};

const findingText = ({ kind, seal, entry, what }: VerificationProblem): string => {
  const where: string[] = [kind];
  if (what !== undefined) where.push(what);
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

// relais audit export | verify: exports and verifies the signed evidence on one client and one period (C46).
// Invariant: verify needs the file and the public key alone; --seals adds the sealing key of the configuration.

export function auditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('one signed file for an auditor: the log of a client and a period, and what belongs to it');
  audit
    .command('export')
    .description('make the pack; making it is an entry of the log')
    .requiredOption('--client <client>', 'whose')
    .requiredOption('--from <date>', 'first day: 2026-01-01')
    .requiredOption('--until <date>', 'last day: 2026-06-30')
    .requiredOption('--to <folder>', 'an existing folder; the file is named after client and period')
    .option('--anchor <anchor>', 'anchor that `relais log anchor` printed; with it a cut tail is seen too')
    .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
    .option('--reason <text>', 'why (number of the audit); mandatory')
    .examples(
      'It holds nothing of a prospect. Every seal and the entries of the period are verified for it; `relais log verify` reads the others too.',
      'relais audit export --client horizon --from 2026-01-01 --until 2026-06-30 --to /srv/audit --reason "audit 7"',
    )
    .action((options: ExportOptions) => makePack(options));
  audit
    .command('verify <file>')
    .description('check a pack with the public key alone; exits 1 when anything was changed')
    .requiredOption('--key <file>', 'public keys, as `relais proof key` prints them')
    .option('--seals', 'with the sealing key of this configuration: compute every seal and entry again')
    .json()
    .examples(
      'Without --seals it needs neither a database nor a configuration.',
      'relais audit verify relais-audit-horizon-2026-01-01-2026-06-30.zip --key relais-public.pem',
    )
    .action((file: string, options: PackOptions) => verifyPack(file, options));
}

type ExportOptions = Given<'client! from! until! to! anchor archives reason'>;

type PackOptions = Given<'key! seals json'>;

function dayOf(text: string, option: string): CivilDate {
  if (!isCivilDate(text)) throw new RelaisError('USAGE-001', `${option} is a day: 2026-06-30.`);
  return text;
}

function makePack(options: ExportOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const from = startOfDay(dayOf(options.from, '--from'));
  const until = startOfDay(addDays(dayOf(options.until, '--until'), 1));
  const anchor = options.anchor === undefined ? undefined : parseAnchor(options.anchor);
  if (options.anchor !== undefined && anchor === undefined)
    throw new RelaisError('USAGE-001', 'An anchor looks like 12:9f3c... (64 hexadecimal digits).');
  return withApp(async (app) => {
    const { auditPack, packName } = await import('../support/audit-pack/pack.ts');
    const period = { clientId: options.client, from, until };
    const path = join(options.to, packName(period));
    if ((await stat(path).catch(() => undefined)) !== undefined)
      throw new RelaisError('USAGE-001', `${path} exists: move it away, or name another folder.`);
    const place = { ...app, archives: options.archives };
    const { bytes } = await auditPack(place, { ...period, actor: app.config.actor, reason, anchor });
    const part = `${path}.part`;
    try {
      await pipeline(bytes, createWriteStream(part, { mode: 0o600, flush: true }));
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    out(path);
    say('LISEZ-MOI.txt inside says what each file is, and how it is checked offline.');
  });
}

const packMeanings: Readonly<Record<PackProblem, string>> = {
  not_a_pack: 'it is no audit pack, or was cut',
  archive_padded: 'the archive holds something that belongs to none of its files, or names a file twice over',
  key_unreadable: 'the key file holds no Ed25519 public key in PEM',
  other_key: 'none of the given keys has signed it',
  signature_wrong: 'the signature does not fit: the manifest was changed after it was signed',
  file_missing: 'a file is missing',
  file_added: 'a file was added',
  file_changed: 'a file was changed',
  log_broken: 'the chain of seals is broken',
  day_changed: 'the signed state of a day was changed, or does not follow the one before it',
  day_incomplete: 'an entry of a day was added, changed or left out since the day was signed',
  seal_changed: 'a seal is not one that this key made',
  entry_changed: 'an entry is not one that its seal covers',
  key_missing: 'a seal was made with a key that is not configured here',
  proof_changed: 'a proof was changed, is not the one that the log cites, or is another client’s',
  log_unproved: 'the log of the centre did not verify when the pack was made',
};

async function verifyPack(file: string, options: PackOptions): Promise<void> {
  const publicKeys = textOfFile(options.key);
  const sealKeys = options.seals === true ? (await keysOf(config())).seal : undefined;
  const { checkPack } = await import('../support/audit-pack/check.ts');
  const checked = await withFile(file, (path) => checkPack(path, publicKeys, sealKeys));
  if (!checked.ok) {
    const where = checked.where === '' ? '' : ` (${checked.where})`;
    throw new RelaisError('AUDIT-001', `${basename(file)}: ${packMeanings[checked.problem]}${where}.`);
  }
  const { manifest, seals, entries, unsealed } = checked;
  const { client, period, madeAt, key } = manifest;
  if (options.json === true)
    return outJson([{ ok: true, client: client.id, period, madeAt, key, seals, entries, unsealed }]);
  out(
    `The pack verifies: client ${client.id}, ${period.from} to ${period.until}, ${manifest.files.length} files, ${entries} entries under ${seals} seals; signed by ${key}.`,
  );
  if (unsealed > 0) say(`${unsealed} entries had no seal yet when it was made.`);
  if (sealKeys === undefined) say('Seals were followed, not computed: --seals does, with the sealing key.');
}
