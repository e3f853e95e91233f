// Quarantines the row that makes the server fail, by bisecting the batch.
// Invariant: a row is accused only while others pass, and as long a transaction without it, again and again and alone; an outage, a full
// server or a network that cuts connections accuses no row.
import { bisect, breaksForAll } from '../domain/bisect.ts';
import { isRelaisError } from '../errors.ts';
import { SqlFailure, isStoreOutage, isStoreTrouble, type Database } from '../store/database.ts';
import { takeRows, type IntakeHead } from '../store/intake/intake-take.ts';
import type { ProcessedRows } from './batch.ts';
import { newRound, nothing, type Rounds } from './rounds.ts';

/** True for an error that does not identify a row: the whole batch is released and tried later. */
export const isOfNoRow = (error: unknown): boolean => isRelaisError(error) || isStoreTrouble(error);

const packetTooLarge = 1153;
/** Errors that a row may cause: too large for a packet, for the memory or for the time of a statement. */
const rowsOwn = new Set([1037, 1041, packetTooLarge, 1317, 1969, 3024]);
/** Includes a connection that is lost again and again with the same row: the server closes it without an error code. */
const mayBeARows = (error: unknown): boolean =>
  isStoreOutage(error) || (error instanceof SqlFailure && rowsOwn.has(error.errno));
const isSurelyARows = (error: unknown): boolean =>
  error instanceof SqlFailure && error.errno === packetTooLarge;

/** A network that cuts one statement in thirty cuts half of all transactions: chance accuses a row once in 2^14 isolations. */
const triesAlone = 8;
const statementsOfARow = 30;

export interface IsolateDeps {
  readonly database: Database;
  readonly rounds: Rounds;
  /** Takes one row at a time, for an error that a row causes by itself. */
  readonly oneByOne: (heads: readonly IntakeHead[]) => Promise<ProcessedRows>;
  readonly setAside: (head: IntakeHead, error: unknown) => Promise<ProcessedRows>;
}

/** @throws the error when it is no row's */
export async function isolate(deps: IsolateDeps, heads: readonly IntakeHead[]): Promise<ProcessedRows> {
  const outages = new WeakSet<object>();
  const bisected = await bisect(heads, {
    run: (some) => passedOf(deps, some, outages),
    isOfNoUnit: (error) => error instanceof Error && outages.has(error),
  });
  const [first] = bisected.broken;
  const last = bisected.broken.at(-1);
  if (last !== undefined && breaksForAll(bisected)) throw last.error;
  if (first !== undefined && bisected.passed === 0 && !isSurelyARows(first.error)) throw first.error;
  let sum = bisected.done.reduce(added, nothing);
  for (const { unit, error } of bisected.broken)
    if (mayBeARows(error)) sum = added(sum, await triedAgain(deps, unit));
  return sum;
}

/** An error that no row causes is kept in `outages`. */
async function passedOf(
  deps: IsolateDeps,
  heads: readonly IntakeHead[],
  outages: WeakSet<object>,
): Promise<{ readonly done: readonly ProcessedRows[]; readonly passed: number }> {
  const keepOutage = (error: unknown): never => {
    if (error instanceof Error) outages.add(error);
    throw error;
  };
  try {
    const settled = await again(deps, heads);
    return { done: [settled], passed: settled.accepted + settled.refused + settled.duplicates };
  } catch (error) {
    if (!isOfNoRow(error)) return { done: [await deps.oneByOne(heads).catch(keepOutage)], passed: 0 };
    // Throws when the server is away, so that no row is accused.
    await deps.database.all('SELECT 1').catch(keepOutage);
    throw error;
  }
}

const again = (deps: IsolateDeps, heads: readonly IntakeHead[]): Promise<ProcessedRows> => {
  const ids = heads.map((head) => head.id);
  return deps.rounds.together((tx) => takeRows(tx, ids), newRound());
};

/** The control of a trial: as many statements as a row needs, without it. @throws an outage, which is no row's then */
const control = (database: Database): Promise<void> =>
  database.transaction(async (tx) => {
    for (let count = 0; count < statementsOfARow; count += 1) await tx.all('SELECT 1');
  });

/** It has failed once alone. */
async function triedAgain(deps: IsolateDeps, head: IntakeHead): Promise<ProcessedRows> {
  for (let tries = 2; ; tries += 1) {
    try {
      return await again(deps, [head]);
    } catch (error) {
      if (!isOfNoRow(error)) return deps.oneByOne([head]);
      await control(deps.database);
      if (!mayBeARows(error)) return nothing;
      if (tries >= triesAlone) return deps.setAside(head, error);
    }
  }
}

export function added(a: ProcessedRows, b: ProcessedRows): ProcessedRows {
  return {
    accepted: a.accepted + b.accepted,
    refused: a.refused + b.refused,
    duplicates: a.duplicates + b.duplicates,
    waiting: a.waiting + b.waiting,
    changes: [...a.changes, ...b.changes],
    planned: [...a.planned, ...b.planned],
    unplanned: a.unplanned + b.unplanned,
  };
}
