// relais audit export | verify: exports and verifies the signed evidence on one client and one period (C46).
// Invariant: verify needs the file and the public key alone; --seals adds the sealing key of the configuration.
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { addDays, isCivilDate, startOfDay, type CivilDate } from '../domain/civil-date.ts';
import { RelaisError } from '../errors.ts';
import { parseAnchor } from '../privacy/verification.ts';
import type { PackProblem } from '../support/audit-pack/check-journal.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { textOfFile, withFile } from './named-file.ts';
import { config, out, say, withApp } from './terminal.ts';

export function auditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('one signed file for an auditor: the log of a client and a period, and what belongs to it');
  withExamples(
    audit
      .command('export')
      .description('make the pack; making it is an entry of the log')
      .requiredOption('--client <client>', 'whose')
      .requiredOption('--from <date>', 'first day: 2026-01-01')
      .requiredOption('--until <date>', 'last day: 2026-06-30')
      .requiredOption('--to <folder>', 'an existing folder; the file is named after client and period')
      .option('--anchor <anchor>', 'anchor that `relais log anchor` printed; with it a cut tail is seen too')
      .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
      .option('--reason <text>', 'why (number of the audit); mandatory'),
    'It holds nothing of a prospect. The whole log is verified for it, which takes as long as `relais log verify`.',
    'relais audit export --client horizon --from 2026-01-01 --until 2026-06-30 --to /srv/audit --reason "audit 7"',
  ).action((options: ExportOptions) => makePack(options));
  withExamples(
    withJson(
      audit
        .command('verify <file>')
        .description('check a pack with the public key alone; exits 1 when anything was changed')
        .requiredOption('--key <file>', 'public keys, as `relais proof key` prints them')
        .option('--seals', 'with the sealing key of this configuration: compute every seal and entry again'),
    ),
    'Without --seals it needs neither a database nor a configuration.',
    'relais audit verify relais-audit-horizon-2026-01-01-2026-06-30.zip --key relais-public.pem',
  ).action((file: string, options: VerifyOptions) => verifyPack(file, options));
}

interface ExportOptions {
  readonly client: string;
  readonly from: string;
  readonly until: string;
  readonly to: string;
  readonly anchor?: string;
  readonly archives?: string;
  readonly reason?: string;
}

interface VerifyOptions extends JsonOption {
  readonly key: string;
  readonly seals?: true;
}

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

const meanings: Readonly<Record<PackProblem, string>> = {
  not_a_pack: 'it is no audit pack, or was cut',
  archive_padded: 'the archive holds something that belongs to none of its files, or names a file twice over',
  key_unreadable: 'the key file holds no Ed25519 public key in PEM',
  other_key: 'none of the given keys has signed it',
  signature_wrong: 'the signature does not fit: the manifest was changed after it was signed',
  file_missing: 'a file is missing',
  file_added: 'a file was added',
  file_changed: 'a file was changed',
  log_broken: 'the chain of seals is broken',
  seal_changed: 'a seal is not one that this key made',
  entry_changed: 'an entry is not one that its seal covers',
  key_missing: 'a seal was made with a key that is not configured here',
};

async function verifyPack(file: string, options: VerifyOptions): Promise<void> {
  const publicKeys = textOfFile(options.key);
  const sealKeys = options.seals === true ? (await import('../app.ts')).keysOf(config()).seal : undefined;
  const { checkPack } = await import('../support/audit-pack/check.ts');
  const checked = await withFile(file, (path) => checkPack(path, publicKeys, sealKeys));
  if (!checked.ok) {
    const where = checked.where === '' ? '' : ` (${checked.where})`;
    throw new RelaisError('AUDIT-001', `${basename(file)}: ${meanings[checked.problem]}${where}.`);
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
