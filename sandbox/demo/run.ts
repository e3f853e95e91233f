// Runs the demo: starts everything, sends the leads, accounts for every lead, cleans up.
// Invariant: whatever happens, servers, processes, database and accounts of the demo are gone at its end.
import { relative } from 'node:path';
import { demoClients } from '../people/clients.ts';
import type { RecipientReport } from '../recipients/record.ts';
import { account } from './accounting.ts';
import type { Comparison } from './accounting.ts';
import { openConsole } from './console.ts';
import { makeIncidents } from './incidents.ts';
import { withUndo } from './installation.ts';
import type { DemoDeps, Undo } from './installation.ts';
import { keepRunning } from './keep.ts';
import { readLedger } from './ledger.ts';
import type { DemoOptions } from './options.ts';
import { printAccount, printSamples, printTable } from './report.ts';
import type { Screen } from './screen.ts';
import { runTrip, type DemoTrip } from './trip.ts';
import { buildWorld } from './world.ts';
import type { World } from './world.ts';

/** Returns the exit code. */
export async function runDemo(options: DemoOptions, deps: DemoDeps): Promise<number> {
  return await withUndo(deps.screen, async (undo) => {
    const world = await buildWorld(options, deps, undo);
    return await perform(world, options, deps.signal, undo);
  });
}

async function perform(world: World, options: DemoOptions, signal: AbortSignal, undo: Undo): Promise<number> {
  const { screen, gateway, leads, places } = world;
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
    // A file whose worker was killed is claimed again two minutes later.
    patienceMs: options.kill ? 240_000 : 110_000,
  });
  undo.push(trip.stop);
  if (signal.aborted) {
    screen.line('\nStopped before the end.');
    return 130;
  }

  const good = await showResults(world, options, trip);
  printNext(world, options);
  if (options.keep) {
    const address = await openConsole(world, undo);
    await makeIncidents(world, { address, signal });
    await keepRunning(world, signal);
  }
  return good ? 0 : 1;
}

/** Returns whether every lead is accounted for and the log verifies. */
async function showResults(world: World, options: DemoOptions, trip: DemoTrip): Promise<boolean> {
  const { screen, gateway, recipients, leads } = world;
  const ledger = await readLedger(gateway.connection);
  screen.heading(`After ${trip.seconds.toFixed(1)} s`);
  printTable(
    screen,
    ledger,
    demoClients.map((client) => client.destination),
  );
  const answers = Object.entries(recipients.crm.answers()).map(([status, count]) => `${status} × ${count}`);
  screen.line(screen.faint(`  the CRM answered: ${answers.join(', ')}`));
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
  const reports = await recipients.readAll();
  const result = account(leads, ledger, options.tamper ? withoutOne(reports, screen) : reports);
  const ofLog = verified.ok ? [] : [`the log does not verify: ${verified.words}`];
  printAccount(screen, withTrouble(result, [...trip.trouble, ...ofLog]));
  return result.faults.length === 0 && trip.trouble.length === 0 && verified.ok;
}

const withTrouble = (result: Comparison, trouble: readonly string[]): Comparison => ({
  ...result,
  faults: [...trouble, ...result.faults],
});

/** Removes one record, as a dishonest or forgetful recipient would; the account must notice. */
function withoutOne(
  readings: Readonly<Record<string, RecipientReport>>,
  screen: Screen,
): Readonly<Record<string, RecipientReport>> {
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
