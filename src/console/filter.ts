// The filter of deliveries on a page: read from its address or form, its boxes, its words.
// Invariant: a condition that came twice is refused, so that no page shows more than was asked.
import type { FastifyRequest } from 'fastify';
import { filterConditions } from '../domain/delivery-filter.ts';
import { deliveryStates } from '../domain/delivery.ts';
import type { KnownNames } from '../support/reads/filter.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { stateWords, reasonWords, type Both, type Language } from '../support/words.ts';
import { causeChoice, nameChoice, dateBox, hidden, input, select } from './parts.ts';
import { sayIn, type Say } from './gate.ts';
import { refuse } from './refused.ts';
import { deskWords as words } from './words/desk.ts';
import { replayFlags } from '../support/acts/deliveries.ts';
import { destinationLink, countText, momentText } from './labels.ts';
import { frame } from './words/frame.ts';

const names = ['client', 'destination', 'state', 'cause', 'lead', 'run', 'from', 'to'] as const;
type FilterName = (typeof names)[number];
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
        return nameChoice(name, label, known.clients, { value, none: say(frame.all) });
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
  { value: '', text: say(frame.all) },
  ...deliveryStates.map((value) => ({ value, text: say(stateWords[value]) })),
];

// Renders a filter in words, for a run or a plan.
// Invariant: a condition that this release does not know is shown as it is; none is left out.

/** By the name of the address, or by that of the filter that a run keeps. */
const labels: Readonly<Record<string, Both>> = {
  ...Object.fromEntries(
    Object.entries(filterConditions).flatMap(([name, { of, words: label }]) => [
      [of, label] as const,
      [name, label] as const,
    ]),
  ),
  lead: frame.lead,
  open: words.onlyOpen,
  ...Object.fromEntries(Object.entries(replayFlags).map(([name, flag]) => [name, flag.words])),
  deliveries: frame.deliveries,
};
const mostListed = 20;

/** @param filter from the address, or as a run keeps it */
export const filterFacts = (
  filter: Readonly<Record<string, unknown>>,
  language: Language,
): readonly (readonly [Piece, Piece])[] =>
  Object.entries(filter).map(([name, value]) => [
    sayIn(language)(labels[name] ?? [name, name]),
    valueText(name, value, language),
  ]);

function valueText(name: string, value: unknown, language: Language): Piece {
  const say = sayIn(language);
  if (Array.isArray(value)) return namedDeliveries(value, language);
  if (value === true) return say(words.yes);
  if ((name === 'run' || name === 'bulkRun') && /^\d{1,15}$/.test(String(value)))
    return html`<a href="/runs/${String(value)}">${String(value)}</a>`;
  if (typeof value !== 'string') return JSON.stringify(value);
  if (name === 'destination') return destinationLink(value);
  const state = deliveryStates.find((known) => known === value);
  if (name === 'state' && state !== undefined) return say(stateWords[state]);
  if (name === 'cause' || name === 'reason')
    return html`${say(reasonWords(value))} <span class="quiet code">${value}</span>`;
  return momentText(value, language);
}

/** By number or by key, as given. */
function namedDeliveries(all: readonly unknown[], language: Language): Piece {
  const names = all.slice(0, mostListed).map(String);
  return html`${countText(all.length, language)} :
  ${names.map((name) => html`<a href="/deliveries/${encodeURIComponent(name)}">${name}</a> `)}${all.length > mostListed ? '…' : ''}`;
}
