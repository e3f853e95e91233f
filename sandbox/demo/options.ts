// Parses the options after `npm run demo --`.
// Invariant: an unknown option stops the demo before anything is started.
import { parseArgs } from 'node:util';
import { RelaisError } from '../../src/errors.ts';
import type { Engine } from '../binaries.ts';

export interface DemoOptions {
  readonly leads: number;
  readonly seed: number;
  readonly kill: boolean;
  readonly keep: boolean;
  readonly tamper: boolean;
  /** Instead of the four clients: a preset and its simulated CRM. */
  readonly preset?: string;
  /** With `preset`: a habit of the CRM whose rule is removed. */
  readonly without?: string;
  /** The required database; without it the one named by URL or installed. */
  readonly engine?: Engine;
  readonly help: boolean;
}

export const helpText = `npm run demo -- [options]

The whole gateway beside four invented clients: private MariaDB/MySQL and Redis, real recipients on loopback
(a CRM over HTTPS, a mailbox, two SFTP drops), 300 invented leads; then an account of every one of them.
The exit code is 0 only when the recipients' own records, the log and the leads agree.

  --kill        kill the worker with SIGKILL in the middle of sending and start another: must end the same
  --keep        go on until Ctrl-C, to look around and add leads by hand
  --leads N     take in N leads instead of 300 (20 to 5000)
  --seed N      other invented persons and other bad days of the CRM; default 2026
  --tamper      remove one lead from a recipient's record before comparing: must end with exit code 1
  --charter     alone: a year of one client under the charter, as commands, on a clock of its own
  --preset NAME twenty leads through one preset and the simulated CRM it is for, with everything that can go wrong;
                relais preset list names them
  --without H   with --preset: takes the rule for one habit of that CRM out; must end with exit code 1
  --engine E    mysql or mariadb, instead of what is installed; on Debian, MySQL is unpacked under .relais for it
  --help        this text

RELAIS_MYSQL_OWNER_URL and RELAIS_REDIS_URL name servers to use instead of private ones; the demo makes a database
and accounts of its own there and removes them at the end.`;

export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parsed(args);
  return {
    leads: whole('--leads', values.leads, 300, 20, 5_000),
    seed: whole('--seed', values.seed, 2026, 0, 4_294_967_295),
    kill: values.kill,
    keep: values.keep,
    tamper: values.tamper,
    ...(values.preset === undefined ? {} : { preset: values.preset }),
    ...(values.without === undefined ? {} : { without: values.without }),
    ...(values.engine === undefined ? {} : { engine: engineOf(values.engine) }),
    help: values.help,
  };
}

function parsed(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        kill: flag,
        keep: flag,
        tamper: flag,
        // bin/demo.mjs runs that story.
        charter: flag,
        help: flag,
        leads: { type: 'string' },
        seed: { type: 'string' },
        preset: { type: 'string' },
        without: { type: 'string' },
        engine: { type: 'string' },
      },
    });
  } catch (error) {
    throw new RelaisError(
      'USAGE-001',
      `${error instanceof Error ? error.message : String(error)}\n\n${helpText}`,
    );
  }
}

function engineOf(word: string): Engine {
  if (word === 'mysql' || word === 'mariadb') return word;
  throw new RelaisError('USAGE-001', '--engine is mysql or mariadb.');
}

function whole(name: string, given: string | undefined, otherwise: number, min: number, max: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RelaisError('USAGE-001', `${name} is a whole number from ${min} to ${max}.`);
}
