// Reads the filter of deliveries from a page's address, the same for a list and for the acts on all of it.
// Invariant: an unreadable condition is never ignored and never widens the filter: it is refused with its mistake.
import type { FastifyRequest } from 'fastify';
import { addDays, isCivilDate, startOfDay } from '../domain/civil-date.ts';
import { deliveryStates } from '../domain/delivery.ts';
import type { DeliveryFilter } from '../support/reads/deliveries.ts';
import type { KnownNames } from '../support/reads/names.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import { stateWords, type Both } from '../support/words.ts';
import { causeChoice, nameChoice } from './choices.ts';
import { dateBox } from './dates.ts';
import type { Say } from './layout.ts';
import { hidden, input, select } from './parts.ts';
import { refuse } from './refusals.ts';
import { frame } from './words/frame.ts';
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

/** @throws USAGE-001 */
export function filterOf({
  client,
  destination,
  state,
  cause,
  lead,
  run,
  from,
  to,
}: AskedFilter): DeliveryFilter {
  const known = deliveryStates.find((name) => name === state);
  if (state !== undefined && known === undefined)
    refuse([`« ${state} » n’est pas un état de livraison.`, `${state} is no state of a delivery.`]);
  if (run !== undefined && !/^[1-9]\d{0,14}$/.test(run))
    refuse([`« ${run} » n’est pas le numéro d’un traitement groupé.`, `${run} is no number of a bulk run.`]);
  for (const date of [from, to])
    if (date !== undefined && !isCivilDate(date))
      refuse([
        `« ${date} » n’est pas une date telle que 2026-11-28.`,
        `${date} is no date such as 2026-11-28.`,
      ]);
  return {
    ...(client === undefined ? {} : { client }),
    ...(destination === undefined ? {} : { destination }),
    ...(known === undefined ? {} : { state: known }),
    ...(cause === undefined ? {} : { reason: cause }),
    ...(lead === undefined ? {} : { lead }),
    ...(run === undefined ? {} : { bulkRun: Number(run) }),
    ...(from === undefined ? {} : { since: startOfDay(from) }),
    // The named day is included.
    ...(to === undefined ? {} : { until: startOfDay(addDays(to, 1)) }),
  };
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
  const box = (name: FilterName): Html | undefined => {
    if (!shown.includes(name) || (name === 'client' && ofClient)) return undefined;
    const value = asked[name] ?? '';
    const label = say(filterLabels[name]);
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
        return runBox(asked, say);
      case 'from':
      case 'to':
        return dateBox(name, label, say, { value, optional: true });
    }
  };
  return html`<form class="line card filters" method="get" action="${path}">
    ${names.map(box)}
    <button>${say(words.filter)}</button> <a href="${path}">${say(words.clear)}</a>
  </form>`;
}

/** Only with a run in the address: it is reached from the page of the run. */
export const runBox = ({ run }: AskedFilter, say: Say): Html | undefined =>
  run === undefined
    ? undefined
    : input('run', say(words.run), { value: run, most: 15, inputmode: 'numeric', optional: true });

const stateOptions = (say: Say): readonly { readonly value: string; readonly text: string }[] => [
  { value: '', text: say(words.any) },
  ...deliveryStates.map((value) => ({ value, text: say(stateWords[value]) })),
];

const filterLabels: Readonly<Record<FilterName, Both>> = {
  client: words.client,
  destination: words.destination,
  state: frame.state,
  cause: frame.cause,
  lead: words.leadReference,
  run: words.run,
  from: words.from,
  to: words.to,
};
