// Runs `relais` commands inside the test: what was printed where, and the exit code.
import { run } from '../../src/cli/program.ts';
import type { Gateway } from '../trip/gateway.ts';

export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

export type Relais = (...argv: readonly string[]) => Promise<Ran>;

/** @param environment replaces the process's own while a command runs */
export function terminalOf(environment: Readonly<Record<string, string>>): Relais {
  return async (...argv) => {
    const printed = { out: '', err: '' };
    const take = (name: 'out' | 'err') => (chunk: string | Uint8Array) => {
      printed[name] += String(chunk);
      return true;
    };
    const spies = [
      jest.spyOn(process.stdout, 'write').mockImplementation(take('out')),
      jest.spyOn(process.stderr, 'write').mockImplementation(take('err')),
    ];
    const before = { ...process.env };
    for (const name of Object.keys(before)) if (name.startsWith('RELAIS_')) delete process.env[name];
    Object.assign(process.env, environment);
    process.exitCode = 0;
    try {
      await run(argv);
      return { ...printed, code: Number(process.exitCode) };
    } finally {
      process.exitCode = 0;
      for (const name of Object.keys(environment)) delete process.env[name];
      Object.assign(process.env, before);
      for (const spy of spies) spy.mockRestore();
      // Each test file has a program of its own, all of them the process's streams.
      for (const stream of [process.stdout, process.stderr])
        for (const listener of stream.listeners('error'))
          if (listener.name === 'closed') stream.off('error', listener as () => void);
    }
  };
}

/** The environment a command line beside this gateway would have. */
export function environmentOf(
  { config }: Gateway,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return {
    RELAIS_ENV: config.env,
    RELAIS_MYSQL_URL: config.mysql.gatewayUrl,
    RELAIS_REDIS_URL: config.redis.url,
    RELAIS_REDIS_PREFIX: config.redis.prefix,
    RELAIS_MASTER_KEY: config.masterKey.toString('base64'),
    RELAIS_SEAL_KEY: config.sealKey.toString('base64'),
    RELAIS_MAPPINGS_DIR: config.mappingsDir,
    RELAIS_ALLOWED_RANGES: '127.0.0.0/8',
    RELAIS_ALLOW_PLAINTEXT: 'yes',
    RELAIS_ACTOR: 'Sophie',
    ...more,
  };
}

export interface LoggedAction {
  readonly entry: string;
  readonly actor: string;
  readonly purpose: string;
  readonly client: string;
  readonly lead: number;
  readonly delivery: number;
}

/** Entries of the log that a person caused, oldest first. */
export async function actionsOf(
  { owner }: Gateway,
  ...entries: readonly string[]
): Promise<readonly LoggedAction[]> {
  const all = await owner.all<LoggedAction>(
    `SELECT entry, 'Sophie' AS actor, purpose, client_id AS client, lead_id AS \`lead\`, delivery_id AS delivery FROM handovers
      WHERE actor = 'Sophie' OR actor IN (SELECT CONCAT('staff:', id) FROM staff_names WHERE name = 'Sophie') ORDER BY id`,
  );
  return all.filter((one) => entries.includes(one.entry));
}
