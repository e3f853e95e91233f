// Which deliveries a page means: fields of its address, the same for a list and for what is done with all of it.
// Invariant: an address that cannot be read filters nothing away silently, nor does it mean more than was asked: it is told what is
// wrong with it.
import type { FastifyRequest } from 'fastify';
import { addDays, isCivilDate, startOfDay } from '../domain/civil-date.ts';
import { deliveryStates } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import type { DeliveryFilter } from '../support/reads/deliveries.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import { stateWords } from '../support/words.ts';
import type { Say } from './layout.ts';
import { hidden, input, select } from './parts.ts';
import { frame } from './words/frame.ts';
import { deskWords as words } from './words/desk.ts';

const names = ['client', 'destination', 'state', 'cause', 'lead', 'from', 'to'] as const;
export type AskedFilter = Readonly<Partial<Record<(typeof names)[number], string>>>;

/** As it stands in the address, or in a form that carries it on. @throws USAGE-001 for a condition that came twice */
export function askedFilter(fields: FastifyRequest['query']): AskedFilter {
  const given = (typeof fields === 'object' && fields !== null ? fields : {}) as Record<string, unknown>;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = given[name];
      // Read as none, it would mean every state, or every destination.
      if (Array.isArray(value)) wrong(`${name} was given twice.`);
      const text = typeof value === 'string' ? value.trim().slice(0, 100) : '';
      return text === '' ? [] : [[name, text] as const];
    }),
  );
}

/** @throws USAGE-001 */
export function filterOf({ client, destination, state, cause, lead, from, to }: AskedFilter): DeliveryFilter {
  const known = deliveryStates.find((name) => name === state);
  if (state !== undefined && known === undefined) wrong(`${state} is no state of a delivery.`);
  for (const date of [from, to])
    if (date !== undefined && !isCivilDate(date)) wrong(`${date} is no date such as 2026-11-28.`);
  return {
    ...(client === undefined ? {} : { client }),
    ...(destination === undefined ? {} : { destination }),
    ...(known === undefined ? {} : { state: known }),
    ...(cause === undefined ? {} : { reason: cause }),
    ...(lead === undefined ? {} : { lead }),
    ...(from === undefined ? {} : { since: startOfDay(from) }),
    // The day that was named belongs to it.
    ...(to === undefined ? {} : { until: startOfDay(addDays(to, 1)) }),
  };
}

function wrong(message: string): never {
  throw new RelaisError('USAGE-001', message);
}

export const queryOf = (asked: AskedFilter): string => new URLSearchParams(asked).toString();

export const carried = (asked: AskedFilter): readonly Html[] =>
  Object.entries(asked).map(([name, value]) => hidden(name, value));

export function filterForm(asked: AskedFilter, say: Say, ofClient: boolean): Html {
  const optional = { optional: true } as const;
  const box = (name: (typeof names)[number], label: string, type = 'text'): Html =>
    input(name, label, { ...optional, type, value: asked[name] ?? '', most: 100 });
  const states = [
    { value: '', text: say(words.any) },
    ...deliveryStates.map((value) => ({ value, text: say(stateWords[value]) })),
  ];
  return html`<form class="line card filters" method="get" action="/deliveries">
    ${ofClient ? undefined : box('client', say(words.client))} ${box('destination', say(words.destination))}
    ${select('state', say(frame.state), states, asked.state ?? '')} ${box('cause', say(words.cause))}
    ${box('lead', say(words.lead))} ${box('from', say(words.from), 'date')}
    ${box('to', say(words.to), 'date')}
    <button>${say(words.filter)}</button> <a href="/deliveries">${say(words.clear)}</a>
  </form>`;
}
