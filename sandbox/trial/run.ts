// Runs the live part of a trial: leads on an ordinary day, while the key is wrong, while the CRM is away; then the later acts of
// prospects and the centre.
// Invariant: ends when nothing waits any more, or at a deadline that the comparison then shows as leads still under way.
import { setTimeout as sleep } from 'node:timers/promises';
import { readCounts } from '../demo/ledger.ts';
import type { Counts } from '../demo/ledger.ts';
import { insertLead } from '../demo/sql.ts';
import type { DemoConnection } from '../demo/sql.ts';
import { isInWriting, workThroughTasks } from './in-writing.ts';
import type { CrmRecord, SimulatedCrm } from '../simulators/simulator.ts';
import { readUnsettled, underWay } from './ledger.ts';
import { laterRow, rowOf, trialLeads, type Later, type TrialLead } from './leads.ts';
import type { Subject, TrialWorld } from './world.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Receives the progress, one line at a time. */
  readonly say: (line: string) => void;
  /** Longest wait for one part of the trial, ms. */
  readonly patienceMs: number;
  /** The twenty when absent. */
  readonly leads?: readonly TrialLead[];
}

export async function runTrial(world: TrialWorld, options: RunOptions): Promise<readonly string[]> {
  const { subjects, pace } = world;
  const { leads = trialLeads } = options;
  const count = (when: TrialLead['when']): number => leads.filter((lead) => lead.when === when).length;
  const unsettled: string[] = [];
  const settled = async (part: string): Promise<void> => {
    for (const line of await comesToRest(world, options)) unsettled.push(`after ${part}: ${line}`);
  };
  for (const { simulator } of subjects)
    for (const { reference, mischief } of leads)
      if (mischief !== undefined) simulator.plan(reference, mischief);

  options.say(`${count('fair')} leads on an ordinary day`);
  await insert(world, leads, 'fair');
  await settled('an ordinary day');

  options.say(
    `the client changes the key: ${count('wrong key')} leads are on their way to a CRM that does not know us`,
  );
  for (const { simulator } of subjects) {
    simulator.crm.keyIsGood(false);
    simulator.thinksFor(pace.slowMs);
  }
  await insert(world, leads, 'wrong key');
  await untilMet(world, options, ({ simulator }) => simulator.crm.wrongKeys() > 0);
  // Requests under way get their answers first.
  await sleep(pace.slowMs + 500);
  for (const { simulator } of subjects) {
    simulator.crm.keyIsGood(true);
    simulator.thinksFor(pace.quickMs);
  }
  options.say('the key is right again');
  // As support does at the client's request; a destination without it is probed after five seconds.
  for (const { destination } of subjects) await world.gateway.resume(destination);
  await settled('the wrong key');

  await outage(world, leads, options);
  await settled('the outage');

  options.say('withdrawals and erasures, then corrections');
  await change(world, leads, (kind) => kind !== 'correction');
  await settled('withdrawals and erasures');
  await change(world, leads, (kind) => kind === 'correction');
  await settled('corrections');
  return [
    ...[world.trouble()].filter((trouble) => trouble !== undefined),
    ...unsettled,
    ...unmetIn(subjects),
  ];
}

/** Inserts leads while the CRM has no database, and then no machine. */
async function outage(world: TrialWorld, leads: readonly TrialLead[], options: RunOptions): Promise<void> {
  const { subjects, pace } = world;
  options.say('the CRM loses its database, then its machine, while leads are sent');
  for (const { simulator } of subjects) simulator.databaseIsAway(true);
  await insert(world, leads, 'outage');
  // A destination with an open circuit is tried again late: the others' leads would be given up meanwhile.
  const shortly = { ...options, patienceMs: Math.min(options.patienceMs, outagePatienceMs) };
  await untilMet(world, shortly, ({ simulator }) => simulator.metWhileAway() > 1);
  for (const { simulator } of subjects) simulator.machineIsOff(true);
  await sleep(pace.offMs);
  for (const { simulator } of subjects) {
    simulator.machineIsOff(false);
    simulator.databaseIsAway(false);
  }
}

/** Planned mischief that never happened: such a trial proves less than it says. */
export const unmetIn = (
  subjects: readonly Pick<Subject, 'id' | 'habit' | 'simulator'>[],
): readonly string[] =>
  subjects
    .filter(({ habit }) => habit === undefined)
    .flatMap(({ id, simulator }) =>
      simulator.unmet().map((what) => `${id}: this was planned and met no request: ${what}`),
    );

