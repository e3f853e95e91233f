// What the acts of the world share: the gateway, the book, the agenda, and what is done when an event has its turn.
import type { Gateway } from '../../trip/gateway.ts';
import type { Agenda } from './agenda.ts';
import type { Book, Lead } from './book.ts';
import type { Finder } from './figures.ts';
import type { World } from './moved-time.ts';
import { daysAfter, dayOf, type Day } from './plain-rules.ts';

export type Act = () => void | Promise<void>;

export interface Stage {
  readonly gateway: Gateway;
  readonly world: World;
  readonly book: Book;
  readonly find: Finder;
  readonly agenda: Agenda<Act>;
  readonly counts: Map<string, number>;
  readonly nights: Nights;
}

export const count = ({ counts }: Pick<Stage, 'counts'>, what: string): void =>
  void counts.set(what, (counts.get(what) ?? 0) + 1);

/** Nights on which retention runs: every one, or those on which something may happen or must not. */
export interface Nights {
  readonly on: (day: Day) => void;
  /** The day before its leads are due, and the day itself. */
  readonly for: (lead: Lead) => void;
}

/** The first quarter of an hour of a day in winter, the second hour of it in summer. */
export const nightOf = (day: Day): Date => new Date(`${daysAfter(day, -1)}T23:15:00Z`);

export function createNights({
  world,
  book,
  agenda,
  act,
}: Pick<Stage, 'world' | 'book' | 'agenda'> & { readonly act: (day: Day) => Act }): Nights {
  const known = new Set<Day>();
  const on = (day: Day): void => {
    if (known.has(day) || nightOf(day) <= world.now()) return;
    known.add(day);
    agenda.add(nightOf(day), act(day));
  };
  return {
    on,
    for: (lead) => {
      for (const one of book.siblings(lead)) {
        const { goesOn } = book.term(one);
        const tomorrow = daysAfter(dayOf(world.now()), 1);
        on(daysAfter(goesOn, -1));
        on(goesOn < tomorrow ? tomorrow : goesOn);
      }
    },
  };
}
