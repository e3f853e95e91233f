// Computes how long a lead is kept and how it is deleted: the charter's table (C30 to C35). Pure.
// Invariant: every rule gives a civil date of Europe/Paris; the earliest date that applies decides. The last voluntary sign (a
// request, a call in, a form) counts for all requests of the person at that client, which share the mail address or a phone: one
// hop, never further. The five-year cap is each request's own.
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

/**
 * `purge`: deleted, for a one-off operation (C30). `anonymise`: deleted too; the monthly statistics stay (C34).
 */
export type Departing = 'purge' | 'anonymise';

/** The row of the table that gave the date. */
const retentionRules = ['operation_end', 'five_years', 'three_years', 'instruction', 'contract_end'] as const;
export type RetentionRule = (typeof retentionRules)[number];

/** The recorded facts of a client's operation; without a record the lead's own kind decides. */
export interface OperationFacts {
  readonly kind: 'one_off' | 'recurring';
  /** Its last day. */
  readonly endsOn?: CivilDate;
  /** The client's own delay, by a recorded instruction: after the end, or after the last sign. */
  readonly delay?: Delay;
}

export interface RetentionFacts {
  /** The kind that the lead gives. */
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
  /** First day on which it is neither relayed nor replayed (C33); for recurring operations only. */
  readonly inactiveOn: CivilDate | undefined;
  /** Kept more than three years after the last sign, at the client's request: support should know. */
  readonly long: boolean;
  /** A one-off operation without a recorded end: the recurring rules apply until it has one. */
  readonly endMissing: boolean;
}

export const inactiveMonths = 24;
export const anonymiseMonths = 36;
const capYears = 5;
const afterEnd: Delay = { count: 2, unit: 'month' };

/** The day on which a one-off operation is deleted; undefined for a recurring one, or when no end is recorded. */
export const operationGoesOn = ({ kind, endsOn, delay }: OperationFacts): CivilDate | undefined =>
  kind === 'one_off' && endsOn !== undefined ? addDelay(endsOn, delay ?? afterEnd) : undefined;

/** The latest of the signs of a person, the collection of each request included. */
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

/** At the end of the contract everything is deleted on the agreed day, unless its own day comes earlier (C55). */
export const endedWith = (retention: Retention, end: CivilDate | undefined): Retention =>
  end === undefined || retention.goesOn <= end
    ? retention
    : { ...retention, goesOn: end, how: 'purge', rule: 'contract_end', long: false, endMissing: false };

/** True from its date on: it is deleted by that day. */
export const isDue = ({ goesOn }: Pick<Retention, 'goesOn'>, today: CivilDate): boolean => goesOn <= today;

export const isInactive = ({ inactiveOn }: Pick<Retention, 'inactiveOn'>, today: CivilDate): boolean =>
  inactiveOn !== undefined && inactiveOn <= today;

/**
 * The latest collection of a request that can be due on a day: requests collected later are not due, whatever their signs.
 * @param delay the client's own delay
 */
export function collectedBefore(today: CivilDate, delay: Delay | undefined): CivilDate {
  const months = addMonths(today, -anonymiseMonths);
  const days = delay === undefined ? months : addDelay(today, { count: -delay.count, unit: delay.unit });
  // Some days more: the end of a month is reached from several days of another.
  return months > days
    ? addDelay(months, { count: 4, unit: 'day' })
    : addDelay(days, { count: 4, unit: 'day' });
}

/** True when a delay is longer than the charter's own: it needs an instruction. */
export const isLongDelay = (kind: OperationFacts['kind'], delay: Delay): boolean =>
  addDelay('2024-01-01', delay) >
  addDelay('2024-01-01', kind === 'one_off' ? afterEnd : { count: anonymiseMonths, unit: 'month' });
