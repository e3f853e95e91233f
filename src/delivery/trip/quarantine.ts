// Quarantines the row, file or destination that breaks a step of the gateway: bisects the batch, sets aside what breaks it, raises an alert
// and continues with the rest.
// Invariant: a failure of the database quarantines nothing and is thrown, and so is an error that every row meets. Only this process
// remembers what is quarantined: a restart tries it again.
import { bisect, breaksForAll, type Bisected, type BrokenUnit } from '../../domain/bisect.ts';
import { foreignCode } from '../../errors.ts';
import { isWorthLogging, type Log } from '../../log.ts';
import { closeBroken, raiseBroken } from '../../store/alerts/alerts.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import type { Which } from '../../store/named-rows.ts';

/** The subject of the alert; each is quarantined by itself. */
export interface Subject {
  readonly clientId?: string;
  readonly destinationId: string;
  readonly deliveryId?: number;
}

/** Rows that are processed together or not at all: the rows of a file. */
export interface Unit extends RowSet {
  readonly subject: Subject;
}

/** Makes a unit of rows; the first row of a file is its subject. */
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
  /** Processes the rows that are due and returns the results. */
  readonly run: (tx: Sql, which: Which) => Promise<readonly Done[]>;
  /** Reads the same rows, unlocked, as units. */
  readonly due: (sql: Sql, which: Which) => Promise<readonly Unit[]>;
}

/** Work that is done once for all of its rows, and cannot be split: a file. */
interface WholeWork<Done> {
  readonly run: (which: Which) => Promise<Done>;
  /** The rows that it would process. */
  readonly due: (which: Which) => Promise<readonly Unit[]>;
  /** The same with these rows only, rolled back. */
  readonly trial: (ids: readonly number[]) => Promise<void>;
}

export interface Quarantine {
  /** Processes due rows in one transaction; if it breaks, bisects them to find the rows that break it. Returns what is committed. */
  readonly rows: <Done>(work: RowWork<Done>) => Promise<readonly Done[]>;
  /** Does a whole without the rows that break it, which are found by bisecting, in trials. */
  readonly whole: <Done>(work: WholeWork<Done>) => Promise<Done>;
  /** Does the same for each, one after the other. Returns the sum. */
  readonly each: <Item>(
    items: readonly Item[],
    subjectOf: (item: Item) => Subject,
    work: (item: Item) => Promise<number>,
  ) => Promise<number>;
}

interface QuarantineOptions {
  readonly database: Database;
  readonly log: Log;
  /** The name of the step in alert and log: `RECOVERY`. */
  readonly step: string;
  /** A quarantined unit is tried again after this. */
  readonly retryAfterMs: number;
}

interface QuarantinedUnit {
  readonly unit: Unit;
  readonly until: number;
  readonly failures: number;
}

type Quarantined = Map<string, QuarantinedUnit>;

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const quarantined: Quarantined = new Map();
  return {
    rows: (work) => runRows(options, quarantined, work),
    whole: (work) => runWhole(options, quarantined, work),
    each: (items, subjectOf, work) => runEach(options, quarantined, items, subjectOf, work),
  };
}

/** One quarantine per destination: a quarantined row is tried again within its destination only. */
export function quarantineForEach(create: () => Quarantine): (destinationId: string) => Quarantine {
  const known = new Map<string, Quarantine>();
  return (destinationId) => {
    const quarantine = known.get(destinationId) ?? create();
    known.set(destinationId, quarantine);
    return quarantine;
  };
}

const keyOfSubject = ({ destinationId, deliveryId = 0 }: Subject): string => `${destinationId}/${deliveryId}`;

const isDue = ({ until }: QuarantinedUnit): boolean => until <= performance.now();

async function runRows<Done>(
  options: QuarantineOptions,
  quarantined: Quarantined,
  work: RowWork<Done>,
): Promise<readonly Done[]> {
  const { database } = options;
  const runSome: RunSome<Done> = (ids) => database.transaction((tx) => work.run(tx, { among: ids }));
  const again: Done[] = [];
  for (const { unit } of [...quarantined.values()].filter(isDue))
    again.push(...(await retryUnit(options, quarantined, unit, runSome)));
  const without = [...quarantined.values()].flatMap(({ unit }) => unit.ids);
  try {
    return [...again, ...(await database.transaction((tx) => work.run(tx, { without })))];
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
  }
  const { done, passed, broken } = await bisectRows(await work.due(database, { without }), runSome);
  await quarantineUnits(options, quarantined, broken, passed > 0);
  return [...again, ...done];
}

