// Quarantines the row, file or destination that breaks a step of the gateway: bisects the batch, sets aside what breaks it, raises an
// alert and continues with the rest.
// Invariant: a failure of the database quarantines nothing and is thrown, and so is an error that every row meets. Only this process
// remembers what is quarantined: a restart tries it again.
import { foreignCode } from '../errors.ts';
import { isWorthLogging, type Log } from '../log.ts';
import { closeBroken, raiseBroken } from '../store/broken-alerts.ts';
import { type Database, isStoreTrouble, type Sql } from '../store/database.ts';
import type { Which } from '../store/which.ts';

/** Who is spoken of in the alert; each in its own rest. */
export interface Subject {
  readonly clientId?: string;
  readonly destinationId: string;
  readonly deliveryId?: number;
}

/** Rows that are worked on together or not at all: the rows of a file. */
export interface Unit extends RowSet {
  readonly subject: Subject;
}

/** Rows that are found by their names; of a file, the first speaks for it. */
export const unitOf = (
  rows: readonly { readonly id: number; readonly clientId: string; readonly destinationId: string }[],
): Unit => {
  const [first] = rows;
  return {
    ids: rows.map(({ id }) => id),
    subject: {
      clientId: first?.clientId ?? '',
      destinationId: first?.destinationId ?? '',
      deliveryId: first?.id ?? 0,
    },
  };
};

export interface RowWork<Done> {
  /** Works on those that are due, and answers what it did. */
  readonly run: (tx: Sql, which: Which) => Promise<readonly Done[]>;
  /** The same, unlocked, as they belong together. */
  readonly due: (sql: Sql, which: Which) => Promise<readonly Unit[]>;
}

/** What is done once for all of its rows, and cannot be done in pieces: a file. */
interface WholeWork<Done> {
  readonly run: (which: Which) => Promise<Done>;
  /** The rows that it would take. */
  readonly due: (which: Which) => Promise<readonly Unit[]>;
  /** The same with these rows alone, and undone. */
  readonly trial: (ids: readonly number[]) => Promise<void>;
}

export interface Apart {
  /** Works on due rows in one transaction; where it breaks, finds the rows it breaks over by halving. Answers what is committed. */
  readonly rows: <Done>(work: RowWork<Done>) => Promise<readonly Done[]>;
  /** Does a whole without the rows that it breaks over: they are found by halving, in trials. */
  readonly whole: <Done>(work: WholeWork<Done>) => Promise<Done>;
  /** Does the same for each, one after the other. Returns the sum of what was done. */
  readonly each: <Item>(
    items: readonly Item[],
    subjectOf: (item: Item) => Subject,
    work: (item: Item) => Promise<number>,
  ) => Promise<number>;
}

interface ApartOptions {
  readonly database: Database;
  readonly log: Log;
  /** What breaks, as alert and log name it: `RECOVERY`. */
  readonly step: string;
  /** After this it is tried again. */
  readonly restMs: number;
}

interface Resting {
  readonly unit: Unit;
  readonly until: number;
  readonly failures: number;
}

type Rest = Map<string, Resting>;

export function createApart(options: ApartOptions): Apart {
  const rest: Rest = new Map();
  return {
    rows: (work) => workRows(options, rest, work),
    whole: (work) => workWhole(options, rest, work),
    each: (items, subjectOf, work) => workEach(options, rest, items, subjectOf, work),
  };
}

/** Of each destination its own: what rests is tried again within its destination only. */
export function apartOfEach(create: () => Apart): (destinationId: string) => Apart {
  const known = new Map<string, Apart>();
  return (destinationId) => {
    const apart = known.get(destinationId) ?? create();
    known.set(destinationId, apart);
    return apart;
  };
}

const keyOf = ({ destinationId, deliveryId = 0 }: Subject): string => `${destinationId}/${deliveryId}`;

const isOver = ({ until }: Resting): boolean => until <= performance.now();

