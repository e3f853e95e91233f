// Builds the base of the demo and of a trial: servers, accounts, a database, the gateway on it.
// Invariant: every built part has its undo step on the caller's list before the next step begins.
import { rm } from 'node:fs/promises';
import { startServices } from '../services.ts';
import type { ServiceOptions } from '../services.ts';
import { inventAccounts, placesOf } from './environment.ts';
import type { EnvironmentFacts } from './environment.ts';
import type { Env, Gateway, GatewayTools } from './gateway.ts';
import { removeRedisKeys } from './redis-keys.ts';
import type { Screen } from './screen.ts';
import { createAccounts, dropAccounts } from './sql.ts';
import type { DemoConnection } from './sql.ts';

export interface DemoDeps {
  readonly screen: Screen;
  readonly tools: GatewayTools;
  /** Servers to use instead of private ones. */
  readonly given: Pick<ServiceOptions, 'mysqlUrl' | 'redisUrl' | 'engine'>;
  readonly signal: AbortSignal;
}

/** Undo steps for the end, last in, first out. */
export type Undo = (() => Promise<void>)[];

/** Undoes everything when the work is over, each step even when an earlier one fails. */
export async function withUndo<Result>(
  screen: Screen,
  work: (undo: Undo) => Promise<Result>,
): Promise<Result> {
  const undo: Undo = [];
  try {
    return await work(undo);
  } finally {
    for (const step of undo.reverse())
      await step().catch((error: unknown) =>
        screen.line(`while cleaning up: ${error instanceof Error ? error.message : String(error)}`),
      );
  }
}

/** The servers of this process, and accounts of its own on them. */
export type Servers = Pick<EnvironmentFacts, 'places' | 'mysqlUrl' | 'redisUrl' | 'accounts'>;

export async function openServers({ screen, tools, given }: DemoDeps, undo: Undo): Promise<Servers> {
  const places = placesOf(process.pid);
  const services = await startServices({
    folder: places.folder,
    log: (text) => screen.line(`  ${text}`),
    ...given,
  });
  undo.push(async () => {
    await services.stop();
    await rm(places.folder, { recursive: true, force: true });
  });
  const { mysqlUrl, redisUrl } = services;
  // Private servers see us at 127.0.0.1; others may see us anywhere.
  const accounts = inventAccounts(process.pid, services.origin === 'private' ? '127.0.0.1' : '%');
  const server = tools.connect(mysqlUrl);
  undo.push(async () => {
    await dropAccounts(server, accounts);
    await server.close();
  });
  await createAccounts(server, accounts);
  // The pages ask this of MySQL's administrator when the binary log is on, the default: the owner creates triggers.
  if (services.origin !== 'given') await server.text('SET GLOBAL log_bin_trust_function_creators = ON');
  if (given.redisUrl !== undefined) undo.push(async () => await removeRedisKeys(redisUrl, accounts.database));
  return { places, mysqlUrl, redisUrl, accounts };
}

export interface OpenGateway {
  readonly gateway: Gateway;
  /** With the intake account, as a system in front of the gateway has it. */
  readonly intake: DemoConnection;
}

/** Migrates, opens, and publishes the destinations of `publish`. */
export async function openGateway(
  { tools }: DemoDeps,
  {
    accounts,
    env,
    publish,
  }: Pick<Servers, 'accounts'> & { readonly env: Env; readonly publish: readonly string[] },
  undo: Undo,
): Promise<OpenGateway> {
  await tools.migrate(env, accounts);
  const gateway = await tools.open(env);
  undo.push(gateway.close);
  for (const destination of publish) await gateway.publish(destination);
  const intake = tools.connect(env['RELAIS_MYSQL_INTAKE_URL'] ?? '');
  undo.push(intake.close);
  return { gateway, intake };
}
