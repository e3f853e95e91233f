// GET /v1/events: the feed of events, read on from the reader's last position.
import type { FastifyInstance } from 'fastify';
import { RelaisError } from '../../errors.ts';
import { eventKinds, eventsPage, eventWords, type EventKind } from '../../support/reads/events.ts';
import { reads, type RouteDeps } from '../route.ts';
import * as s from '../schemas.ts';

export function eventRoutes(server: FastifyInstance, { support }: RouteDeps): void {
  reads(server, {
    url: '/v1/events',
    permission: 'event.read',
    tag: 'events',
    summary: 'What happened since the last answer',
    description:
      'Keep `next` and give it back as `after`: each event comes once, in one order, within seconds of what it tells. ' +
      eventKinds.map((kind) => `\`${kind}\`: ${eventWords[kind]}`).join('; ') +
      '.',
    query: {
      after: {
        type: 'string',
        pattern: '^(now|[0-9]{1,15}-[0-9]{1,15})$',
        description: '`next` of the answer before; `now`',
      },
      kinds: { type: 'string', maxLength: 200, description: 'comma between; all where nothing is said' },
      limit: s.limitField,
    },
    answer: s.object({
      items: s.list(
        s.object({
          id: s.whole('the same event has the same number for ever'),
          at: s.moment(),
          kind: s.oneOf(eventKinds),
          client: s.text(),
          destination: s.text(),
          delivery: s.orNull(s.whole()),
          key: s.orNull(s.text('`webhook-id` of what was sent')),
          lead: s.orNull(s.text("the centre's reference")),
          action: s.orNull(s.text()),
          run: s.whole(),
          reason: s.text(),
        }),
      ),
      next: s.text('always there'),
      hasMore: s.flag('ask again at once'),
    }),
    work: async ({ query: { after, kinds, limit }, caller }) =>
      s.asJson(
        await eventsPage(support, caller.holder, {
          ...(after === undefined ? {} : { after }),
          ...(kinds === undefined ? {} : { kinds: kindsOf(kinds) }),
          limit: limit === undefined ? 50 : Number(limit),
        }),
      ),
  });
}

function kindsOf(text: string): readonly EventKind[] {
  const named = text.split(',');
  const known = eventKinds.filter((kind) => named.includes(kind));
  if (known.length !== new Set(named).size)
    throw new RelaisError('USAGE-001', `kinds are of these: ${eventKinds.join(', ')}.`);
  return known;
}
