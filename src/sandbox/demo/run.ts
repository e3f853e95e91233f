// The demo from its first line to its last: build the little world, run the trip, account for every lead, clean up.
// Invariant: whatever happens, servers, processes, database and accounts of the demo are gone at its end.
import { rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { demoClients } from '../people/clients.ts';
import { inventLeads } from '../people/leads.ts';
import type { DemoLead } from '../people/leads.ts';
import type { Reading } from '../recipients/record.ts';
import { startServices } from '../services.ts';
import { account } from './accounting.ts';
import type { Account } from './accounting.ts';
import {
  inventAccounts,
  inventSecrets,
  placesOf,
  prepareReceived,
  publishEnvironment,
  writeEnvironment,
} from './environment.ts';
import type { CurrentFile, Places } from './environment.ts';
import type { Gateway, GatewayTools } from './gateway.ts';
import { keepRunning } from './keep.ts';
import { readLedger } from './ledger.ts';
import type { DemoOptions } from './options.ts';
import { startRecipients } from './recipients.ts';
import type { Recipients } from './recipients.ts';
import { printAccount, printSamples, printTable } from './report.ts';
import type { Screen } from './screen.ts';
import { createAccounts, dropAccounts } from './sql.ts';
import type { Connection } from './sql.ts';
import { runTrip } from './trip.ts';

export interface World {
  readonly screen: Screen;
  readonly places: Places;
  readonly gateway: Gateway;
  readonly recipients: Recipients;
  readonly leads: readonly DemoLead[];
  readonly env: Readonly<Record<string, string>>;
  readonly intake: Connection;
  readonly current: CurrentFile;
}

export interface DemoDeps {
  readonly screen: Screen;
  readonly tools: GatewayTools;
  /** Servers to use instead of private ones. */
  readonly given: { readonly mysqlUrl?: string; readonly redisUrl?: string };
  readonly signal: AbortSignal;
}

/** Returns the exit code. */
export async function runDemo(options: DemoOptions, deps: DemoDeps): Promise<number> {
  // Last in, first out, each step undone even when an earlier one fails.
  const undo: (() => Promise<void>)[] = [];
  try {
    const world = await buildWorld(options, deps, undo);
    return await perform(world, options, deps.signal, undo);
  } finally {
    for (const step of undo.reverse()) {
      await step().catch((error: unknown) =>
        deps.screen.line(`while cleaning up: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  }
}

async function buildWorld(
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

  const secrets = inventSecrets();
  const recipients = await startRecipients(places.received, secrets, options.seed);
  undo.push(recipients.close);
  screen.line('  recipients on loopback: a CRM (HTTPS), a mailbox (SMTP), two SFTP drops');

  // Private servers see us at 127.0.0.1; others may see us anywhere.
  const accounts = inventAccounts(process.pid, services.origin === 'private' ? '127.0.0.1' : '%');
  const server = tools.connect(services.mysqlUrl);
  undo.push(async () => {
    await dropAccounts(server, accounts);
    await server.close();
  });
  await createAccounts(server, accounts);
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
  screen.line(`  published: ${demoClients.map((one) => one.destination).join(', ')}`);

  const intake = tools.connect(env['RELAIS_MYSQL_INTAKE_URL'] ?? '');
  undo.push(intake.close);
  const leads = inventLeads({ seed: options.seed, count: options.leads, now: new Date() });
  return { screen, places, gateway, recipients, leads, env, intake, current };
}

async function perform(
  world: World,
  options: DemoOptions,
  signal: AbortSignal,
  undo: (() => Promise<void>)[],
): Promise<number> {
  const { screen, gateway, recipients, leads, places } = world;
  screen.heading(`${leads.length} leads on their way`);
  const trip = await runTrip({
    screen,
    gateway,
    intake: world.intake,
    leads,
    folder: places.folder,
    env: world.env,
    kill: options.kill,
    signal,
    patienceMs: 110_000,
  });
  undo.push(trip.stop);
  if (signal.aborted) {
    screen.line('\nStopped before the end.');
    return 130;
  }

  const ledger = await readLedger(gateway.connection);
  screen.heading(`After ${trip.seconds.toFixed(1)} s`);
  printTable(
    screen,
    ledger,
    demoClients.map((one) => one.destination),
  );
  screen.line(
    screen.faint(
      `  the CRM answered: ${Object.entries(recipients.crm.answers())
        .map(([status, n]) => `${status} × ${n}`)
        .join(', ')}`,
    ),
  );
  screen.line(
    screen.faint(
      '  alpes-csv and hexagone-xml travel as files: their leads wait for the next file, of which the demo asked for some',
    ),
  );

  screen.heading('What the clients got');
  await printSamples(screen, recipients.all);
  for (const { destination, place } of recipients.all)
    screen.line(`  ${destination.padEnd(14)}  ${relative(process.cwd(), place)}`);

  screen.heading('The hand-over log (relais log verify)');
  const verified = await gateway.verifyLog();
  screen.line(`  ${verified.ok ? screen.good(`✔ ${verified.words}`) : screen.bad(`✘ ${verified.words}`)}`);

  screen.heading('Every lead accounted for?');
  const readings = await recipients.readAll();
  const result = account(leads, ledger, options.tamper ? withoutOne(readings, screen) : readings);
  printAccount(
    screen,
    withTrouble(result, [
      ...trip.trouble,
      ...(verified.ok ? [] : [`the log does not verify: ${verified.words}`]),
    ]),
  );
  const good = result.amiss.length === 0 && trip.trouble.length === 0 && verified.ok;

  printNext(world, options);
  if (options.keep) await keepRunning(world, signal);
  return good ? 0 : 1;
}

const withTrouble = (result: Account, trouble: readonly string[]): Account => ({
  ...result,
  amiss: [...trouble, ...result.amiss],
});

/** What a dishonest or forgetful recipient would do; the account must notice. */
function withoutOne(
  readings: Readonly<Record<string, Reading>>,
  screen: Screen,
): Readonly<Record<string, Reading>> {
  const [victim] = Object.entries(readings).find(([, reading]) => reading.received.length > 0) ?? [];
  const reading = victim === undefined ? undefined : readings[victim];
  if (victim === undefined || reading === undefined) return readings;
  const [gone, ...received] = reading.received;
  screen.line(`  --tamper: ${gone?.reference ?? ''} was removed from the record of ${victim}`);
  return { ...readings, [victim]: { ...reading, received } };
}

function printNext({ screen, current, places }: World, { keep }: DemoOptions): void {
  screen.heading(keep ? 'Try, in another terminal' : 'Next: npm run demo -- --keep, and in another terminal');
  if (!current.taken && keep) {
    screen.line('  Another demo is running and has .relais/current.env. For this one, first:');
    screen.line(`    set -a; . ${relative(process.cwd(), current.own)}; set +a`);
  }
  for (const [command, words] of [
    ['npx relais destination list', 'the four ways out and how they are'],
    ['npx relais delivery list --state withheld', 'what waits for an opt-in'],
    ['npx relais delivery show 1', 'the whole story of one delivery'],
    ['npx relais lead find --reference HZ-000001', 'one lead and where it went'],
    ['npx relais mapping preview horizon-crm', 'the exact bytes a lead leaves as'],
    ['npx relais log verify', 'checks every entry of the hand-over log'],
  ] as const) {
    screen.line(`  ${command.padEnd(46)}${screen.faint(words)}`);
  }
  screen.line();
  screen.line(
    screen.faint(
      `  What the recipients got stays in ${relative(process.cwd(), places.received)} (invented persons only).`,
    ),
  );
}
