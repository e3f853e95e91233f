// Renders a filter in words, for a run or a plan.
// Invariant: a condition that this release does not know is shown as it is; none is left out.
import { filterConditions } from '../domain/delivery-filter.ts';
import { deliveryStates } from '../domain/delivery.ts';
import { html, type Piece } from '../privacy/papers/html.ts';
import { replayFlags } from '../support/acts/deliveries.ts';
import { reasonWords, stateWords, type Both, type Language } from '../support/words.ts';
import { destinationLink } from './labels.ts';
import { sayIn } from './layout.ts';
import { countText, momentText } from './times.ts';
import { deskWords as words } from './words/desk.ts';
import { frame } from './words/frame.ts';

/** By the name of the address, or by that of the filter that a run keeps. */
const labels: Readonly<Record<string, Both>> = {
  ...Object.fromEntries(
    Object.entries(filterConditions).flatMap(([name, { of, words: label }]) => [
      [of, label] as const,
      [name, label] as const,
    ]),
  ),
  lead: words.lead,
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
