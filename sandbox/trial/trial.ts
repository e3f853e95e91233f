// Runs `npm run demo -- --preset NAME` and `relais preset try NAME`, from the first line to the last.
// Invariant: whatever happens, servers, processes, database and accounts of the trial are gone at its end.
import { RelaisError } from '../../src/errors.ts';
import { withUndo, type DemoDeps } from '../demo/installation.ts';
import { simulatorOf, simulators } from '../simulators/index.ts';
import { compareTrial, type TrialResult } from './compare.ts';
import { keepTrial } from './keep.ts';
import { readDeliveries } from './ledger.ts';
import { leadsOf, strangers, type TrialLead } from './leads.ts';
import { projectMappings } from './mappings.ts';
import { readPreset, type Habit } from './preset-folder.ts';
import { printTrial } from './report.ts';
import { runTrial } from './run.ts';
import { buildTrial, type Subject, type TrialWorld, type Wanted } from './world.ts';

export interface TrialOptions {
  readonly preset: string;
  /** A habit whose rule is removed, to see the preset break. */
  readonly without?: string;
  /** Runs until it is stopped, with the simulated CRM. */
  readonly keep: boolean;
}

/** Returns the exit code. */
export async function tryPreset(options: TrialOptions, deps: DemoDeps): Promise<number> {
  const { screen, signal } = deps;
  const wanted = wantedOf(options);
  screen.line(
    screen.strong(
      `Relais: twenty invented leads into a simulated ${readPreset(projectMappings, options.preset).title}`,
    ),
  );
  return await inTrial([wanted], deps, async (world) => {
    screen.heading('On their way');
    const trouble = await runTrial(world, {
      signal,
      say: (line) => screen.line(`  ${line}`),
      patienceMs: 60_000,
    });
    const [subject] = world.subjects;
    if (signal.aborted || subject === undefined) return 130;
    const result = await resultOf(world, subject);
    screen.heading('In the log and in the CRM');
    printTrial(screen, { ...result, faults: [...trouble, ...result.faults] });
    const verified = await world.gateway.verifyLog();
    screen.line(
      `  ${verified.ok ? screen.good(`✔ the log: ${verified.words}`) : screen.bad(`✘ the log: ${verified.words}`)}`,
    );
    if (options.keep) await keepTrial(world, subject, deps);
    return trouble.length === 0 && result.faults.length === 0 && verified.ok ? 0 : 1;
  });
}

/** Runs `work` in a trial's world, then undoes the world. */
export async function inTrial<Result>(
  wanted: readonly Wanted[],
  deps: DemoDeps,
  work: (world: TrialWorld) => Promise<Result>,
  real?: Parameters<typeof buildTrial>[3],
): Promise<Result> {
  return await withUndo(deps.screen, async (undo) => await work(await buildTrial(wanted, deps, undo, real)));
}

export async function resultOf(
  { gateway }: TrialWorld,
  subject: Subject,
  leads?: readonly TrialLead[],
): Promise<TrialResult> {
  const { crm } = subject.simulator;
  const { keeps, changes, turnsAway } = simulatorOf(subject.preset) ?? {};
  return compareTrial({
    leads: leadsOf(crm, leads),
    deliveries: await readDeliveries(gateway.connection, subject.destination),
    records: crm.records(),
    strangers,
    complaints: crm.complaints(),
    ...(keeps === undefined ? {} : { keeps }),
    ...(changes === undefined ? {} : { changes }),
    ...(turnsAway === undefined ? {} : { turnsAway }),
  });
}

function wantedOf({ preset, without }: TrialOptions): Wanted {
  const { habits } = readPreset(projectMappings, preset);
  if (simulatorOf(preset) === undefined)
    throw new RelaisError(
      'FIND-001',
      `The preset ${preset} has no simulator: relais preset try ${preset} sends one lead. These have one: ${simulators.map((known) => known.preset).join(', ')}.`,
    );
  if (without === undefined) return { preset };
  const habit: Habit | undefined = habits.find(({ name }) => name === without);
  if (habit === undefined)
    throw new RelaisError(
      'FIND-001',
      `The preset ${preset} names no habit ${without}. It names: ${habits.map(({ name }) => name).join(', ')}.`,
    );
  return { preset, habit };
}
