// Ten years of one client as a list of events: persons who ask once or often, share mails and phones, consent, and use their rights.
// Invariant: the same seed writes the same script; whatever depends on what the product did is decided when an event has its turn.
import { seeded, type Random } from '../faults/random.ts';
import type { Channel, Demand } from './book.ts';
import { daysAfter, type Day } from './plain-rules.ts';

export interface Addresses {
  readonly email?: string;
  readonly mobile?: string;
  readonly landline?: string;
}

export interface Answer {
  readonly channel: Channel;
  readonly state: 'granted' | 'refused' | 'not_asked' | 'withdrawn';
  readonly validUntil?: Date;
}

/** Days after the demand came in; absent: it never happens. */
export interface DemandPlan {
  readonly apply: number;
  readonly acknowledge?: number;
  readonly inform?: number;
  readonly close?: number;
  /** Somebody tries to close it on this day, too early as likely as not. */
  readonly tryClose?: number;
  readonly lift?: number;
}

export type Event =
  | {
      readonly do: 'lead';
      readonly reference: string;
      readonly collectedAt: Date;
      readonly kind: 'one_off' | 'recurring';
      readonly operation?: string;
      readonly addresses: Addresses;
      readonly answers: readonly Answer[];
    }
  | {
      readonly do: 'interaction';
      readonly reference: string;
      readonly kind: string;
      readonly isWanted: boolean;
    }
  | { readonly do: 'consent'; readonly reference: string; readonly answer: Answer }
  | {
      readonly do: 'operation';
      readonly code: string;
      readonly kind: 'one_off' | 'recurring';
      readonly endsOn?: Day;
      readonly delayDays?: number;
      readonly delayMonths?: number;
      readonly isLater?: boolean;
    }
  | {
      readonly do: 'demand';
      readonly kind: Demand['kind'];
      readonly addresses: Addresses;
      readonly plan: DemandPlan;
    }
  | { readonly do: 'replay'; readonly reference: string };

export type Timed = Event & { readonly at: Date };

