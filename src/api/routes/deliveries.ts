// GET /v1/deliveries and one delivery with its story; replay and cancellation of one.
import type { FastifyInstance } from 'fastify';
import { deliveryStates } from '../../domain/delivery.ts';
import { cancelOne, replayOne } from '../../support/acts/deliveries.ts';
import { countOfFilter, deliveriesPage, failureGroups, mostCounted } from '../../support/reads/deliveries.ts';
import { adviceLine } from '../../support/advice.ts';
import { deliveryPage } from '../../support/reads/delivery.ts';
import type { Answer } from '../repeatable.ts';
import { acts, reads, type AskedToRead, type AskedWith, type RouteDeps } from '../route.ts';
import * as s from '../schemas.ts';
import { filterFields, filterOf } from './filter.ts';
import {
  deliverySchema,
  entrySchema,
  replayFlags,
  storySchema,
  type ReplayAsked,
} from './delivery-schemas.ts';

const tag = 'deliveries';
const params = { delivery: s.deliveryName('its number, or its key (`webhook-id`)') };

export function deliveryRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/deliveries',
    permission: 'delivery.read',
    tag,
    summary: 'Deliveries, newest first',
    query: { ...filterFields, limit: s.limitField, after: s.afterField },
    answer: s.pageOf(deliverySchema),
    work: async ({ query, caller }) =>
      s.pageAnswer(await deliveriesPage(support, caller.holder, filterOf(query), s.pageAsked(query))),
  });
  reads(server, {
    url: '/v1/deliveries/count',
    permission: 'delivery.read',
    tag,
    summary: 'How many deliveries match',
    description: `Counted up to ${mostCounted}; isMore says that there are more.`,
    query: filterFields,
    answer: s.object({ count: s.whole(), isMore: s.flag() }),
    work: ({ query, caller }) => countOfFilter(support, caller.holder, filterOf(query)),
  });
  reads(server, {
    url: '/v1/deliveries/:delivery',
    permission: 'delivery.read',
    tag,
    params,
    summary: 'One delivery: its story in words, in French and English, and its entries of the hand-over log',
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
  reads(server, {
    url: '/v1/failures',
    permission: 'task.read',
    tag: 'work',
    summary: 'What needs a person, counted by destination and cause',
    query: { client: filterFields.client, destination: filterFields.destination },
    answer: s.object({ items: s.list(groupSchema) }),
    work: async ({ query, caller }) => ({
      items: (await failureGroups(support, caller.holder, filterOf(query))).map((group) =>
        s.asJson({
          ...group,
          stateText: s.words(group.stateText),
          text: s.words(group.text),
          advice: group.advice.map(adviceLine).map(s.words),
        }),
      ),
    }),
  });
  actsOnOne(server, deps);
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

interface Why {
  readonly reason: string;
}
const why = { reason: s.typed('why: a ticket number') };

function actsOnOne(server: FastifyInstance, deps: RouteDeps): void {
  const actingOf = ({ caller }: AskedWith<Why>) => ({ scope: caller.holder, actor: caller.actor });
  const nameOf = ({ params: named }: AskedWith<Why>): string => named['delivery'] ?? '';
  acts<Why & ReplayAsked>(server, deps, {
    url: '/v1/deliveries/:delivery/replay',
    permission: 'delivery.replay',
    tag,
    params,
    summary: 'Send again what has ended, or bring forward the next try of what waits',
    body: s.request({ ...why, ...replayFlags }, ['reason']),
    answer: s.object({
      delivery: s.whole(),
      done: s.oneOf(['new_run', 'brought_forward', 'looked_at_again']),
      newKey: s.flag('under a new Idempotency-Key to the recipient'),
    }),
    work: async (asked, keep) => {
      const answerOf = (done: Awaited<ReturnType<typeof replayOne>>): Answer => ({
        status: 200,
        body: { delivery: done.id, done: done.done, newKey: done.done === 'new_run' && done.newKey },
      });
      return answerOf(
        await replayOne(deps.support, actingOf(asked), nameOf(asked), asked.body, (tx, done) =>
          keep(tx, answerOf(done)),
        ),
      );
    },
  });
  acts<Why>(server, deps, {
    url: '/v1/deliveries/:delivery/cancel',
    permission: 'delivery.cancel',
    tag,
    params,
    summary: 'End a delivery that is not being sent; the lead stays',
    body: s.request(why, ['reason']),
    answer: s.object({
      delivery: s.whole(),
      isByHand: s.flag(
        'it carried a right that the recipient has not heard: tell it in writing, then close the task',
      ),
    }),
    work: async (asked, keep) => {
      const answerOf = ({ id, isByHand }: Awaited<ReturnType<typeof cancelOne>>): Answer => ({
        status: 200,
        body: { delivery: id, isByHand },
      });
      return answerOf(
        await cancelOne(deps.support, actingOf(asked), nameOf(asked), asked.body, (tx, done) =>
          keep(tx, answerOf(done)),
        ),
      );
    },
  });
}
