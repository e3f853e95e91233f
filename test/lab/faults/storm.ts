// The storm: real planner and worker processes, leads at a steady rate, mischief on a seeded schedule, then calm until all is settled.
// Invariant: judged only after the calm, by ledgers; while it blows the gateway is never asked whether it is well.
import { writeFileSync } from 'node:fs';
import type { Database } from '../../../src/store/database.ts';
import { calm, leftBehind } from './calm.ts';
import { startCopies } from './copies.ts';
import { check, type Figures } from './check.ts';
import { damagedTables, evidence } from './evidence.ts';
import { eventsOwed, followFeed, type FeedReader } from './events.ts';
import { watchSecrets } from './exposed.ts';
import { feed } from './feed.ts';
import { startFetching } from './fetching.ts';
import { readLedgers } from './ledgers.ts';
import { lastLead } from './leads.ts';
import { countLocks, type LockFigures } from './locks.ts';
import type { ChangeRow } from './ledgers.ts';
import { askedFirst, heldMs, limits, type Pace } from './mappings.ts';
import { api } from './mischief-api.ts';
import { files } from './mischief-files.ts';
import { hostile, hostileRows } from './mischief-hostile.ts';
import { jobs } from './mischief-jobs.ts';
import { processes } from './mischief-processes.ts';
import { lastRights, revokeForGood, rights } from './mischief-rights.ts';
import { fullLengthSeconds, longRefusals, refusals } from './mischief-refusals.ts';
import { lastRequests, requests } from './mischief-requests.ts';
import { services } from './mischief-services.ts';
import { trade } from './mischief-trade.ts';
import { endLastOperation, endOperations } from './operations.ts';
import { seeded } from './random.ts';
import { personsInTables } from './remains.ts';
import { pause, type Mischief, type Scene } from './scene.ts';
import type { StormServers } from './servers.ts';
import { onStage, openStage } from './stage.ts';
import { visitConsole } from './visit.ts';

export interface StormOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Leads a second. */
  readonly rate: number;
  readonly log: (line: string) => void;
  /** `brisk`: short time-outs, no lead that takes its time to be given up, files asked for also in the calm. */
  readonly pace?: Pace;
  /** Services of its own, which may be hurt; else those of RELAIS_TEST_MYSQL_URL and RELAIS_TEST_REDIS_URL, left alone. */
  readonly servers?: StormServers;
  /** How long the calm may take, ms. */
  readonly calmMs?: number;
  /** The longest outage of a service, ms. */
  readonly outageMs?: number;
  /** Whether some leads are poison; they take half a minute to be given up. */
  readonly poison?: boolean;
  /** Mischief left out, by name. */
  readonly without?: readonly string[];
  /** Processes and services are left alone. */
  readonly undisturbed?: boolean;
  /** Mischief done eight times as often, by name: a short storm that looks for one thing. */
  readonly favour?: readonly string[];
  /** Where the ledgers go when something is wrong. */
  readonly keepLedgers?: string;
  /** Gets the account before anything is closed: what fails then hides nothing. */
  readonly tell?: (report: StormReport) => void;
}

export interface StormReport extends Figures, LockFigures {
  /** Times each mischief was done. */
  readonly mischief: Readonly<Record<string, number>>;
  /** Processes killed at a numbered step. */
  readonly deaths: Readonly<Record<string, number>>;
  readonly calmSeconds: number;
  /** Leads posted over HTTP, contents that were fetched, events that a reader of the feed got, pages of the console that were read. */
  readonly posted: number;
  readonly fetched: number;
  readonly events: number;
  readonly pagesRead: number;
  /** Backups completed while it blew; what the ledger took away again when the newest was restored. */
  readonly backups: number;
  readonly erasedAgain: number;
  /** Tokens that were given, and how often somebody came with one that is good no more. */
  readonly tokensGiven: number;
  readonly tokensTurnedAway: number;
  /** What had not come to its end when the calm was over. */
  readonly leftovers: Readonly<Record<string, number>>;
  /** The end of what the processes wrote. */
  readonly lastWords: string;
  /** Tables that MySQL itself finds damaged after all it was put through: then the figures say nothing of the gateway. */
  readonly damaged: readonly string[];
}