export interface ScriptOptions {
  readonly seed: number;
  readonly persons: number;
  readonly start: Day;
  readonly years: number;
  /** This part of the persons use a right. */
  readonly rights: number;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** What comes in comes at this time of the day. */
const slotOf = (day: Day): Date => new Date(`${day}T10:00:00Z`);

export function writeScript(options: ScriptOptions): readonly Timed[] {
  const random = seeded(options.seed);
  const events: Timed[] = [];
  const write = (day: Day, event: Event): void => void events.push({ ...event, at: slotOf(day) });
  const operations = writeOperations(options, random, write);
  for (let person = 0; person < options.persons; person += 1)
    live({ person, options, random, write, operations });
  return events;
}

type Write = (day: Day, event: Event) => void;

interface OneOff {
  readonly code: string;
  readonly from: Day;
  readonly endsOn: Day;
}

/** One one-off operation every half year, with ends where months are short; and two recurring ones with delays of their own. */
function writeOperations({ start, years }: ScriptOptions, random: Random, write: Write): readonly OneOff[] {
  write(start, { do: 'operation', code: 'REC-18', kind: 'recurring', delayMonths: 18 });
  write(start, { do: 'operation', code: 'REC-48', kind: 'recurring', delayMonths: 48 });
  const made: OneOff[] = [];
  for (let number = 0; number < years * 2 - 2; number += 1) {
    const from = daysAfter(start, 5 + number * 183);
    const endsOn = random.pick([
      daysAfter(from, 60 + random.between(0, 60)),
      `${from.slice(0, 4)}-12-31`,
      `${Number(from.slice(0, 4)) + 1}-02-28`,
    ]);
    const code = `OP-${number}`;
    const delay = random.pick([{}, {}, { delayDays: 15 }, { delayMonths: 6 }]);
    // Some ends are recorded when the operation is long over.
    const recorded = random.next() < 0.7 ? daysAfter(from, -3) : daysAfter(endsOn > from ? endsOn : from, 20);
    write(recorded, { do: 'operation', code, kind: 'one_off', endsOn, ...delay });
    if (random.next() < 0.2)
      write(daysAfter(recorded, 30), {
        do: 'operation',
        code,
        kind: 'one_off',
        endsOn: daysAfter(endsOn, 40),
        ...delay,
        isLater: true,
      });
    if (endsOn > from) made.push({ code, from, endsOn });
  }
  return made;
}

interface Life {
  readonly person: number;
  readonly options: ScriptOptions;
  readonly random: Random;
  readonly write: Write;
  readonly operations: readonly OneOff[];
}

/** Invented numbers of the reserved ranges: ten thousand mobiles, ten thousand landlines. */
const mobileOf = (person: number): string => `+3363998${String(person).padStart(4, '0')}`;
const landlineOf = (person: number): string => `+3319900${String(person).padStart(4, '0')}`;
const mailOf = (person: number, more = ''): string => `personne-${person}${more}@courriel.example`;

/** What a person gives this time: all of it, or the phone alone, or another mail; a household shares its landline, some a mail. */
function addressesOf({ person, random }: Pick<Life, 'person' | 'random'>): Addresses {
  const mobile = mobileOf(person);
  const way = random.next();
  const mail = person % 9 === 4 ? mailOf(person - 1) : mailOf(person);
  const landline = person % 4 < 2 ? { landline: landlineOf(person - (person % 2)) } : {};
  if (way < 0.15) return { mobile };
  if (way < 0.25) return { email: mailOf(person, '-bis'), ...landline };
  if (way < 0.35) return { email: mail };
  return { email: mail, mobile, ...landline };
}

function live(life: Life): void {
  const { person, options, random } = life;
  const { start, years } = options;
  const count = random.pick([1, 1, 1, 1, 2, 2, 2, 3, 3, 5]);
  let day = daysAfter(start, 15 + random.between(0, (years - 1) * 365));
  const end = daysAfter(start, years * 365 - 60);
  const given: { readonly reference: string; readonly day: Day; readonly addresses: Addresses }[] = [];
  for (let number = 0; number < count && day < end; number += 1) {
    const reference = `P${person}-${number}`;
    const addresses = addressesOf(life);
    asks(life, { reference, day, addresses });
    given.push({ reference, day, addresses });
    day = daysAfter(day, random.pick([20, 200, 400, 700, 900, 1_090, 1_200]) + random.between(0, 40));
  }
  if (random.next() >= options.rights) return;
  const about = random.pick(given);
  demands(life, { day: daysAfter(about.day, random.between(1, 500)), addresses: about.addresses });
  if (random.next() < 0.3)
    demands(life, { day: daysAfter(about.day, 520 + random.between(0, 500)), addresses: about.addresses });
}

interface Request {
  readonly reference: string;
  readonly day: Day;
  readonly addresses: Addresses;
}

/** Most leads come in at once; some weeks late, some as history of two years and more, some from about midnight. */
function collectedBefore(random: Random): { readonly days: number; readonly minutes: number } {
  const way = random.next();
  if (way < 0.1) return { days: 1 + random.between(0, 30), minutes: 5 };
  if (way < 0.13) return { days: 720 + random.between(0, 360), minutes: 5 };
  if (way < 0.2) return { days: 0, minutes: 630 + random.between(0, 90) };
  return { days: 0, minutes: 5 };
}

function asks({ random, write, operations }: Life, { reference, day, addresses }: Request): void {
  const before = collectedBefore(random);
  const collectedAt = new Date(slotOf(day).getTime() - before.days * dayMs - before.minutes * minuteMs);
  const running = operations.filter(({ from, endsOn }) => from <= day && day <= daysAfter(endsOn, 10));
  const way = random.next();
  const { code } = running.length > 0 && way < 0.4 ? random.pick(running) : { code: undefined };
  const recurring = way > 0.85 ? { operation: way > 0.93 ? 'REC-48' : 'REC-18' } : {};
  const operation = code === undefined ? recurring : { operation: code };
  write(day, {
    do: 'lead',
    reference,
    collectedAt,
    kind: code === undefined ? 'recurring' : 'one_off',
    ...operation,
    addresses,
    answers: [answerFor('email', random, collectedAt), answerFor('phone', random, collectedAt)],
  });
  const later = (from: number, to: number): Day => daysAfter(day, random.between(from, to));
  if (random.next() < 0.25)
    write(later(1, 900), { do: 'interaction', reference, kind: 'inbound_call', isWanted: true });
  if (random.next() < 0.25)
    write(later(1, 900), { do: 'interaction', reference, kind: 'email_sent', isWanted: false });
  if (random.next() < 0.2)
    write(later(300, 364), { do: 'consent', reference, answer: renewed(random, later(365, 700)) });
  if (random.next() < 0.06)
    write(later(1, 300), {
      do: 'consent',
      reference,
      answer: { channel: random.pick(['email', 'phone']), state: 'withdrawn' },
    });
  if (random.next() < 0.15) write(later(600, 1_000), { do: 'replay', reference });
}

function answerFor(channel: Channel, random: Random, collectedAt: Date): Answer {
  const state = random.pick(['granted', 'granted', 'granted', 'refused', 'not_asked'] as const);
  if (state !== 'granted' || channel === 'email' || random.next() < 0.5) return { channel, state };
  return { channel, state, validUntil: new Date(collectedAt.getTime() + random.between(30, 365) * dayMs) };
}

const renewed = (random: Random, until: Day): Answer =>
  random.next() < 0.5
    ? { channel: 'phone', state: 'granted' }
    : { channel: 'phone', state: 'granted', validUntil: slotOf(until) };

const kinds = [
  'access',
  'rectification',
  'erasure',
  'erasure',
  'objection',
  'objection',
  'restriction',
  'restriction',
  'withdrawal',
  'portability',
] as const;

function demands({ random, write }: Life, { day, addresses }: Omit<Request, 'reference'>): void {
  const apply = random.between(0, 20);
  const acknowledge = apply + random.between(1, 25);
  const inform = apply + random.between(0, 30);
  const close = Math.max(acknowledge, inform) + random.between(0, 20);
  const isEnded = random.next() < 0.85;
  write(day, {
    do: 'demand',
    kind: random.pick(kinds),
    addresses,
    plan: {
      apply,
      ...(random.next() < 0.9 ? { acknowledge } : {}),
      ...(random.next() < 0.9 ? { inform } : {}),
      ...(isEnded ? { close } : {}),
      ...(random.next() < 0.5 ? { tryClose: random.between(0, close) } : {}),
      ...(random.next() < 0.7 ? { lift: apply + 1 + random.between(0, 900) } : {}),
    },
  });
}
