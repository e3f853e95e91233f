// Lives in which a promise is at stake that chance seldom brings about: a few of each in every script, each by itself, told in order.
// Invariant: their persons share an address with nobody else; each holds a bug to plant up to the light (docs/faults.md).
import type { Random } from '../faults/random.ts';
import type { Demand } from './book.ts';
import {
  mailOf,
  mobileOf,
  slotOf,
  type Answer,
  type DemandPlan,
  type ScriptOptions,
  type Write,
} from './events.ts';
import { daysAfter, type Day } from './plain-rules.ts';
import type { OneOff } from './script-operations.ts';

interface Asked {
  /** When it is handed in. */
  readonly on: Day;
  /** On that day when absent. */
  readonly collectedOn?: Day;
  readonly operation?: OneOff;
  readonly phoneUntil?: Day;
}

interface Story {
  /** It begins on this day, and has three years. */
  readonly day: Day;
  readonly random: Random;
  readonly operations: readonly OneOff[];
  readonly write: Write;
  /** One more request of the person, with a yes to mails. Returns its reference. */
  readonly asks: (asked: Asked) => string;
  readonly demands: (on: Day, kind: Demand['kind'], plan: DemandPlan) => void;
}

const stories: readonly ((story: Story) => void)[] = [
  // Who objected, and whose leads are erased: a request from before comes in late, and the list alone remembers.
  ({ day, asks, demands }) => {
    asks({ on: day });
    demands(daysAfter(day, 10), 'objection', { apply: 0, acknowledge: 5, inform: 6, close: 10 });
    demands(daysAfter(day, 40), 'erasure', { apply: 0, acknowledge: 3, inform: 4, close: 8 });
    asks({ on: daysAfter(day, 60), collectedOn: daysAfter(day, 5) });
  },
  // Rows of an old export: the operation is long over; or nobody gave a sign for more than three years.
  ({ day, random, operations, asks }) => {
    const operation = random.pick(operations);
    asks({
      ...{
        on: daysAfter(operation.endsOn, 240 + random.between(0, 100)),
        collectedOn: operation.from,
        operation,
      },
    });
    asks({ on: day, collectedOn: daysAfter(day, -random.between(1_100, 1_800)) });
  },
  // Restricted when the yes by phone ends: told once it is lifted.
  ({ day, asks, demands }) => {
    asks({ on: day, phoneUntil: daysAfter(day, 100) });
    demands(daysAfter(day, 30), 'restriction', { apply: 1, acknowledge: 3, inform: 4, close: 8, lift: 200 });
  },
  // Taken back in the second request: it holds for the first.
  ({ day, write, asks }) => {
    asks({ on: day });
    const reference = asks({ on: daysAfter(day, 20) });
    write(daysAfter(day, 40), {
      ...{ do: 'consent', reference, answer: { channel: 'email', state: 'withdrawn' } },
    });
  },
  // Erased; one recipient is asked in writing, and somebody would close the request before it has answered.
  ({ day, asks, demands }) => {
    asks({ on: day });
    demands(daysAfter(day, 20), 'erasure', { apply: 2, inform: 3, tryClose: 6, acknowledge: 15, close: 20 });
  },
  // Of an operation that ends, with a refused row beside the lead.
  ({ random, operations, write, asks }) => {
    const operation = random.pick(operations);
    const reference = asks({ on: daysAfter(operation.from, 1), operation });
    write(daysAfter(operation.from, 20), {
      ...{ do: 'malformed', reference, isOfOperation: false },
      spelling: random.pick(['as given', 'national', 'in a comment'] as const),
    });
  },
];

/** Two of each at least, and of more persons one of ten. */
export function tellStories(
  {
    persons,
    start,
    years,
    operations,
  }: Pick<ScriptOptions, 'persons' | 'start' | 'years'> & { readonly operations: readonly OneOff[] },
  random: Random,
  write: Write,
): void {
  const last = Math.max(1, (years - 4) * 365);
  const many = Math.max(2 * stories.length, Math.floor(persons / 10));
  for (let number = 0; number < many; number += 1) {
    const day = daysAfter(start, 20 + random.between(0, last));
    stories[number % stories.length]?.(storyOf(persons + number, { day, random, operations, write }));
  }
}

function storyOf(person: number, base: Pick<Story, 'day' | 'random' | 'operations' | 'write'>): Story {
  const addresses = { email: mailOf(person), mobile: mobileOf(person) };
  let many = 0;
  return {
    ...base,
    asks: ({ on, collectedOn = on, operation, phoneUntil }) => {
      many += 1;
      const reference = `S${person}-${many}`;
      const phone: Answer =
        phoneUntil === undefined
          ? { channel: 'phone', state: 'not_asked' }
          : { channel: 'phone', state: 'granted', validUntil: slotOf(phoneUntil) };
      base.write(on, {
        ...{ do: 'lead', reference, addresses, kind: operation === undefined ? 'recurring' : 'one_off' },
        ...(operation === undefined ? {} : { operation: operation.code }),
        collectedAt: new Date(slotOf(collectedOn).getTime() - 5 * 60_000),
        answers: [{ channel: 'email', state: 'granted' }, phone],
      });
      return reference;
    },
    demands: (on, kind, plan) => base.write(on, { do: 'demand', kind, addresses, plan }),
  };
}
