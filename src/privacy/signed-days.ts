// Checks the signed days of the log or of an audit pack: each signature, their chain, and that no entry of a day was added, changed or
// left out since.
// Invariant: needs the public keys alone; days that may be partial are not summed up.
import { createHash, verify, type Hash, type KeyObject } from 'node:crypto';
import { keyIdOf } from './proofs/proof.ts';

export type DayProblem = 'other_key' | 'day_changed' | 'day_incomplete';

/** UTC, by which seals and statements count. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** The days of which a pack has everything: the first and the last of its period may be partial. */
export const wholeDays =
  ({ from, until }: { readonly from: string; readonly until: string }) =>
  (day: string): boolean =>
    day > from && day < until;

interface DaySum {
  readonly entries: number;
  readonly sha256: string;
}

/** Sums up the sealed entries of a log by the day of their seals, line by line. */
export function createDaySums(): {
  /** @param sealedAt of the seal that covers the entry */
  readonly add: (sealedAt: Date, text: string) => void;
  readonly of: (day: string) => DaySum;
} {
  const sums = new Map<string, { entries: number; readonly hash: Hash }>();
  return {
    add: (sealedAt, text) => {
      const day = dayOf(sealedAt);
      const sum = sums.get(day) ?? { entries: 0, hash: createHash('sha256') };
      sums.set(day, sum);
      sum.entries += 1;
      sum.hash.update(`${text}\n`);
    },
    of: (day) => {
      const { entries, hash } = sums.get(day) ?? { entries: 0, hash: createHash('sha256') };
      return { entries, sha256: hash.copy().digest('hex') };
    },
  };
}

interface SignedDay {
  readonly day: string;
  readonly bytes: Buffer;
  readonly signature: Buffer;
}

interface SaidDay extends DaySum {
  readonly day: string;
  readonly client: string | null;
  readonly previousDay: string | null;
  readonly previous: string | null;
  readonly key: string;
}

/**
 * @param days in order
 * @param client null: the whole log
 * @returns undefined: nothing is wrong; else the problem and its day
 */
export function problemOfDays(
  days: readonly SignedDay[],
  keys: readonly KeyObject[],
  client: string | null,
  period: { readonly from: string; readonly until: string },
  sumOf: (day: string) => DaySum,
): { readonly problem: DayProblem; readonly day: string } | undefined {
  const isWhole = wholeDays(period);
  let before: SignedDay | undefined;
  for (const signed of days) {
    const { day, bytes, signature } = signed;
    const said = saidBy(bytes);
    if (said === undefined) return { problem: 'day_changed', day };
    const key = keys.find((published) => keyIdOf(published) === said.key);
    if (key === undefined) return { problem: 'other_key', day };
    const isLinked =
      before === undefined
        ? said.previousDay === null || said.previousDay < period.from
        : said.previousDay === before.day && said.previous === sha256Of(before.bytes);
    if (!verify(null, bytes, key, signature) || said.day !== day || said.client !== client || !isLinked)
      return { problem: 'day_changed', day };
    const sum = isWhole(day) ? sumOf(day) : said;
    if (sum.entries !== said.entries || sum.sha256 !== said.sha256) return { problem: 'day_incomplete', day };
    before = signed;
  }
  return undefined;
}

function saidBy(bytes: Buffer): SaidDay | undefined {
  try {
    return JSON.parse(bytes.toString()) as SaidDay;
  } catch {
    return undefined;
  }
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