export const everyMischief: Readonly<Record<string, Mischief>> = {
  ...processes,
  ...services,
  ...refusals,
  ...trade,
  ...jobs,
  ...rights,
  ...requests,
  ...api,
  ...hostile,
  ...files,
};

const disturbing: Readonly<Record<string, Mischief>> = { ...processes, ...services, ...refusals };

export async function storm(options: StormOptions): Promise<StormReport> {
  const pace = options.pace ?? 'usual';
  const { seed, servers, undisturbed = false } = options;
  const stage = await openStage({ seed, pace, servers, undisturbed });
  return onStage(stage, options.tell, async () => {
    const { gateway, fleet, recipients, outside } = stage;
    const changes: ChangeRow[] = [];
    const ended: number[] = [];
    const feeding = feed({
      ...options,
      pace,
      changes,
      ended,
      poison: options.poison ?? pace === 'usual',
      gateway,
      outside,
      random: seeded(options.seed + 3),
    });
    const scene: Scene = {
      ...stage,
      handedIn: () => feeding.handedIn,
      changes,
      hostile: [],
      refusals: [],
      former: [],
      outageMs: options.outageMs ?? 5_000,
    };
    const watch = watchSecrets(gateway);
    const reader = followFeed(outside);
    const fetching = startFetching(outside, seeded(options.seed + 7), recipients.trouble);
    const visit = await visitConsole(gateway, outside.ports.console[0]);
    const ending = endOperations(scene, { ...options, random: seeded(options.seed + 5), ended });
    const locks = countLocks(gateway.owner);
    const copies = await startCopies(gateway, {
      folder: stage.folder,
      everyMs: Math.min(60_000, options.seconds * 400),
      random: undisturbed ? undefined : seeded(options.seed + 8),
    });
    const mischief = await blow(scene, options);
    await copies.stop();
    await Promise.all([feeding.done, ending]);
    options.log(`storm over, ${feeding.handedIn.length} leads handed in; waiting until all is settled`);
    const calmed = await calm(scene, options, options.calmMs ?? 240_000);
    await lastRights(scene, seeded(options.seed + 4));
    if (isFull(options)) await lastRequests(scene, seeded(options.seed + 6));
    await endLastOperation(scene, lastLead());
    const calmSeconds = calmed + (await calm(scene, options, options.calmMs ?? 180_000));
    const leftovers = await leftBehind(gateway);
    const damaged = await damagedTables(gateway);
    const verified = await gateway.app.sealer.verify();
    const { receipts, ...filed } = await recipients.received();
    const { receipts: fetched, acknowledged, unknown } = await fetching.ended();
    const ledgers = await readLedgers(gateway.owner, {
      handedIn: feeding.handedIn,
      ...filed,
      receipts: [...receipts, ...fetched],
      acknowledged,
      unknown,
      exposed: [...(await watch.ended()), ...fleet.saidSecrets()],
      ...(await personsInTables(gateway)),
      ...(await feedOf(reader, gateway.owner)),
      posted: outside.posted,
      wrongAnswers: outside.wrong,
      shutOut: await visit.ended(),
      changes,
      requestsTried: (mischief['request'] ?? 0) + (mischief['restricted'] ?? 0),
      hostile: scene.hostile,
      refusals: scene.refusals,
      former: scene.former,
      isFull: isFull(options),
      restored: await copies.restored(),
      asked: askedFirst,
      stoodStill: fleet.stoodStill,
      limits,
      heldMs: heldMs[pace],
      brokenLog: verified.ok ? [] : [JSON.stringify(verified.problem)],
    });
    const figures = check(ledgers);
    if (options.keepLedgers !== undefined && Object.values(figures.faults).some((found) => found.length > 0))
      writeFileSync(
        options.keepLedgers,
        JSON.stringify(
          {
            ledgers,
            leftovers,
            damaged,
            ...(await evidence(gateway)),
            mysql: options.servers?.mysqlErrors(),
            words: fleet.lastWords(),
          },
          (_name, value: unknown) => (value instanceof Set ? [...value] : value),
          1,
        ),
      );
    return {
      ...figures,
      mischief,
      deaths: fleet.deaths,
      calmSeconds,
      posted: outside.posted.length,
      fetched: fetched.length,
      events: ledgers.events.length,
      pagesRead: visit.pages(),
      backups: ledgers.restored.backups,
      erasedAgain: ledgers.restored.erasedAgain,
      tokensGiven: recipients.tokens.given(),
      tokensTurnedAway: recipients.tokens.turnedAway(),
      ...(await locks.ended(figures.deliveries)),
      leftovers,
      damaged,
      lastWords: fleet.lastWords(),
    };
  });
}