async function workRows<Done>(
  options: ApartOptions,
  rest: Rest,
  work: RowWork<Done>,
): Promise<readonly Done[]> {
  const { database } = options;
  const some: Some<Done> = (ids) => database.transaction((tx) => work.run(tx, { among: ids }));
  const again: Done[] = [];
  for (const { unit } of [...rest.values()].filter(isOver))
    again.push(...(await triedAgain(options, rest, unit, some)));
  const without = [...rest.values()].flatMap(({ unit }) => unit.ids);
  try {
    return [...again, ...(await database.transaction((tx) => work.run(tx, { without })))];
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
  }
  const { done, passed, broken } = await halved(await work.due(database, { without }), some);
  await putToRest(options, rest, broken, passed > 0);
  return [...again, ...done];
}

async function workWhole<Done>(options: ApartOptions, rest: Rest, work: WholeWork<Done>): Promise<Done> {
  const trial: Some<never> = async (ids) => {
    await work.trial(ids);
    return [];
  };
  for (const { unit } of [...rest.values()].filter(isOver)) await triedAgain(options, rest, unit, trial);
  const withoutResting = (): Which => ({ without: [...rest.values()].flatMap(({ unit }) => unit.ids) });
  try {
    return await work.run(withoutResting());
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    // What breaks without any row is no row's fault: it throws here again.
    await work.trial([]);
    const { passed, broken } = await halved(await work.due(withoutResting()), trial);
    if (broken.length === 0) throw error;
    await putToRest(options, rest, broken, passed > 0);
  }
  return work.run(withoutResting());
}

async function workEach<Item>(
  options: ApartOptions,
  rest: Rest,
  items: readonly Item[],
  subjectOf: (item: Item) => Subject,
  work: (item: Item) => Promise<number>,
): Promise<number> {
  const broken: Broken<Unit>[] = [];
  let count = 0;
  let hasPassed = false;
  for (const item of items) {
    const unit: Unit = { ids: [], subject: subjectOf(item) };
    const resting = rest.get(keyOf(unit.subject));
    if (resting !== undefined && !isOver(resting)) continue;
    try {
      count += await work(item);
      hasPassed = true;
      await forget(options, rest, unit);
    } catch (error) {
      if (isStoreTrouble(error)) throw error;
      broken.push({ unit, error });
    }
  }
  await putToRest(options, rest, broken, hasPassed);
  return count;
}

/** One that broke before: it passes now, or rests again. */
async function triedAgain<Done>(
  options: ApartOptions,
  rest: Rest,
  unit: Unit,
  some: Some<Done>,
): Promise<readonly Done[]> {
  try {
    const done = await some(unit.ids);
    await forget(options, rest, unit);
    return done;
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    await putToRest(options, rest, [{ unit, error }], true);
    return [];
  }
}

async function forget({ database, step }: ApartOptions, rest: Rest, { subject }: Unit): Promise<void> {
  if (rest.delete(keyOf(subject))) await closeBroken(database, { ...subject, step });
}

/** @throws the first error where nothing passed and many broke */
async function putToRest(
  { database, log, step, restMs }: ApartOptions,
  rest: Rest,
  broken: readonly Broken<Unit>[],
  hasPassed: boolean,
): Promise<void> {
  const [first] = broken;
  if (first !== undefined && !hasPassed && broken.length >= brokenAtMost) throw first.error;
  for (const { unit, error } of broken) {
    const { subject } = unit;
    const code = foreignCode(error);
    const failures = (rest.get(keyOf(subject))?.failures ?? 0) + 1;
    rest.set(keyOf(subject), { unit, until: performance.now() + restMs, failures });
    const { destinationId: destination, deliveryId: delivery = 0 } = subject;
    if (isWorthLogging(failures))
      log.error('delivery.broken', { loop: step, destination, delivery, code, count: failures });
    await raiseBroken(database, { ...subject, step, code });
  }
}

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
type Some<Done> = (ids: readonly number[]) => Promise<readonly Done[]>;

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

/** Each row by itself. */
export const unitsOf = <Row extends { readonly id: number }>(
  rows: readonly Row[],
): readonly (RowSet & { readonly row: Row })[] => rows.map((row) => ({ ids: [row.id], row }));