async function insert(
  { subjects, intake }: TrialWorld,
  leads: readonly TrialLead[],
  when: TrialLead['when'],
): Promise<void> {
  for (const lead of leads.filter((candidate) => candidate.when === when))
    await Promise.all(subjects.map(({ id }) => insertSurely(intake, rowOf(lead, id, new Date()))));
}

/** As a system in front of the gateway does: repeats the insert of a row that may not have been committed, which is harmless. */
async function insertSurely(intake: DemoConnection, row: Parameters<typeof insertLead>[1]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await insertLead(intake, row);
    } catch (error) {
      if (tries === 5) throw error;
      await sleep(500);
    }
  }
}

async function change(
  { subjects, intake, gateway }: TrialWorld,
  leads: readonly TrialLead[],
  takes: (kind: Later['kind']) => boolean,
): Promise<void> {
  for (const lead of leads)
    for (const later of lead.later ?? []) {
      if (!takes(later.kind)) continue;
      for (const subject of subjects) {
        const { id, simulator } = subject;
        const record = simulator.crm.records().find(({ reference }) => reference === lead.reference);
        if (lead.laterMischief !== undefined && record !== undefined && !isInWriting(subject, later.kind))
          simulator.plan(placeOf(simulator.crm, record, later), lead.laterMischief);
        if (lead.copiedThere === true && record !== undefined) simulator.crm.copiedByHand?.(record.id);
        if (later.kind === 'erasure' && later.deletedThere === true && record !== undefined)
          simulator.crm.deletedByHand(record.id);
        if (later.kind === 'unsubscribed there') {
          if (record !== undefined) simulator.crm.unsubscribes?.(record.id);
        } else if (later.kind === 'erasure') await gateway.erase(id, lead.reference);
        else await insertSurely(intake, laterRow(lead, later, id, new Date()));
      }
    }
}

/** A part of the request that will transmit the change. */
const placeOf = ({ addressOf }: SimulatedCrm, { id, place }: CrmRecord, { kind }: Later): string =>
  kind === 'erasure' || place === undefined ? (addressOf?.(id) ?? `/${id}`) : place;

const stateOf = (counts: Counts, { destination }: Subject, states: readonly string[]): number =>
  states.reduce((sum, state) => sum + (counts.states[destination]?.[state] ?? 0), 0);

/**
 * Waits until nothing is under way, twice in a row: between two counts a lead may move from table to table.
 * A client whose preset lacks a rule may never finish: beside sound ones it gets a short wait.
 * Returns the deliveries of sound ones still under way at the end of patience, one line each.
 */
async function comesToRest(world: TrialWorld, options: RunOptions): Promise<readonly string[]> {
  const atRest = async (subjects: readonly Subject[], patienceMs: number): Promise<boolean> => {
    let quiet = 0;
    return await until(world, { ...options, patienceMs }, (counts) => {
      const busy = subjects.some(
        (subject) => stateOf(counts, subject, underWay) > 0 || !subject.simulator.isQuiet(),
      );
      quiet = !busy && counts.unplanned === 0 ? quiet + 1 : 0;
      return quiet >= 2;
    });
  };
  const sound = world.subjects.filter(({ habit }) => habit === undefined);
  const rests = await atRest(sound.length > 0 ? sound : world.subjects, options.patienceMs);
  const left =
    rests || sound.length === 0
      ? []
      : await readUnsettled(
          world.gateway.connection,
          sound.map(({ destination }) => destination),
        );
  await atRest(world.subjects, plantedPatienceMs);
  return left;
}

const plantedPatienceMs = 12_000;
/** Well below the time of all tries of a sound preset (breaker.ts). */
const outagePatienceMs = 30_000;

/** Waits until the condition is true for every CRM; one whose preset lacks a rule gets a short wait. */
async function untilMet(
  world: TrialWorld,
  options: RunOptions,
  holds: (subject: Subject) => boolean,
): Promise<void> {
  const { subjects } = world;
  const sound = subjects.filter(({ habit }) => habit === undefined);
  await until(world, options, () => (sound.length > 0 ? sound : subjects).every(holds));
  await until(world, { ...options, patienceMs: plantedPatienceMs }, () => subjects.every(holds));
}

async function until(
  world: TrialWorld,
  { signal, patienceMs }: RunOptions,
  holds: (counts: Counts) => boolean,
): Promise<boolean> {
  const { gateway, trouble } = world;
  const began = Date.now();
  while (!signal.aborted && trouble() === undefined && Date.now() - began < patienceMs) {
    await workThroughTasks(world);
    if (holds(await readCounts(gateway.connection))) return true;
    await sleep(150);
  }
  return false;
}
