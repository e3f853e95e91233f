// Builds a trial's world: private servers, the gateway in a process of its own, and a simulated CRM for each client.
// Invariant: every built part has its undo step on the caller's list before the next step begins.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { secretText, signingSecret, writeEnvironment } from '../demo/environment.ts';
import { openGateway, openServers } from '../demo/installation.ts';
import type { DemoDeps, OpenGateway, Undo } from '../demo/installation.ts';
import { startRole } from '../demo/processes.ts';
import { freePort } from '../ports.ts';
import { certificateFor } from '../recipients/identity.ts';
import { simulatorOf } from '../simulators/index.ts';
import { startSimulator, type DoorOptions, type RunningSimulator } from '../simulators/server.ts';
import type { SimulatorOptions } from '../simulators/simulator.ts';
import { strangers } from './leads.ts';
import { preparePresets, writeClient, type TrialClient } from './mappings.ts';
import { plantedPace, soundPace, type Pace } from './pace.ts';
import type { Habit } from './preset-folder.ts';

export interface Subject extends TrialClient {
  readonly simulator: RunningSimulator;
}

export interface TrialWorld extends OpenGateway {
  readonly subjects: readonly Subject[];
  /** A fault of the gateway's own process. */
  readonly trouble: () => string | undefined;
  readonly pace: Pace;
  /** The settings, for `npx relais` beside it. */
  readonly env: Readonly<Record<string, string>>;
}

/** A preset unchanged, or with a rule removed. */
export interface Wanted {
  readonly preset: string;
  readonly habit?: Habit;
}

/** The lock of a strict administrator, which opens again within a trial. */
const lock = { wrongKeys: 7, withinMs: 6_000 };
/** Short: a token expires several times in a trial, or just before a lead leaves with it. */
const tokensLiveMs = 8_000;

/** Opens a trial's recipient behind HTTPS: its simulated CRM, or a replacement. */
export type OpenDoor = (
  preset: string,
  options: SimulatorOptions,
  door: DoorOptions,
) => Promise<RunningSimulator>;

const simulated: OpenDoor = async (preset, options, door) => {
  const crm = simulatorOf(preset)?.open(options);
  if (crm === undefined) throw new Error(`${preset} has no simulator`);
  return await startSimulator(crm, door);
};

export async function buildTrial(
  wanted: readonly Wanted[],
  deps: DemoDeps,
  undo: Undo,
  real?: { readonly open: OpenDoor; readonly pace: Pace },
): Promise<TrialWorld> {
  const servers = await openServers(deps, undo);
  const { places, accounts } = servers;
  const mappings = join(places.folder, 'mappings');
  mkdirSync(mappings, { recursive: true });
  preparePresets(mappings);
  const open = real?.open ?? simulated;
  const pace = real?.pace ?? (wanted.some(({ habit }) => habit !== undefined) ? plantedPace : soundPace);
  const clients = wanted.map(({ preset, habit }) => writeClient(mappings, pace, preset, habit));
  const secrets = secretsFor(wanted);
  const own = ownSecretsFor(clients, secrets);
  const { subjects, authority } = await openSimulators(clients, { secrets, pace, open }, undo);

  const ports = Object.fromEntries(
    subjects.flatMap(({ hosts, exampleHosts, simulator }) =>
      [...hosts, ...exampleHosts].map((host) => [host, simulator.port]),
    ),
  );
  const env: Readonly<Record<string, string>> = {
    ...writeEnvironment({ ...servers, secrets: { ...secrets, ...own }, mappings, authority, ports }),
    RELAIS_SETTLING_MS: String(pace.settlingMs),
  };
  const publish = subjects.map(({ destination }) => destination);
  const gateway = await openGateway(deps, { accounts, env, publish }, undo);
  const role = startRole('all', { folder: places.folder, name: 'gateway', env, port: await freePort() });
  undo.push(role.stop);
  await role.ready();
  return { ...gateway, subjects, trouble: role.trouble, env, pace };
}

const secretsFor = (wanted: readonly Wanted[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    wanted
      .flatMap(({ preset }) => simulatorOf(preset)?.secretNames ?? [])
      .map((name) => [name, name.endsWith('_SIGNING') ? signingSecret() : secretText()]),
  );

/** Addresses that are secrets: each client has its own, with the key that all clients of a simulated CRM share. */
const ownSecretsFor = (
  clients: readonly TrialClient[],
  secrets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    clients.flatMap(({ preset, hosts, exampleHosts, ownSecrets }) => {
      const { name, path, key } = simulatorOf(preset)?.secretAddress ?? {};
      if (name === undefined || key === undefined) return [];
      const addressAt = (host = ''): string => `https://${host}${path ?? ''}${secrets[key] ?? ''}`;
      return [
        [name, addressAt(exampleHosts[0])],
        [ownSecrets[name] ?? name, addressAt(hosts[0])],
      ];
    }),
  );

async function openSimulators(
  clients: readonly TrialClient[],
  {
    secrets,
    pace,
    open,
  }: { readonly secrets: Readonly<Record<string, string>>; readonly pace: Pace; readonly open: OpenDoor },
  undo: Undo,
): Promise<{ readonly subjects: readonly Subject[]; readonly authority: string }> {
  const names = clients.flatMap(({ hosts, exampleHosts }) => [...hosts, ...exampleHosts]);
  const certificate = await certificateFor(...new Set(names));
  const subjects: Subject[] = [];
  for (const client of clients) {
    const options = { secrets, strangers, now: Date.now, lock, tokensLiveMs };
    const door = { certificate, latencyMs: pace.quickMs, keptAfterMs: pace.keptAfterMs };
    const simulator = await open(client.preset, options, door);
    undo.push(simulator.close);
    subjects.push({ ...client, simulator });
  }
  return { subjects, authority: certificate.cert };
}
