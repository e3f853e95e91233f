// Of many rows that break a step together, those that break it: found by halving.
// Invariant: the database's own trouble is nobody's fault and is thrown; so many that break and none that passes are not halved on.
import { isStoreTrouble } from '../../store/database.ts';

/** So many that break and none that passes: it is everybody's trouble. */
export const brokenAtMost = 8;

/** Rows that are tried together or not at all. */
export interface RowSet {
  readonly ids: readonly number[];
}

export interface Broken<Rows> {
  readonly unit: Rows;
  readonly error: unknown;
}

/** Works on these rows in a transaction. */
export type Some<Done> = (ids: readonly number[]) => Promise<readonly Done[]>;

export interface Halved<Rows, Done> {
  readonly done: readonly Done[];
  readonly passed: number;
  readonly broken: readonly Broken<Rows>[];
}

interface Trial<Rows, Done> {
  readonly some: Some<Done>;
  readonly done: Done[];
  passed: number;
  readonly broken: Broken<Rows>[];
}

export async function halved<Rows extends RowSet, Done>(
  units: readonly Rows[],
  some: Some<Done>,
): Promise<Halved<Rows, Done>> {
  const trial: Trial<Rows, Done> = { some, done: [], passed: 0, broken: [] };
  await tryHalves(trial, shuffled(units));
  return trial;
}

async function tryHalves<Rows extends RowSet, Done>(
  trial: Trial<Rows, Done>,
  units: readonly Rows[],
): Promise<void> {
  const [unit] = units;
  if (unit === undefined || isEverybodys(trial)) return;
  try {
    trial.done.push(...(await trial.some(units.flatMap(({ ids }) => ids))));
    trial.passed += units.length;
    return;
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    if (units.length === 1) {
      trial.broken.push({ unit, error });
      return;
    }
  }
  const middle = Math.ceil(units.length / 2);
  await tryHalves(trial, units.slice(0, middle));
  await tryHalves(trial, units.slice(middle));
}

const isEverybodys = <Rows, Done>({ passed, broken }: Trial<Rows, Done>): boolean =>
  passed === 0 && broken.length >= brokenAtMost;

/** Otherwise the same few at the front would hide for ever that others pass. */
const shuffled = <Rows>(units: readonly Rows[]): readonly Rows[] =>
  units
    .map((unit) => ({ unit, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ unit }) => unit);
