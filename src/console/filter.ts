// The filter of deliveries in the address or a form of a page: the same for a list and for what is done with all of it.
// Invariant: a condition that came twice is refused, so that no page shows more than was asked.
import type { FastifyRequest } from 'fastify';
import { filterConditions } from '../domain/delivery-filter.ts';
import { deliveryStates } from '../domain/delivery.ts';
import type { KnownNames } from '../support/reads/names.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import { stateWords } from '../support/words.ts';
import { causeChoice, nameChoice } from './choices.ts';
import { dateBox } from './dates.ts';
import type { Say } from './layout.ts';
import { hidden, input, select } from './parts.ts';
import { refuse } from './refusals.ts';
import { deskWords as words } from './words/desk.ts';

const names = ['client', 'destination', 'state', 'cause', 'lead', 'run', 'from', 'to'] as const;
export type FilterName = (typeof names)[number];
export type AskedFilter = Readonly<Partial<Record<FilterName, string>>>;

/** From the address, or from a form with the address's filter. @throws USAGE-001 for a condition given twice */
export function askedFilter(fields: FastifyRequest['query']): AskedFilter {
  const given = (typeof fields === 'object' && fields !== null ? fields : {}) as Record<string, unknown>;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = given[name];
      // Ignored, it would select every state, or every destination.
      if (Array.isArray(value)) refuse([`« ${name} » est donné deux fois.`, `${name} was given twice.`]);
      const text = typeof value === 'string' ? value.trim().slice(0, 100) : '';
      return text === '' ? [] : [[name, text] as const];
    }),
  );
}

export const queryOf = (asked: AskedFilter): string => new URLSearchParams(asked).toString();

export const carried = (asked: AskedFilter): readonly Html[] =>
  Object.entries(asked).map(([name, value]) => hidden(name, value));

/** Target and conditions of a filter form. */
interface FilterPlace {
  readonly path: string;
  readonly names?: readonly FilterName[];
  /** True for accounts of a client, which choose none. */
  readonly ofClient: boolean;
  readonly known: KnownNames;
}

export function filterForm(
  asked: AskedFilter,
  say: Say,
  { path, names: shown = names, ofClient, known }: FilterPlace,
): Html {
  const boxes = shown.filter((name) => name !== 'client' || !ofClient);
  return html`<form class="line card filters" method="get" action="${path}">
    ${filterBoxes(boxes, asked, known, say)}
    <button>${say(words.filter)}</button> <a href="${path}">${say(words.clear)}</a>
  </form>`;
}

export const filterBoxes = (
  shown: readonly FilterName[],
  asked: AskedFilter,
  known: KnownNames,
  say: Say,
): readonly (Html | undefined)[] =>
  shown.map((name) => {
    const value = asked[name] ?? '';
    const label = say(filterConditions[name].words);
    switch (name) {
      case 'client':
        return nameChoice(name, label, known.clients, { value, none: say(words.any) });
      case 'destination':
        return nameChoice(name, label, known.destinations, { value, none: say(words.anyDestination) });
      case 'state':
        return select(name, label, stateOptions(say), value);
      case 'cause':
        return causeChoice(name, value, say);
      case 'lead':
        return input(name, label, { value, most: 100, optional: true });
      case 'run':
        // Only where it is asked for: the page of the run leads here.
        return value === ''
          ? undefined
          : input(name, label, { value, most: 15, inputmode: 'numeric', optional: true });
      case 'from':
      case 'to':
        return dateBox(name, label, say, { value, optional: true });
    }
  });

const stateOptions = (say: Say): readonly { readonly value: string; readonly text: string }[] => [
  { value: '', text: say(words.any) },
  ...deliveryStates.map((value) => ({ value, text: say(stateWords[value]) })),
];
