// The charter's rules on time as plain sentences, written from the charter alone: C16b, C30 to C33, GDPR article 12(3).
// Invariant: nothing of src is imported here: whoever judges the product must not reckon with its own sums.

/** 2027-03-15, as the wall of an office in Paris has it. */
export type Day = string;

const paris = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' });
export const dayOf = (at: Date): Day => paris.format(at);

const parts = (day: Day): [year: number, month: number, day: number] =>
  day.split('-').map(Number) as [number, number, number];
const written = (year: number, month: number, day: number): Day =>
  [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const lengthOf = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/** The same day so many months later; the last of a month that is too short for it. */
export function monthsAfter(day: Day, months: number): Day {
  const [year, month, date] = parts(day);
  const count = year * 12 + (month - 1) + months;
  const [inYear, inMonth] = [Math.floor(count / 12), (count % 12) + 1];
  return written(inYear, inMonth, Math.min(date, lengthOf(inYear, inMonth)));
}

export function daysAfter(day: Day, days: number): Day {
  const [year, month, date] = parts(day);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}

export interface OperationRule {
  readonly kind: 'one_off' | 'recurring';
  readonly endsOn?: Day;
  /** What an instruction says instead of the charter. */
  readonly delayDays?: number;
  readonly delayMonths?: number;
}

export interface RequestFacts {
  readonly kind: 'one_off' | 'recurring';
  readonly operation: OperationRule | undefined;
  readonly collectedAt: Date;
  /** The last thing the person wanted, in any of their requests. */
  readonly lastSign: Date;
}

export interface Term {
  /** Gone when this day begins. */
  readonly goesOn: Day;
  readonly how: 'purged' | 'anonymised';
  /** What said so. */
  readonly why: 'the end of its operation' | 'an instruction' | 'the fifth 1 January' | 'its last sign';
  /** Not relayed from this day on. */
  readonly inactiveOn: Day | undefined;
}

const laterBy = (day: Day, { delayDays, delayMonths }: OperationRule): Day =>
  delayDays === undefined ? monthsAfter(day, delayMonths ?? 0) : daysAfter(day, delayDays);

/** C30-C33, C35. */
export function termOf({ kind, operation, collectedAt, lastSign }: RequestFacts): Term {
  const isAsked = operation?.delayDays !== undefined || operation?.delayMonths !== undefined;
  if (operation?.kind === 'one_off' && operation.endsOn !== undefined)
    return {
      goesOn: isAsked ? laterBy(operation.endsOn, operation) : monthsAfter(operation.endsOn, 2),
      how: 'purged',
      why: isAsked ? 'an instruction' : 'the end of its operation',
      inactiveOn: undefined,
    };
  const sign = dayOf(lastSign);
  const fifth = written(Number(dayOf(collectedAt).slice(0, 4)) + 5, 1, 1);
  const byOwn = operation?.kind === 'recurring' && isAsked ? operation : undefined;
  const bySign = byOwn === undefined ? monthsAfter(sign, 36) : laterBy(sign, byOwn);
  return {
    goesOn: fifth < bySign ? fifth : bySign,
    why: fifth < bySign ? 'the fifth 1 January' : byOwn === undefined ? 'its last sign' : 'an instruction',
    how: (operation?.kind ?? kind) === 'one_off' ? 'purged' : 'anonymised',
    inactiveOn: monthsAfter(sign, 24),
  };
}

/** C16b: a yes on the phone ends when it says, and after 365 days at the latest. */
export function phoneYesEnds(givenAt: Date, validUntil: Date | undefined): Date {
  const year = new Date(givenAt.getTime() + 365 * 24 * 3_600_000);
  return validUntil === undefined || validUntil > year ? year : validUntil;
}

/** The last day of a demand's term: one month, three when it was extended. */
export const lastDayOf = (receivedAt: Date, isExtended: boolean): Day =>
  monthsAfter(dayOf(receivedAt), isExtended ? 3 : 1);
