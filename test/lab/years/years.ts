// Ten years of one client in minutes: the real code on a clock of its own, then an account of every promise that has a date.
// Invariant: nothing of src judges; the checker's rules are its own, and the same seed lives the same lives.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../faults/random.ts';
import { openGateway, type Gateway } from '../../trip/gateway.ts';
import {
  handInConsent,
  handInInteraction,
  handInLead,
  handInMalformed,
  recordAnOperation,
  replayOld,
} from './acts-rows.ts';
import { openDemand } from './acts-rights.ts';
import { checkBook } from './account.ts';
import { createAgenda } from './agenda.ts';
import { createBook, type Book } from './book.ts';
import { checkRemains } from './check-remains.ts';
import { checkStanding, readStanding } from './check-standing.ts';
import { startDrive, type Drive } from './drive.ts';
import type { Timed } from './events.ts';
import { createFindings, type Finder } from './figures.ts';
import { enterWorld, type World } from './moved-time.ts';
import { daysAfter, dayOf, type Day } from './plain-rules.ts';
import { filesFor, startRecipients } from './recipients.ts';
import { refusedDays, writeScript } from './script.ts';
import { createNights, nightOf, type Act, type Stage } from './stage.ts';
import { createWatch, type Watch } from './watch.ts';

export interface YearsOptions {
  readonly seed: number;
  readonly persons: number;
  readonly years: number;
  /** This part of the persons use a right. */
  readonly rights: number;
  /** Retention runs every night; else on the nights before and on which something is due. */
  readonly everyNight: boolean;
  readonly log: (line: string) => void;
}

export interface YearsReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, readonly string[]>>;
}

const start: Day = '2027-01-04';
const toldAtMost = 20;

export async function tenYears(options: YearsOptions): Promise<YearsReport> {
  const world = enterWorld(new Date(`${start}T08:00:00Z`));
  const { find: keep, all } = createFindings();
  let found = 0;
  // Told as it happens too: a life that is stopped on the way has not been for nothing.
  const find: Finder = (zero, what) => {
    keep(zero, what);
    found += 1;
    if (found <= toldAtMost) options.log(`NOT 0: ${zero}: ${what}`);
  };
  const book = createBook();
  const folder = mkdtempSync(join(tmpdir(), 'relais-years-'));
  const recipients = await startRecipients({ book, world, find, random: seeded(options.seed + 1) });
  const gateway = await openGateway({
    files: filesFor(recipients.ports),
    environment: { RELAIS_PHONE_PROOFS_DIR: folder, RELAIS_REFUSED_DAYS: String(refusedDays) },
  });
  try {
    await refuseAnotherTime(gateway, world);
    for (const destinationId of ['essai-crm', 'essai-old'])
      await gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'first' });
    const drive = await startDrive(gateway, world, find);
    const counts = await live(options, { gateway, world, book, find, drive });
    await drive.stop();
    return { counts, faults: all() };
  } finally {
    await gateway.close();
    await recipients.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Some servers let nobody set the time of a connection. */
async function refuseAnotherTime({ owner }: Gateway, world: World): Promise<void> {
  const [row] = await owner.all<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now');
  const apart = Math.abs((row?.now.getTime() ?? 0) - world.now().getTime());
  if (apart > 60_000) throw new Error('This server does not let a connection have a time of its own.');
}

interface Scene {
  readonly gateway: Gateway;
  readonly world: World;
  readonly book: Book;
  readonly find: Finder;
  readonly drive: Drive;
}

async function live(options: YearsOptions, scene: Scene): Promise<YearsReport['counts']> {
  const { gateway, world, book, find, drive } = scene;
  const agenda = createAgenda<Act>();
  const runs: Date[] = [];
  const watch: Watch = createWatch({ gateway, book, find, nights: () => nights, now: world.now });
  const nights = createNights({
    ...{ world, book, agenda },
    act: () => async () => {
      runs.push(world.now());
      await watch.night(world.now(), drive.night);
    },
  });
  const stage: Stage = { gateway, world, book, find, agenda, counts: new Map(), nights };
  const lastDay = daysAfter(start, options.years * 365);
  for (let day = start; day < lastDay; day = daysAfter(day, options.everyNight ? 1 : 90)) nights.on(day);
  for (const event of writeScript({ ...options, start })) agenda.add(event.at, () => perform(stage, event));
  let year = '';
  let next = agenda.next();
  for (; next !== undefined && dayOf(next.at) < lastDay; next = agenda.next()) {
    world.jumpTo(next.at);
    if (year !== dayOf(next.at).slice(0, 4)) {
      year = dayOf(next.at).slice(0, 4);
      options.log(`${year}: ${stage.counts.get('leads') ?? 0} leads, ${book.receipts.length} received`);
    }
    for (const act of next.all) await apart(stage, act);
    await drive.settle();
    await watch.look();
  }
  // What waits an hour or a day for something that has ended since has its turn; nobody does anything any more, and time goes on.
  for (const more of [1, 2, 3, 4]) {
    const night = nightOf(daysAfter(lastDay, more));
    for (; next !== undefined && next.at < night; next = agenda.next()) {
      world.jumpTo(next.at);
      await drive.settle();
      await watch.look();
    }
    world.jumpTo(night);
    await watch.night(world.now(), drive.night);
  }
  await account(scene, watch, runs);
  for (const [why, many] of watch.departures) stage.counts.set(why, many);
  stage.counts.set('received', book.receipts.length);
  return Object.fromEntries([...stage.counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function apart(stage: Stage, act: Act): Promise<void> {
  try {
    await act();
  } catch (error) {
    stage.find('broken', `${dayOf(stage.world.now())}: ${String(error)}`);
  }
}

async function perform(stage: Stage, event: Timed): Promise<void> {
  switch (event.do) {
    case 'lead':
      return handInLead(stage, event);
    case 'interaction':
      return handInInteraction(stage, event);
    case 'malformed':
      return handInMalformed(stage, event);
    case 'consent':
      return handInConsent(stage, event);
    case 'operation':
      return recordAnOperation(stage, event);
    case 'demand':
      return openDemand(stage, event);
    case 'replay':
      return replayOld(stage, event);
  }
}

async function account(
  { gateway, world, book, find }: Scene,
  watch: Watch,
  runs: readonly Date[],
): Promise<void> {
  checkBook(book, find, { alerts: watch.alerts, runs, end: world.now() });
  await checkRemains(gateway, book, find);
  checkStanding(find, await readStanding(gateway));
}