/** Leads a second below which an act may find nothing in flight. */
const fullRate = 10;
/** Long enough, dense enough, and with all there is to do, so that every act must have reached somebody. */
const isFull = ({ seconds, rate, servers, undisturbed = false, without = [] }: StormOptions): boolean =>
  seconds >= fullLengthSeconds &&
  rate >= fullRate &&
  servers?.fillDisk !== undefined &&
  !undisturbed &&
  without.length === 0;

/** What is sealed while the reader reads the last of it counts where it was read. */
async function feedOf(
  reader: FeedReader,
  owner: Database,
): Promise<{ readonly events: readonly number[]; readonly eventsOwed: readonly number[] }> {
  const before = new Set(await eventsOwed(owner));
  const events = await reader.ended();
  const seen = new Set(events);
  return { events, eventsOwed: (await eventsOwed(owner)).filter((id) => before.has(id) || seen.has(id)) };
}

/** Does mischief until the time is over and all of it has been mended. Returns how often each was done. */
async function blow(scene: Scene, options: StormOptions): Promise<Readonly<Record<string, number>>> {
  const random = seeded(options.seed);
  const without = options.without ?? [];
  const able = Object.entries(everyMischief).filter(
    ([name, { needs }]) =>
      !without.includes(name) &&
      !(options.undisturbed === true && name in disturbing) &&
      (needs === undefined ||
        (scene.servers !== undefined && (needs === 'servers' || scene.servers.fillDisk !== undefined))),
  );
  const weightOf = (name: string, { weight }: Mischief): number =>
    options.favour?.includes(name) === true ? weight * 8 : weight;
  const all = able.reduce((sum, [name, one]) => sum + weightOf(name, one), 0);
  const counts: Record<string, number> = {};
  const busy = new Set<string>();
  const isHeldBack = (name: string, alone: string | undefined): boolean =>
    (alone !== undefined && busy.has(alone)) || (name in processes && busy.has('processes'));
  const under: Promise<void>[] = [
    ...(without.includes('hostile_rows') ? [] : [hostileRows(scene)]),
    revokeForGood(scene, options.seconds),
    ...(options.undisturbed === true
      ? []
      : [longRefusals(scene, { seconds: options.seconds, without, busy })]),
  ];
  const end = Date.now() + options.seconds * 1_000;
  for (let number = 0; Date.now() < end; number += 1) {
    let at = random.next() * all;
    const drawn = able.find(([name, one]) => (at -= weightOf(name, one)) < 0) ?? able[0];
    const wait = random.between(40, 400);
    if (drawn === undefined) break;
    const [name, { alone, run }] = drawn;
    if (!isHeldBack(name, alone)) {
      counts[name] = (counts[name] ?? 0) + 1;
      if (alone !== undefined) busy.add(alone);
      under.push(
        run(scene, seeded(options.seed + 1_000 + number)).finally(() => {
          if (alone !== undefined) busy.delete(alone);
        }),
      );
    }
    await pause(wait);
  }
  await Promise.all(under);
  return counts;
}
