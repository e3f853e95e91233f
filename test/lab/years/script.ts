// Ten years of one client as a list of events: persons who ask once or often, share mails and phones, consent, and use their rights.
// Invariant: the same seed writes the same script; whatever depends on what the product did is decided when an event has its turn.
import { seeded, type Random } from '../faults/random.ts';
import type { Channel } from './book.ts';
import {
  landlineOf,
  mailOf,
  mobileOf,
  slotOf,
  type Addresses,
  type Answer,
  type Event,
  type ScriptOptions,
  type Timed,
  type Write,
} from './events.ts';
import { daysAfter, type Day } from './plain-rules.ts';
import { writeOperations, type OneOff } from './script-operations.ts';
import { tellStories } from './stories.ts';

/** So long the gateway of this world keeps refused rows: what a person who goes leaves behind in them is seen. */
export const refusedDays = 400;

const dayMs = 86_400_000;
const minuteMs = 60_000;

export function writeScript(options: ScriptOptions): readonly Timed[] {
  const random = seeded(options.seed);
  // Of its own: what is added there leaves the other lives as they are.
  const more = seeded(options.seed + 7);
  const events: Timed[] = [];
  const write = (day: Day, event: Event): void => void events.push({ ...event, at: slotOf(day) });
  const operations = writeOperations(options, random, write);
  for (let person = 0; person < options.persons; person += 1)
    live({ person, options, random, more, write, operations });
  tellStories({ ...options, operations }, seeded(options.seed + 8), write);
  return events;
}

interface Life {
  readonly person: number;
  readonly options: ScriptOptions;
  readonly random: Random;
  readonly more: Random;
  readonly write: Write;
  readonly operations: readonly OneOff[];
}

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
    blunders(life, { reference, day });
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

/** A row of the same person that the contract refuses; none so late that it could be there when all is over. */
function blunders(
  { options: { start, years }, more, write }: Life,
  { reference, day }: Pick<Request, 'reference' | 'day'>,
): void {
  const on = daysAfter(day, more.between(1, 600));
  const event: Event = {
    ...{ do: 'malformed', reference, isOfOperation: more.next() < 0.3 },
    spelling: more.pick(['as given', 'national', 'in a comment'] as const),
  };
  if (more.next() < 0.2 && on < daysAfter(start, years * 365 - refusedDays - 20)) write(on, event);
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