async function runWhole<Done>(
  options: QuarantineOptions,
  quarantined: Quarantined,
  work: WholeWork<Done>,
): Promise<Done> {
  const trial: RunSome<never> = async (ids) => {
    await work.trial(ids);
    return [];
  };
  for (const { unit } of [...quarantined.values()].filter(isDue))
    await retryUnit(options, quarantined, unit, trial);
  const withoutQuarantined = (): Which => ({
    without: [...quarantined.values()].flatMap(({ unit }) => unit.ids),
  });
  try {
    return await work.run(withoutQuarantined());
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    // Work that breaks without any row is no row's fault: it throws here again.
    await work.trial([]);
    const { passed, broken } = await bisectRows(await work.due(withoutQuarantined()), trial);
    if (broken.length === 0) throw error;
    await quarantineUnits(options, quarantined, broken, passed > 0);
  }
  return work.run(withoutQuarantined());
}

async function runEach<Item>(
  options: QuarantineOptions,
  quarantined: Quarantined,
  items: readonly Item[],
  subjectOf: (item: Item) => Subject,
  work: (item: Item) => Promise<number>,
): Promise<number> {
  const broken: BrokenUnit<Unit>[] = [];
  let count = 0;
  let hasPassed = false;
  for (const item of items) {
    const unit: Unit = { ids: [], subject: subjectOf(item) };
    const known = quarantined.get(keyOfSubject(unit.subject));
    if (known !== undefined && !isDue(known)) continue;
    try {
      count += await work(item);
      hasPassed = true;
      await release(options, quarantined, unit);
    } catch (error) {
      if (isStoreTrouble(error)) throw error;
      broken.push({ unit, error });
    }
  }
  await quarantineUnits(options, quarantined, broken, hasPassed);
  return count;
}

/** Tries a unit that broke before: it passes now, or is quarantined again. */
async function retryUnit<Done>(
  options: QuarantineOptions,
  quarantined: Quarantined,
  unit: Unit,
  runSome: RunSome<Done>,
): Promise<readonly Done[]> {
  try {
    const done = await runSome(unit.ids);
    await release(options, quarantined, unit);
    return done;
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    await quarantineUnits(options, quarantined, [{ unit, error }], true);
    return [];
  }
}

async function release(
  { database, step }: QuarantineOptions,
  quarantined: Quarantined,
  { subject }: Unit,
): Promise<void> {
  if (quarantined.delete(keyOfSubject(subject))) await closeBroken(database, { ...subject, step });
}

/** @throws the first error where nothing passed and many broke */
async function quarantineUnits(
  { database, log, step, retryAfterMs }: QuarantineOptions,
  quarantined: Quarantined,
  broken: readonly BrokenUnit<Unit>[],
  hasPassed: boolean,
): Promise<void> {
  const [first] = broken;
  if (first !== undefined && breaksForAll({ passed: hasPassed ? 1 : 0, broken })) throw first.error;
  for (const { unit, error } of broken) {
    const { subject } = unit;
    const code = foreignCode(error);
    const failures = (quarantined.get(keyOfSubject(subject))?.failures ?? 0) + 1;
    quarantined.set(keyOfSubject(subject), { unit, until: performance.now() + retryAfterMs, failures });
    const { destinationId: destination, deliveryId: delivery = 0 } = subject;
    if (isWorthLogging(failures))
      log.error('delivery.broken', { loop: step, destination, delivery, code, count: failures });
    await raiseBroken(database, { ...subject, step, code });
  }
}

/** Rows that are tried together or not at all. */
export interface RowSet {
  readonly ids: readonly number[];
}

/** Processes these rows in a transaction. */
type RunSome<Done> = (ids: readonly number[]) => Promise<readonly Done[]>;

/** Bisects rows. @throws an error of the database */
export const bisectRows = <Rows extends RowSet, Done>(
  units: readonly Rows[],
  runSome: RunSome<Done>,
): Promise<Bisected<Rows, Done>> =>
  bisect(units, {
    run: async (some) => ({ done: await runSome(some.flatMap(({ ids }) => ids)), passed: some.length }),
    isOfNoUnit: isStoreTrouble,
  });

/** True if the error is not that of single rows: none breaks by itself, or all of them do. */
export const isOfNoRow = (bisected: Pick<Bisected<unknown, unknown>, 'passed' | 'broken'>): boolean =>
  bisected.broken.length === 0 || breaksForAll(bisected);

/** Each row by itself. */
export const unitsOf = <Row extends { readonly id: number }>(
  rows: readonly Row[],
): readonly (RowSet & { readonly row: Row })[] => rows.map((row) => ({ ids: [row.id], row }));
