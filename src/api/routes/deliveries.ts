// GET /v1/deliveries and one delivery with its story; replay and cancellation of one.
import type { FastifyInstance } from 'fastify';
import { deliveryStates } from '../../domain/delivery.ts';
import { cancelDelivery, replayDelivery } from '../../support/acts/deliveries.ts';
import {
  countOfFilter,
  deliveriesPage,
  failureGroups,
  mostCounted,
  deliveryPage,
  entryColumns,
  deliveryColumns,
} from '../../support/reads/deliveries.ts';
import { adviceLine } from '../../support/advice.ts';
import { filterSchemas, readFilter } from '../../support/reads/filter.ts';
import { offers, reads, type AskedToRead, type RouteDeps, once, pageByPage } from '../route.ts';
import * as s from '../schemas.ts';

const tag = 'deliveries';
const params = { delivery: s.deliveryName('its number, or its key (`webhook-id`)') };

export function deliveryRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/deliveries',
    id: 'listDeliveries',
    permission: 'delivery.read',
    tag,
    summary: 'Deliveries, newest first',
    description: pageByPage,
    query: { ...filterSchemas, limit: s.limitField, after: s.afterField },
    answer: s.pageOf(deliverySchema),
    work: async ({ query, caller }) =>
      s.pageAnswer(await deliveriesPage(support, caller.holder, readFilter(query), s.pageAsked(query))),
  });
  reads(server, {
    url: '/v1/deliveries/count',
    id: 'countDeliveries',
    permission: 'delivery.read',
    tag,
    summary: 'How many deliveries match',
    description: `Counted up to ${mostCounted}; isMore says that there are more.`,
    query: filterSchemas,
    answer: s.object({ count: s.whole(), isMore: s.flag() }),
    work: ({ query, caller }) => countOfFilter(support, caller.holder, readFilter(query)),
  });
  reads(server, {
    url: '/v1/deliveries/:delivery',
    id: 'getDelivery',
    permission: 'delivery.read',
    tag,
    params,
    summary: 'One delivery: its story in words, in French and English, and its entries of the hand-over log',
    description: 'By its number or its key. A key of a client reads neither names nor reasons of the centre.',
    answer: s.object({
      delivery: deliverySchema,
      recipientReference: s.orNull(s.text('given by the recipient')),
      sentVersion: s.orNull(s.whole('version of the mapping that wrote what was sent')),
      versionInForce: s.orNull(s.whole()),
      replay: s.orNull(s.text('what a replay would do, or why it would be refused; null for a client')),
      isCancellable: s.flag(),
      story: storySchema,
      entries: s.list(entrySchema),
    }),
    work: (asked) => oneDelivery(deps, asked),
  });
  failures(server, deps);
  actsOnOne(server, deps);
}

function failures(server: FastifyInstance, { support }: RouteDeps): void {
  reads(server, {
    url: '/v1/failures',
    id: 'listFailures',
    permission: 'task.read',
    tag: 'work',
    summary: 'Work that needs a person, counted by destination and cause',
    description: 'Groups of deliveries that failed or wait for a decision, with advice.',
    query: { client: filterSchemas.client, destination: filterSchemas.destination },
    answer: s.object({ items: s.list(groupSchema) }),
    work: async ({ query, caller }) => ({
      items: (await failureGroups(support, caller.holder, readFilter(query))).map((group) =>
        s.asJson({
          ...group,
          stateText: s.words(group.stateText),
          text: s.words(group.text),
          advice: group.advice.map(adviceLine).map(s.words),
        }),
      ),
    }),
  });
}

const groupSchema = s.object({
  destination: s.text(),
  state: s.oneOf(deliveryStates),
  reason: s.text(),
  count: s.whole(),
  oldest: s.moment('when the first of them was planned'),
  newest: s.whole('number of the newest of them'),
  stateText: s.bothWords,
  text: s.bothWords,
  advice: s.list(s.bothWords, 'what can be done'),
});

async function oneDelivery({ support }: RouteDeps, { params: named, caller }: AskedToRead): Promise<unknown> {
  const page = await deliveryPage(support, caller.holder, named['delivery'] ?? '');
  const { title, facts, nothingLeft, events, advice, contact } = page.story;
  return s.asJson({
    ...page,
    story: {
      title: s.words(title),
      facts: facts.map(({ name, label, value, because }) => ({
        name,
        label: s.words(label),
        value: s.words(value),
        because: because === undefined ? null : s.words(because),
      })),
      nothingLeft: nothingLeft === undefined ? null : s.words(nothingLeft),
      events: events.map(({ at, entry, words, details }) => ({
        at,
        entry,
        words: s.words(words),
        details: details.map(s.words),
      })),
      advice: advice.map(adviceLine).map(s.words),
      contact: contact ?? null,
    },
  });
}

function actsOnOne(server: FastifyInstance, deps: RouteDeps): void {
  offers(server, deps, replayDelivery, {
    url: '/v1/deliveries/:delivery/replay',
    id: 'replayDelivery',
    tag,
    params,
    summary: 'Send again what has ended, or bring forward the next try of what waits',
    description: `Consent and authorisation are read again before anything leaves. ${once}`,
    answer: s.object({
      delivery: s.whole(),
      done: s.oneOf(['new_run', 'brought_forward', 'looked_at_again']),
      newKey: s.flag('under a new Idempotency-Key to the recipient'),
    }),
    body: (answer) => ({
      delivery: answer.id,
      done: answer.done,
      newKey: answer.done === 'new_run' && answer.newKey,
    }),
  });
  offers(server, deps, cancelDelivery, {
    url: '/v1/deliveries/:delivery/cancel',
    id: 'cancelDelivery',
    tag,
    params,
    summary: 'End a delivery that is not being sent; the lead stays',
    description: once,
    answer: s.object({
      delivery: s.whole(),
      isByHand: s.flag(
        'it carried a right that the recipient has not heard: tell it in writing, then close the task',
      ),
    }),
    body: ({ id, isByHand }) => ({ delivery: id, isByHand }),
  });
}

// Schemas of a delivery, its story and its entries of the log.

export const deliverySchema = s.called('Delivery', s.object(s.schemasOf(deliveryColumns)));

const storySchema = s.called(
  'Story',
  s.object({
    title: s.bothWords,
    facts: s.list(
      s.object({ name: s.text(), label: s.bothWords, value: s.bothWords, because: s.orNull(s.bothWords) }),
    ),
    nothingLeft: s.orNull(s.bothWords),
    events: s.list(
      s.object({ at: s.moment(), entry: s.text(), words: s.bothWords, details: s.list(s.bothWords) }),
    ),
    advice: s.list(s.bothWords, 'what can be done; empty for a client'),
    contact: s.orNull(
      s.text('contact of the client to write to, where its recipient can be informed in no other way'),
    ),
  }),
);

const entrySchema = s.called('LogEntry', s.object(s.schemasOf(entryColumns)));
