// Bisects a batch that fails: runs its halves, and their halves, until the units that break it are found.
// Invariant: an error that no unit causes is thrown; once so many units break and none passes, nothing more is tried.

/** If so many units break and none passes, the error is not that of a unit. */
export const maxBroken = 8;

export interface BrokenUnit<Unit> {
  readonly unit: Unit;
  readonly error: unknown;
}

export interface Bisected<Unit, Done> {
  /** Results of the runs that passed. */
  readonly done: readonly Done[];
  /** Units that passed, as the runs counted them. */
  readonly passed: number;
  readonly broken: readonly BrokenUnit<Unit>[];
}

export interface Run<Unit, Done> {
  /** Processes these units together, and counts those that passed. */
  readonly run: (units: readonly Unit[]) => Promise<Pick<Bisected<Unit, Done>, 'done' | 'passed'>>;
  /** True for an error that no unit causes, such as an outage of the database. */
  readonly isOfNoUnit: (error: unknown) => boolean;
}

interface Trial<Unit, Done> extends Run<Unit, Done> {
  readonly done: Done[];
  passed: number;
  readonly broken: BrokenUnit<Unit>[];
}

/** @throws an error that no unit causes */
export async function bisect<Unit, Done>(
  units: readonly Unit[],
  how: Run<Unit, Done>,
): Promise<Bisected<Unit, Done>> {
  const trial: Trial<Unit, Done> = { ...how, done: [], passed: 0, broken: [] };
  await tryHalves(trial, shuffled(units));
  return trial;
}

async function tryHalves<Unit, Done>(trial: Trial<Unit, Done>, units: readonly Unit[]): Promise<void> {
  const [unit] = units;
  if (unit === undefined || breaksForAll(trial)) return;
  try {
    const { done, passed } = await trial.run(units);
    trial.done.push(...done);
    trial.passed += passed;
    return;
  } catch (error) {
    if (trial.isOfNoUnit(error)) throw error;
    if (units.length === 1) {
      trial.broken.push({ unit, error });
      return;
    }
  }
  const middle = Math.ceil(units.length / 2);
  await tryHalves(trial, units.slice(0, middle));
  await tryHalves(trial, units.slice(middle));
}

/** True if so many units broke and none passed that the error is not theirs. */
export const breaksForAll = ({
  passed,
  broken,
}: Pick<Bisected<unknown, unknown>, 'passed' | 'broken'>): boolean =>
  passed === 0 && broken.length >= maxBroken;

/** Otherwise the same few units at the front would hide for ever that others pass. */
const shuffled = <Unit>(units: readonly Unit[]): readonly Unit[] =>
  units
    .map((unit) => ({ unit, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ unit }) => unit);
