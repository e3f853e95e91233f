// What the demo runs on: servers, recipients, accounts, tables, settings, published clients, invented leads.
// Invariant: whatever was built has its undoing on the caller's list before the next step begins.
import { rm } from 'node:fs/promises';
import { demoClients } from '../people/clients.ts';
import { inventLeads } from '../people/leads.ts';
import type { DemoLead } from '../people/leads.ts';
import { startServices } from '../services.ts';
import {
  inventAccounts,
  inventSecrets,
  placesOf,
  prepareReceived,
  publishEnvironment,
  writeEnvironment,
} from './environment.ts';
import type { CurrentFile, DemoPlaces } from './environment.ts';
import type { Gateway, GatewayTools } from './gateway.ts';
import type { DemoOptions } from './options.ts';
import { removeRedisKeys } from './redis-keys.ts';
import { startRecipients } from './recipients.ts';
import type { Recipients } from './recipients.ts';
import type { Screen } from './screen.ts';
import { createAccounts, dropAccounts } from './sql.ts';
import type { DemoConnection } from './sql.ts';

export interface World {
  readonly screen: Screen;
  readonly places: DemoPlaces;
  readonly gateway: Gateway;
  readonly recipients: Recipients;
  readonly leads: readonly DemoLead[];
  readonly env: Readonly<Record<string, string>>;
  readonly intake: DemoConnection;
  readonly current: CurrentFile;
}

export interface DemoDeps {
  readonly screen: Screen;
  readonly tools: GatewayTools;
  /** Servers to use instead of private ones. */
  readonly given: { readonly mysqlUrl?: string; readonly redisUrl?: string };
  readonly signal: AbortSignal;
}

/** @param undo what to do at the end, to be done last in first out */
export async function buildWorld(
  options: DemoOptions,
  { screen, tools, given }: DemoDeps,
  undo: (() => Promise<void>)[],
): Promise<World> {
  const places = placesOf(process.pid);
  screen.line(screen.strong('Relais: leads from MySQL to four clients, and an account of every one of them'));
  screen.line();
  const services = await startServices({
    folder: places.folder,
    log: (text) => screen.line(`  ${text}`),
    ...given,
  });
  undo.push(async () => {
    await services.stop();
    await rm(places.folder, { recursive: true, force: true });
  });
  prepareReceived(places);

  const invented = inventSecrets();
  const { secrets } = invented;
  const recipients = await startRecipients(places.received, invented, options.seed);
  undo.push(recipients.close);
  screen.line('  recipients on loopback: a CRM (HTTPS), a mailbox (SMTP), two SFTP drops');

  const accounts = await openAccounts(tools, services, undo);
  if (given.redisUrl !== undefined)
    undo.push(async () => await removeRedisKeys(services.redisUrl, accounts.database));
  const env = writeEnvironment({
    places,
    mysqlUrl: services.mysqlUrl,
    redisUrl: services.redisUrl,
    accounts,
    secrets,
    authority: recipients.authority,
    ports: recipients.ports,
  });
  await tools.migrate(env, accounts);
  screen.line('  tables migrated; accounts for owner, gateway and intake, each with its rights');

  const current = publishEnvironment(places, env, process.pid);
  undo.push(() => Promise.resolve(current.release()));
  // A demo that is killed must not leave the env file behind for the commands of tomorrow.
  process.once('exit', current.release);

  const gateway = await tools.open(env);
  undo.push(gateway.close);
  for (const { destination } of demoClients) await gateway.publish(destination);
  screen.line(`  published: ${demoClients.map((client) => client.destination).join(', ')}`);

  const intake = tools.connect(env['RELAIS_MYSQL_INTAKE_URL'] ?? '');
  undo.push(intake.close);
  const leads = inventLeads({ seed: options.seed, count: options.leads, now: new Date() });
  return { screen, places, gateway, recipients, leads, env, intake, current };
}

/** Private servers see us at 127.0.0.1; others may see us anywhere. */
export async function openAccounts(
  tools: GatewayTools,
  services: Awaited<ReturnType<typeof startServices>>,
  undo: (() => Promise<void>)[],
): Promise<ReturnType<typeof inventAccounts>> {
  const accounts = inventAccounts(process.pid, services.origin === 'private' ? '127.0.0.1' : '%');
  const server = tools.connect(services.mysqlUrl);
  undo.push(async () => {
    await dropAccounts(server, accounts);
    await server.close();
  });
  await createAccounts(server, accounts);
  return accounts;
}
