// Runs the live part: inserts leads as an outside system does, runs planner and worker, replaces a killed worker.
// Invariant: ends when no lead waits any more, or at a deadline, which the account then shows as leads not accounted for.
import { setTimeout as sleep } from 'node:timers/promises';
import { demoClients } from '../people/clients.ts';
import type { DemoLead } from '../people/leads.ts';
import type { Gateway } from './gateway.ts';
import { readCounts } from './ledger.ts';
import type { Counts } from './ledger.ts';
import { startRole } from './processes.ts';
import { freePort } from '../ports.ts';
import type { Screen } from './screen.ts';
import { insertLead } from './sql.ts';
import type { DemoConnection } from './sql.ts';

export interface TripOptions {
  readonly screen: Screen;
  readonly gateway: Gateway;
  readonly intake: DemoConnection;
  readonly leads: readonly DemoLead[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly kill: boolean;
  readonly signal: AbortSignal;
  /** Longest wait for the last lead, ms. */
  readonly patienceMs: number;
}

export interface DemoTrip {
  /** Faults other than those of single leads; empty when none. */
  readonly trouble: readonly string[];
  readonly seconds: number;
  /** Planner and worker, still running. */
  readonly stop: () => Promise<void>;
}

/** Rows a second: slow enough to be watched, fast enough not to bore. */
const pace = 60;
/** Departures after which the worker is killed: about the middle of a small run, still early in a large one. */
const killAfter = (leads: number): number => Math.min(60, Math.ceil(leads / 4));

export const connectorWords: Readonly<Record<string, string>> = {
  'horizon-crm': 'CRM: JSON by HTTPS',
  'littoral-mail': 'mailbox: French lead sheet by SMTP',
  'alpes-csv': 'CSV for French Excel by SFTP',
  'hexagone-xml': 'nested XML by SFTP',
};

export async function runTrip(options: TripOptions): Promise<DemoTrip> {
  const { screen, gateway, leads, folder, env, signal } = options;
  const planner = startRole('planner', { folder, name: 'planner', env, port: await freePort() });
  const worker = startRole('worker', { folder, name: 'worker', env, port: await freePort() });
  const running: Running = { planner, worker, killed: !options.kill, note: '' };
  const stop = async (): Promise<void> => {
    await Promise.all([planner.stop(), running.worker.stop()]);
  };
  // Otherwise the first leads would show the start of a process, not the time a lead takes.
  await Promise.all([planner.ready(), worker.ready()]);
  const began = Date.now();
  const secondsSince = (): number => (Date.now() - began) / 1_000;
  const feed = feedLeads(options);
  const trouble: string[] = [];
  try {
    const fault = await watchLeads(options, running, {
      feed,
      files: createFileClerk(gateway, leads.length),
      secondsSince,
    });
    if (fault !== undefined) trouble.push(fault);
    await feed.stop();
  } catch (error) {
    await stop();
    throw error;
  }
  screen.endProgress();
  if (options.kill && !running.killed && !signal.aborted)
    trouble.push('the worker was never killed: too little was sent');
  return { trouble, seconds: secondsSince(), stop };
}

interface Running {
  readonly planner: RunningRole;
  worker: RunningRole;
  killed: boolean;
  note: string;
}
type RunningRole = ReturnType<typeof startRole>;

/** Shows the leads until none is under way. Returns a fault, if any. */
async function watchLeads(
  options: TripOptions,
  running: Running,
  {
    feed,
    files,
    secondsSince,
  }: {
    readonly feed: ReturnType<typeof feedLeads>;
    readonly files: ReturnType<typeof createFileClerk>;
    readonly secondsSince: () => number;
  },
): Promise<string | undefined> {
  const { screen, gateway, leads, signal } = options;
  const destinations = expectedOf(leads);
  let quiet = 0;
  while (!signal.aborted) {
    const counts = await readCounts(gateway.connection);
    const seconds = secondsSince();
    const { note } = running;
    screen.progress({
      seconds,
      inserted: feed.inserted(),
      total: leads.length,
      counts,
      destinations,
      note,
    });
    await killOnce(options, running, counts, feed);
    const fault = running.planner.trouble() ?? running.worker.trouble() ?? feed.fault();
    if (fault !== undefined) return fault;
    await files.look(feed.inserted(), counts);
    // Twice in a row: between two counts a lead may move from one table to the next.
    quiet = feed.ended() && counts.unplanned === 0 && stillOnTheWay(counts) === 0 ? quiet + 1 : 0;
    if (quiet >= 2) return undefined;
    if (seconds * 1_000 > options.patienceMs)
      return `after ${Math.round(seconds)} s there are still ${stillOnTheWay(counts) + counts.unplanned} leads on their way`;
    await sleep(200);
  }
  return undefined;
}

const expectedOf = (
  leads: readonly DemoLead[],
): readonly { readonly id: string; readonly words: string; readonly expected: number }[] =>
  demoClients.map(({ destination }) => ({
    id: destination,
    words: connectorWords[destination] ?? '',
    expected: leads.filter(
      (lead) => lead.destination === destination && lead.ending !== 'refused' && lead.ending !== 'not_routed',
    ).length,
  }));

/** Kills the worker once, while a delivery is in flight, and starts another. */
async function killOnce(
  { leads, folder, env }: TripOptions,
  running: Running,
  counts: Counts,
  feed: { readonly ended: () => boolean },
): Promise<void> {
  if (running.killed || counts.departed < killAfter(leads.length)) return;
  if (sendingIn(counts) === 0 && !feed.ended()) return;
  running.killed = true;
  running.worker.kill();
  running.note = `worker ${running.worker.pid} killed (SIGKILL) after ${counts.departed} departures, ${sendingIn(counts)} in flight`;
  running.worker = startRole('worker', { folder, name: 'worker-2', env, port: await freePort() });
}

const sum = (counts: Counts, states: readonly string[]): number =>
  Object.values(counts.states).reduce(
    (total, own) => total + states.reduce((n, state) => n + (own[state] ?? 0), 0),
    0,
  );

const sendingIn = (counts: Counts): number => sum(counts, ['sending']);
const stillOnTheWay = (counts: Counts): number =>
  sum(counts, ['planned', 'queued', 'sending', 'waiting', 'pending']);

/** Inserts the leads at an even pace, each in a transaction of its own. */
function feedLeads({ intake, leads, signal }: TripOptions): {
  readonly inserted: () => number;
  readonly ended: () => boolean;
  readonly fault: () => string | undefined;
  readonly stop: () => Promise<void>;
} {
  let inserted = 0;
  let ended = false;
  let stopped = false;
  let fault: string | undefined;
  const work = async (): Promise<void> => {
    const began = Date.now();
    for (const lead of leads) {
      if (stopped || signal.aborted) return;
      await insertLead(intake, lead.row);
      inserted += 1;
      const ahead = (inserted * 1_000) / Math.max(pace, leads.length / 10) - (Date.now() - began);
      if (ahead > 5) await sleep(ahead);
    }
    ended = true;
  };
  const done = work().catch((error: unknown) => {
    fault = `inserting into lead_intake failed: ${error instanceof Error ? error.message : String(error)}`;
  });
  return {
    inserted: () => inserted,
    ended: () => ended,
    fault: () => fault,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

/** Requests files: one when half the leads are inserted, one at the end, and again while rows wait for one. */
function createFileClerk(
  gateway: Gateway,
  total: number,
): { readonly look: (inserted: number, counts: Counts) => Promise<void> } {
  const flows = demoClients
    .filter((client) => client.connector === 'flow')
    .map((client) => client.destination);
  let asked = 0;
  let lastAt = 0;
  return {
    look: async (inserted, counts) => {
      const half = asked === 0 && inserted >= total / 2;
      const all = inserted >= total && counts.unplanned === 0;
      const due = half || (all && Date.now() - lastAt > (asked < 2 ? 0 : 3_000));
      if (!due) return;
      asked += 1;
      lastAt = Date.now();
      for (const destination of flows) {
        const own = counts.states[destination] ?? {};
        if ((own['planned'] ?? 0) + (own['waiting'] ?? 0) > 0) await gateway.requestFile(destination);
      }
    },
  };
}
