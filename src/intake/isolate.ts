// Quarantines the row that makes the server fail, by bisecting the batch.
// Invariant: a row is accused only while others pass, three times and alone; an outage or a full server accuses no row.
import { isRelaisError } from '../errors.ts';
import { SqlFailure, isStoreOutage, isStoreTrouble, type Database } from '../store/database.ts';
import { takeRows, type IntakeHead } from '../store/intake-take.ts';
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

const triesAlone = 3;
/** So many rows failed alone and none passed: the error is no row's. */
const failuresAtMost = 8;

interface Trial {
  passed: number;
  readonly failed: { readonly head: IntakeHead; readonly error: unknown }[];
}

export interface IsolateDeps {
  readonly database: Database;
  readonly rounds: Rounds;
  /** Takes one row at a time, for an error that a row causes by itself. */
  readonly oneByOne: (heads: readonly IntakeHead[]) => Promise<ProcessedRows>;
  readonly setAside: (head: IntakeHead, error: unknown) => Promise<ProcessedRows>;
}

/** @throws the error when it is no row's */
export async function isolate(deps: IsolateDeps, heads: readonly IntakeHead[]): Promise<ProcessedRows> {
  const trial: Trial = { passed: 0, failed: [] };
  let sum = await halved(deps, shuffled(heads), trial);
  const [first] = trial.failed;
  if (first !== undefined && trial.passed === 0 && !isSurelyARows(first.error)) throw first.error;
  for (const { head, error } of trial.failed) {
    if (mayBeARows(error)) sum = added(sum, await triedAgain(deps, head));
  }
  return sum;
}

async function halved(deps: IsolateDeps, heads: readonly IntakeHead[], trial: Trial): Promise<ProcessedRows> {
  try {
    const settled = await again(deps, heads);
    trial.passed += settled.accepted + settled.refused + settled.duplicates;
    return settled;
  } catch (error) {
    if (!isOfNoRow(error)) return deps.oneByOne(heads);
    // Throws when the server is away, so that no row is accused.
    await deps.database.all('SELECT 1');
    const [head] = heads;
    if (head === undefined) return nothing;
    if (heads.length === 1) {
      trial.failed.push({ head, error });
      if (trial.passed === 0 && trial.failed.length >= failuresAtMost) throw error;
      return nothing;
    }
    const middle = Math.ceil(heads.length / 2);
    const before = await halved(deps, heads.slice(0, middle), trial);
    return added(before, await halved(deps, heads.slice(middle), trial));
  }
}

const again = (deps: IsolateDeps, heads: readonly IntakeHead[]): Promise<ProcessedRows> => {
  const ids = heads.map((head) => head.id);
  return deps.rounds.together((tx) => takeRows(tx, ids), newRound());
};

/** It has failed once alone. */
async function triedAgain(deps: IsolateDeps, head: IntakeHead): Promise<ProcessedRows> {
  for (let tries = 2; ; tries += 1) {
    try {
      return await again(deps, [head]);
    } catch (error) {
      if (!isOfNoRow(error)) return deps.oneByOne([head]);
      await deps.database.all('SELECT 1');
      if (!mayBeARows(error)) return nothing;
      if (tries >= triesAlone) return deps.setAside(head, error);
    }
  }
}

/** Otherwise the same few rows at the front would always be tried first and hide that others pass. */
function shuffled(heads: readonly IntakeHead[]): readonly IntakeHead[] {
  return heads
    .map((head) => ({ head, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ head }) => head);
}

export function added(a: ProcessedRows, b: ProcessedRows): ProcessedRows {
  return {
    accepted: a.accepted + b.accepted,
    refused: a.refused + b.refused,
    duplicates: a.duplicates + b.duplicates,
    waiting: a.waiting + b.waiting,
    changes: [...a.changes, ...b.changes],
  };
}
