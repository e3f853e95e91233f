// Lets a client without an endpoint fetch its leads and acknowledge them.
// Invariant: the content is the mapping's own bytes, embedded unchanged; it is kept nowhere for a second answer.
import type { FastifyInstance } from 'fastify';
import type { AccessPlace } from '../../access/place.ts';
import { perform } from '../../support/acts/act.ts';
import {
  answerLeads,
  leaseLeads,
  leaseNameOf,
  openPulling,
  type Fetched,
  type Leased,
  type PullPlace,
} from '../../support/acts/pull.ts';
import { bodyOf, offers } from '../act.ts';
import { asks } from '../route.ts';
import * as s from '../schemas.ts';

export interface PullDeps {
  readonly access: AccessPlace;
  readonly support: PullPlace;
}

const itemSchema = s.object({
  key: s.text('of the delivery, the same every time it is given: know it again by this'),
  lease: s.text('to be given back with the answer'),
  action: s.oneOf(['create', 'update', 'erase']),
  lead: s.text("the centre's reference"),
  reference: s.orNull(s.text('yours, as you gave it when you took the lead')),
  idempotencyKey: s.text('another one after a refusal only'),
  again: s.flag('you were given it before, and may have it'),
  content: { description: 'as the mapping writes it, the opt-in in it; null where nothing is written' },
});

const params = { destination: s.destinationName('name of your destination') };

export function pullRoutes(server: FastifyInstance, { access, support }: PullDeps): void {
  const place = openPulling(support);
  asks<object>(server, {
    url: '/v1/pull/:destination',
    permission: leaseLeads.permission,
    tag: 'pull',
    params,
    summary: 'Fetch what is due',
    description:
      'Leased to the caller until `until`: nobody else is given it. What is not answered for by then is given again under the same key.',
    body: bodyOf(leaseLeads),
    answer: s.object({
      until: s.moment(),
      reason: s.text('why nothing leaves at present; empty otherwise'),
      items: s.list(itemSchema),
    }),
    work: async ({ params: { destination = '' }, body: input, caller: { holder, actor } }) => {
      const by = { scope: holder, actor };
      const leased = await perform(place, leaseLeads, by, { to: [destination], input });
      // A lead whose process froze before answering is given again.
      return textOf(leased.runs() ? leased : { ...leased, items: [] });
    },
  });
  offers(server, { access, support: place }, answerLeads, {
    url: '/v1/pull/:destination/answers',
    tag: 'pull',
    params,
    summary: 'Say what was taken, refused or given back',
    description:
      'Each is answered by itself: `recorded`; `already` (it was, before); `late` (its lease was over, and it is given again); `unknown` (never given under that lease).',
    isKeyOptional: true,
    answer: s.object({
      items: s.list(s.object({ key: s.text(), state: s.oneOf(['recorded', 'already', 'late', 'unknown']) })),
    }),
    body: (items) => ({ items }),
  });
}

/** Written by hand: parsed and serialised again, the content would differ from the bytes whose digest is in the log. */
function textOf({ items, until, reason }: Leased): string {
  const all = items.map((item) => itemText(item)).join(',');
  return `{"until":${JSON.stringify(until)},"reason":${JSON.stringify(reason)},"items":[${all}]}`;
}

function itemText({ row, reference, idempotencyKey, body }: Fetched): string {
  const facts = JSON.stringify({
    key: row.key,
    lease: leaseNameOf(row),
    action: row.action,
    lead: reference,
    reference: row.knownReference ?? null,
    idempotencyKey,
    again: row.departures > 0,
  });
  const content = body.bytes.byteLength === 0 ? 'null' : Buffer.from(body.bytes).toString('utf8');
  return `${facts.slice(0, -1)},"content":${content}}`;
}
