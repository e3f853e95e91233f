// relais instance move: moves a client from the shared installation to its own, or back (C36).
// Invariant: without a written instruction and a confirmation nothing changes; an interrupted move goes on when it is run again.
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { openDatabase } from '../app/for-terminal.ts';
import { loadConfig, type Config, type Environment } from '../config.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { moveClient } from '../hosting/move.ts';
import { createSign } from '../privacy/macs.ts';
import { collect, reasonOf, wholeNumber } from './arguments.ts';
import { confirmed, out, progress, say } from './terminal.ts';

interface MoveOptions {
  readonly to: readonly string[];
  readonly instruction: number;
  readonly deleteOn: string;
  readonly reason?: string;
  readonly wait: number;
  readonly yes?: true;
}

export function moveCommand(instance: Command): void {
  instance
    .subcommand(
      'move <client>',
      'move a client between the shared installation and its own: run it where the client is',
    )
    .requiredOption(
      '--to <file>',
      'environment file of the other installation; again for the one with its owner’s account',
      collect,
    )
    .requiredOption('--instruction <number>', 'the client’s instruction (--covers hosting)', wholeNumber)
    .requiredOption('--delete-on <date>', 'the day on which its data is deleted here: 2027-01-31')
    .option('--reason <text>', 'why (contract, ticket number); mandatory, kept in both logs')
    .option('--wait <seconds>', 'how long it waits for what is being sent', wholeNumber, 120)
    .option('--yes', 'do not ask')
    .examples(
      'The new installation is stopped until the move is over. Here the client is closed as at the end of a contract, and its data deleted on\nthe agreed day, with a proof; rows that systems still send here wait, and are carried over when the command is run again.',
      'relais instance move horizon --to /etc/relais/instances/horizon/relais.env --to /etc/relais/instances/horizon/owner.env \\\n    --instruction 8 --delete-on 2027-01-31 --reason "annex 4"',
    )
    .gateway(move);
}

async function move(app: App, clientId: string, options: MoveOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const target = loadConfig(Object.assign({}, ...options.to.map(environmentIn)) as Environment);
  const { ownerUrl } = target.mysql;
  if (ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'The files of --to name no RELAIS_MYSQL_OWNER_URL: the client is written under the owner account.',
    );
  const question = `${clientId} is closed here and goes on in ${target.listing.find(({ name }) => name === 'RELAIS_KEYS_SCHEMA')?.value ?? 'the other installation'}; its data here is deleted on ${options.deleteOn}.`;
  if (!(await confirmed(question, clientId, options.yes === true))) return say('Nothing was changed.');
  const keys = await keysOf(target);
  const there = openDatabase({ url: ownerUrl, connections: 2, sign: createSign(keys.seal) });
  const line = progress();
  try {
    const moved = await moveClient({
      from: { database: app.database, keysSchema: app.config.keysSchema, keys: app.keys },
      to: { database: there, keysSchema: target.keysSchema, keys },
      clientId,
      instruction: options.instruction,
      deleteOn: options.deleteOn,
      reason,
      actor: app.config.actor,
      waitMs: options.wait * 1_000,
      progress: (table) => line.at(table.padEnd(40)),
    });
    line.end();
    out(
      `${clientId} is open in the other installation, with ${moved.leads} leads and ${moved.waiting} rows that waited here.`,
    );
    out(
      'Start its processes, point its systems and callbacks there, and give its accounts and API keys anew.',
    );
  } finally {
    line.end();
    await there.close();
  }
}

const keysOf = async (loaded: Config) => (await import('../app.ts')).keysOf(loaded);

/** `NAME=value` a line, as systemd reads it. */
function environmentIn(path: string): Environment {
  return Object.fromEntries(
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line))
      .flatMap((match) => (match === null ? [] : [[match[1] ?? '', unquoted(match[2] ?? '')]])),
  );
}

const unquoted = (text: string): string => {
  const trimmed = text.trim();
  const quote = trimmed[0];
  return (quote === "'" || quote === '"') && trimmed.length > 1 && trimmed.endsWith(quote)
    ? trimmed.slice(1, -1)
    : trimmed;
};
