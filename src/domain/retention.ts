// How long a lead is kept, and what happens then: the charter's table (C30 to C35). Pure.
// Invariant: every rule gives a civil date of Europe/Paris; a lead goes on the earliest of those that hold for it. What a
// person wanted last (a request, a call in, a form) counts for all requests of that person at that client, which are those
// that share the mail address or one of the phones with it: one hop, never further. The cap is each request's own.
import {
  addDelay,
  addMonths,
  civilDate,
  earliest,
  firstOfYear,
  yearOf,
  type CivilDate,
  type Delay,
} from './civil-date.ts';

/** `purge`: deleted, a one-off operation's (C30). `anonymise`: deleted too, counted before where enough share the cell (C34). */
export type Departing = 'purge' | 'anonymise';

/** Which row of the table gave the date. */
export const retentionRules = [
  'operation_end',
  'five_years',
  'three_years',
  'instruction',
  'contract_end',
] as const;
export type RetentionRule = (typeof retentionRules)[number];

/** What is recorded of an operation of a client; without a record the lead's own word counts. */
export interface OperationFacts {
  readonly kind: 'one_off' | 'recurring';
  /** Its last day. */
  readonly endsOn?: CivilDate;
  /** What the client asked for, by a recorded instruction: after the end, or after the last sign. */
  readonly delay?: Delay;
}

export interface RetentionFacts {
  /** The lead's own word. */
  readonly kind: 'one_off' | 'recurring';
  readonly operation?: OperationFacts | undefined;
  readonly collectedAt: Date;
  /** The last voluntary sign of the person. */
  readonly lastSign: Date;
}

export interface Retention {
  readonly goesOn: CivilDate;
  readonly how: Departing;
  readonly rule: RetentionRule;
  /** From then on it is neither relayed nor replayed (C33); of recurring operations only. */
  readonly inactiveOn: CivilDate | undefined;
  /** Kept past three years after the last sign: the client asked for it, and somebody should know. */
  readonly long: boolean;
  /** A one-off operation nobody gave an end: the recurring rules bound it until somebody does. */
  readonly endMissing: boolean;
}

export const inactiveMonths = 24;
export const anonymiseMonths = 36;
const capYears = 5;
const afterEnd: Delay = { count: 2, unit: 'month' };

/** When everything of a one-off operation goes; undefined of a recurring one, or where no end is recorded. */
export const operationGoesOn = ({ kind, endsOn, delay }: OperationFacts): CivilDate | undefined =>
  kind === 'one_off' && endsOn !== undefined ? addDelay(endsOn, delay ?? afterEnd) : undefined;

/** The latest of the signs of a person, the collection of each request among them. */
export const lastSignOf = (signs: readonly Date[]): Date =>
  new Date(Math.max(...signs.map((sign) => sign.getTime())));

export function retentionOf({ kind: said, operation, collectedAt, lastSign }: RetentionFacts): Retention {
  const kind = operation?.kind ?? said;
  const sign = civilDate(lastSign);
  const threeYears = addMonths(sign, anonymiseMonths);
  const goesWithAll = operation === undefined ? undefined : operationGoesOn(operation);
  if (goesWithAll !== undefined) {
    const goesOn = goesWithAll;
    const rule = operation?.delay === undefined ? 'operation_end' : 'instruction';
    return {
      goesOn,
      how: 'purge',
      rule,
      inactiveOn: undefined,
      long: goesOn > threeYears,
      endMissing: false,
    };
  }
  const cap = firstOfYear(yearOf(civilDate(collectedAt)) + capYears);
  const asked = kind === 'recurring' ? operation?.delay : undefined;
  const bySign = asked === undefined ? threeYears : addDelay(sign, asked);
  const goesOn = earliest(cap, bySign);
  const signRule = asked === undefined ? 'three_years' : 'instruction';
  return {
    goesOn,
    how: kind === 'one_off' ? 'purge' : 'anonymise',
    rule: goesOn === bySign ? signRule : 'five_years',
    inactiveOn: addMonths(sign, inactiveMonths),
    long: goesOn > threeYears,
    endMissing: kind === 'one_off',
  };
}

/** With the contract everything ends on the agreed day, unless its own day comes before (C55). */
export const endedWith = (retention: Retention, end: CivilDate | undefined): Retention =>
  end === undefined || retention.goesOn <= end
    ? retention
    : { ...retention, goesOn: end, how: 'purge', rule: 'contract_end', long: false, endMissing: false };

/** Whether it is past its date on that day: it is gone by the day itself. */
export const isDue = ({ goesOn }: Pick<Retention, 'goesOn'>, today: CivilDate): boolean => goesOn <= today;

export const isInactive = ({ inactiveOn }: Pick<Retention, 'inactiveOn'>, today: CivilDate): boolean =>
  inactiveOn !== undefined && inactiveOn <= today;

/**
 * The collection of a request that can be due on a day at the earliest: none that was collected later is, whatever its signs.
 * @param delay what the client asked for of it
 */
export function collectedBefore(today: CivilDate, delay: Delay | undefined): CivilDate {
  const months = addMonths(today, -anonymiseMonths);
  const days = delay === undefined ? months : addDelay(today, { count: -delay.count, unit: delay.unit });
  // A day more: the end of a month is reached from several days of another.
  return months > days
    ? addDelay(months, { count: 4, unit: 'day' })
    : addDelay(days, { count: 4, unit: 'day' });
}

/** Whether a delay is longer than the charter's own row of the table: only an instruction can ask for that. */
export const isLongDelay = (kind: OperationFacts['kind'], delay: Delay): boolean =>
  addDelay('2024-01-01', delay) >
  addDelay('2024-01-01', kind === 'one_off' ? afterEnd : { count: anonymiseMonths, unit: 'month' });
