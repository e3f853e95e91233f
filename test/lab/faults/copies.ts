// Backups made while the storm blows, some of them killed, and at its end the newest with persons erased since restored with the ledger.
// Invariant: the command line does both, as an operator would; a backup that fails while a service is down is no fault.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { openDatabase } from '../../../src/store/database.ts';
import { environmentOf } from '../../cli/terminal.ts';
import { freshDatabase } from '../../support/database.ts';
import type { Gateway } from '../../trip/gateway.ts';
import { lateMark } from './operations.ts';
import type { Random } from './random.ts';
import { personsInTables, type Found } from './remains.ts';
import { pause } from './scene.ts';

export interface Restored extends Found {
  /** Backups that were completed. */
  readonly backups: number;
  /** References of leads that are in the restored database, and not erased there. */
  readonly standing: readonly string[];
  /** Leads that the ledger erased or deleted again, and refused rows. */
  readonly erasedAgain: number;
  /** Drafts that a later run left, and a restore that failed. */
  readonly wrong: readonly string[];
}

export interface Copies {
  /** No further backup; ends with the one under way. */
  readonly stop: () => Promise<void>;
  readonly restored: () => Promise<Restored>;
}

interface CopiesOptions {
  /** Of the storm; planners write the ledger to `ledgerIn` of it. */
  readonly folder: string;
  readonly everyMs: number;
  /** Undefined: none is killed. */
  readonly random: Random | undefined;
}

export const ledgerIn = (folder: string): string => join(folder, 'ledger');
const draft = /\.part$/;

export async function startCopies(gateway: Gateway, options: CopiesOptions): Promise<Copies> {
  const { folder, everyMs, random } = options;
  const [backups, ledger, identityFile] = [
    join(folder, 'backups'),
    ledgerIn(folder),
    join(folder, 'backup.key'),
  ];
  const identity = await generateIdentity();
  writeFileSync(identityFile, `${identity}\n`);
  for (const one of [backups, ledger]) mkdirSync(one, { recursive: true });
  const environment = environmentOf(gateway, {
    RELAIS_MYSQL_OWNER_URL: urlOf(gateway.app.database.name),
    RELAIS_BACKUP_DIR: backups,
    RELAIS_BACKUP_RECIPIENT: await identityToRecipient(identity),
    RELAIS_ERASURE_LEDGER_DIR: ledger,
  });
  const names = (): readonly string[] => readdirSync(backups).toSorted();
  const wrong: string[] = [];
  let isOver = false;
  let end: () => void = () => undefined;
  const over = new Promise<void>((done) => (end = done));
  let backupsMade = 0;
  const making = (async () => {
    for (let run = 1; ; run += 1) {
      await Promise.race([pause(everyMs), over]);
      if (isOver) return;
      const killAfter = random !== undefined && run % 3 === 0 ? random.between(0, 4_000) : undefined;
      const { code } = await relais(environment, ['backup', 'run'], killAfter);
      if (code !== 0) continue;
      backupsMade += 1;
      wrong.push(
        ...names()
          .filter((name) => draft.test(name))
          .map((name) => `${name} is left of a killed run`),
      );
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      end();
      await making;
    },
    restored: async () => {
      let found: Omit<Restored, 'backups'> = {
        addresses: [],
        references: [],
        standing: [],
        erasedAgain: 0,
        wrong: [],
      };
      // A backup after the last erasure has nothing to erase again: the one before it has.
      for (const name of names().toReversed()) {
        if (draft.test(name)) continue;
        found = await restoredFrom(environment, {
          backup: join(backups, name),
          words: ['--identity', identityFile, '--ledger', ledger, '--reason', 'storm'],
        });
        if (found.erasedAgain > 0 || found.wrong.length > 0) break;
      }
      return { ...found, backups: backupsMade, wrong: [...wrong, ...found.wrong] };
    },
  };
}

async function restoredFrom(
  environment: Readonly<Record<string, string>>,
  { backup, words }: { readonly backup: string; readonly words: readonly string[] },
): Promise<Omit<Restored, 'backups'>> {
  const fresh = await freshDatabase();
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 2 });
  try {
    const there = {
      ...environment,
      RELAIS_MYSQL_URL: fresh.ownerUrl,
      RELAIS_MYSQL_OWNER_URL: fresh.ownerUrl,
    };
    const { code, out, err } = await relais(there, ['restore', 'load', backup, ...words]);
    const counts = /(\d+) leads erased again, (\d+) deleted, (\d+) rows/.exec(out)?.slice(1) ?? [];
    const said =
      code === 0 && out.includes('The log verifies.') ? [] : [`restore ended with ${code}: ${out}${err}`];
    if (code !== 0) return { addresses: [], references: [], standing: [], erasedAgain: 0, wrong: said };
    // Waiting rows of an operation that is over: once it is opened they are refused, and nothing of them is kept.
    await owner.run(`DELETE FROM lead_intake WHERE status = 'new' AND reference LIKE '${lateMark}%'`);
    // Lines on their way to the ledger when the backup was made: a planner writes them, once it is opened, and removes them.
    await owner.run('DELETE FROM erasures_unwritten');
    const standing = await owner.all<{ reference: string }>(
      'SELECT reference FROM leads WHERE erased_at IS NULL',
    );
    return {
      ...(await personsInTables({ owner })),
      standing: standing.map(({ reference }) => reference),
      erasedAgain: counts.reduce((sum, count) => sum + Number(count), 0),
      wrong: said,
    };
  } finally {
    await owner.close();
    await fresh.drop();
  }
}

function urlOf(name: string): string {
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs a command in a process of its own. @param killAfter ms until it is killed */
async function relais(
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
  killAfter?: number,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, ['src/cli/index.ts', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (part: Buffer) => (said.out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (said.err += part.toString()));
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const timer = killAfter === undefined ? undefined : setTimeout(endWithUs, killAfter);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearTimeout(timer);
  process.off('exit', endWithUs);
  return { code, ...said };
}
