// What a trial runs on: private servers, the gateway in a process of its own, and a simulated CRM for each client.
// Invariant: whatever was built has its undoing on the caller's list before the next step begins.
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { placesOf, secretText, writeEnvironment } from '../demo/environment.ts';
import type { Gateway } from '../demo/gateway.ts';
import { startRole } from '../demo/processes.ts';
import { removeRedisKeys } from '../demo/redis-keys.ts';
import type { DemoConnection } from '../demo/sql.ts';
import { openAccounts, type DemoDeps } from '../demo/world.ts';
import { freePort } from '../ports.ts';
import { certificateFor } from '../recipients/identity.ts';
import { startServices } from '../services.ts';
import { simulatorOf } from '../simulators/index.ts';
import { startSimulator, type RunningSimulator } from '../simulators/server.ts';
import { strangers } from './leads.ts';
import { preparePresets, writeClient, type TrialClient } from './mappings.ts';
import type { Habit } from './preset-folder.ts';

export interface Subject extends TrialClient {
  readonly simulator: RunningSimulator;
}

export interface TrialWorld {
  readonly subjects: readonly Subject[];
  readonly gateway: Gateway;
  readonly intake: DemoConnection;
  /** What went wrong with the gateway's own process. */
  readonly trouble: () => string | undefined;
  /** The settings, for `npx relais` beside it. */
  readonly env: Readonly<Record<string, string>>;
}

/** A preset as it is, or with a rule taken out. */
export interface Wanted {
  readonly preset: string;
  readonly habit?: Habit;
}

/** The lock of a strict administrator, which opens again within a trial. */
const lock = { wrongKeys: 7, withinMs: 6_000 };

/** @param undo what to do at the end, to be done last in first out */
export async function buildTrial(
  wanted: readonly Wanted[],
  { screen, tools, given }: DemoDeps,
  undo: (() => Promise<void>)[],
): Promise<TrialWorld> {
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
  const mappings = join(places.folder, 'mappings');
  mkdirSync(mappings, { recursive: true });
  preparePresets(mappings);
  const clients = wanted.map(({ preset, habit }) => writeClient(mappings, preset, habit));
  const secrets = secretsFor(wanted);
  const { subjects, authority } = await openSimulators(clients, secrets, undo);

  const accounts = await openAccounts(tools, services, undo);
  if (given.redisUrl !== undefined)
    undo.push(async () => await removeRedisKeys(services.redisUrl, accounts.database));
  const { mysqlUrl, redisUrl } = services;
  const ports = Object.fromEntries(
    subjects.flatMap(({ hosts, exampleHosts, simulator }) =>
      [...hosts, ...exampleHosts].map((host) => [host, simulator.port]),
    ),
  );
  const facts = { places, mysqlUrl, redisUrl, accounts, secrets, mappings, authority, ports };
  const env: Readonly<Record<string, string>> = { ...writeEnvironment(facts), RELAIS_SETTLING_MS: '2500' };
  await tools.migrate(env, accounts);
  const gateway = await tools.open(env);
  undo.push(gateway.close);
  for (const { destination } of subjects) await gateway.publish(destination);
  const intake = tools.connect(env['RELAIS_MYSQL_INTAKE_URL'] ?? '');
  undo.push(intake.close);
  const role = startRole('all', { folder: places.folder, name: 'gateway', env, port: await freePort() });
  undo.push(role.stop);
  await role.ready();
  return { subjects, gateway, intake, trouble: role.trouble, env };
}

const secretsFor = (wanted: readonly Wanted[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    wanted
      .flatMap(({ preset }) => simulatorOf(preset)?.secretNames ?? [])
      .map((name) => [name, secretText()]),
  );

async function openSimulators(
  clients: readonly TrialClient[],
  secrets: Readonly<Record<string, string>>,
  undo: (() => Promise<void>)[],
): Promise<{ readonly subjects: readonly Subject[]; readonly authority: string }> {
  const names = clients.flatMap(({ hosts, exampleHosts }) => [...hosts, ...exampleHosts]);
  const certificate = await certificateFor(...new Set(names));
  const subjects: Subject[] = [];
  for (const client of clients) {
    const crm = simulatorOf(client.preset)?.open({ secrets, strangers, now: Date.now, lock });
    if (crm === undefined) throw new Error(`${client.preset} has no simulator`);
    const simulator = await startSimulator(crm, { certificate, latencyMs: 30 });
    undo.push(simulator.close);
    subjects.push({ ...client, simulator });
  }
  return { subjects, authority: certificate.cert };
}
