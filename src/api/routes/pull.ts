// Lets a client without an endpoint fetch its leads and acknowledge them; the centre's earlier public API of contacts.
// Invariant: the content is the mapping's own bytes, embedded unchanged; it is kept nowhere for a second answer.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccessPlace } from '../../access/place.ts';
import { perform, type By } from '../../support/acts/act.ts';
import {
  answerLeads,
  isDeliveryKey,
  leaseLeads,
  leaseNameOf,
  openPulling,
  programmesOf,
  pullContacts,
  readContacts,
  type Answered,
  type Fetched,
  type Leased,
  type PullPlace,
  type Pulling,
  type Pulled,
} from '../../support/acts/pull.ts';
import { judgedItems, itemByItem } from '../each-item.ts';
import { acts, asks, bodyOf } from '../route.ts';
import * as s from '../schemas.ts';
import { callerFor } from '../callers.ts';
import type { ItemRefusal } from '../problems.ts';

interface PullDeps {
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

const answeredSchema = s.request(
  {
    key: s.text('empty where an invalid item has none'),
    state: s.oneOf(['recorded', 'already', 'late', 'unknown', 'invalid']),
    refusal: s.object({
      code: s.text('of the catalogue of errors'),
      detail: s.text(),
      remedy: s.text('what to do'),
      errors: s.list(s.object({ pointer: s.text('place in the request'), detail: s.text() })),
    }),
  },
  ['key', 'state'],
);

const params = { destination: s.destinationName('name of your destination') };

export function pullRoutes(server: FastifyInstance, { access, support }: PullDeps): void {
  const place = openPulling(support);
  asks<object>(server, {
    url: '/v1/pull/:destination',
    id: 'pullLeads',
    permission: leaseLeads.permission,
    tag: 'pull',
    params,
    summary: 'Fetch what is due',
    description:
      'Leased to the caller until `until`: nobody else is given it. A lead without an answer by then is given again under the same key.',
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
  acts<{ readonly items: readonly unknown[] }>(
    server,
    { access },
    {
      url: '/v1/pull/:destination/answers',
      id: 'answerPulledLeads',
      permission: answerLeads.permission,
      tag: 'pull',
      params,
      summary: 'Say what was taken, refused or given back',
      description:
        'Each is answered by itself: `recorded`; `already` (it was, before); `late` (its lease was over, and it is given again); `unknown` (never given under that lease, or its lead is deleted); `invalid` (not as described, see `refusal`; the others are taken).',
      isKeyOptional: true,
      ...itemByItem(bodyOf(answerLeads)),
      answer: s.object({ items: s.list(answeredSchema) }),
      work: async ({ params: { destination = '' }, body, request, caller: { holder, actor } }) => {
        const { sound, inOrder } = judgedItems(request, body.items);
        const by = { scope: holder, actor };
        const done = await perform(place, answerLeads, by, { to: [destination], input: { items: sound } });
        return { status: 200, body: { items: inOrder<Answered | Refused>(done, refusedItem) } };
      },
    },
  );
}

interface Refused {
  readonly key: string;
  readonly state: 'invalid';
  readonly refusal: ItemRefusal;
}

function refusedItem(refusal: ItemRefusal, item: unknown): Refused {
  const { key } = (item ?? {}) as { readonly key?: unknown };
  return { key: isDeliveryKey(key) ? key : '', state: 'invalid', refusal };
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

// The centre's earlier public API at one address: `{"operation": "pullContacts"}`, the key in `x-api-key`.
// Invariant: pulled contacts count as handed over once the answer has left, and not before; unsent ones are given again.

const operations = ['getRegions', 'getProgrammes', 'readContacts', 'pullContacts'] as const;

interface ContactsAsked {
  readonly operation: (typeof operations)[number];
  readonly destination?: string;
}

const contact = {
  type: 'object',
  additionalProperties: true,
  required: ['action_id', 'prospect_id'],
  properties: {
    action_id: s.text('the same every time it is given: know it again by this'),
    prospect_id: s.text("the centre's reference of the lead"),
  },
  description: 'with the fields that the mapping writes, the opt-in among them',
};

const answerSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    regions: s.list(s.object({ region_nom: s.text() })),
    programmes: s.list(
      s.object({ programme_id: s.text(), programme_nom: s.text(), region_nom: s.orNull(s.text()) }),
    ),
    contacts: s.list(contact),
  },
};

export function contactRoutes(server: FastifyInstance, { support }: PullDeps): void {
  const place = openPulling(support);
  const pulled = new WeakMap<FastifyRequest, Pulled>();
  server.post<{ Body: ContactsAsked }>(
    '/v1/contacts',
    {
      config: { permission: leaseLeads.permission, keyHeader: 'x-api-key' },
      schema: {
        operationId: 'askContacts',
        summary: 'Regions, programmes and contacts, as the earlier public API gave them',
        description:
          '`getRegions`, `getProgrammes`; `readContacts`: up to 200, which stay to be pulled; `pullContacts`: up to 200, which do not come again.',
        tags: ['pull'],
        security: [{ header: [] }, { key: [] }],
        body: s.request(
          { operation: s.oneOf(operations), destination: s.destinationName('where you have several') },
          ['operation'],
        ),
        response: { 200: answerSchema },
      },
      // Runs only when the whole answer was given to the connection; after an interruption the lease lapses.
      onResponse: async (request, reply) => {
        if (reply.raw.writableFinished) await pulled.get(request)?.gone();
      },
    },
    async (request, reply) => {
      const { holder, actor } = callerFor(request);
      const by = { scope: holder, actor };
      const { operation, destination } = request.body;
      if (operation === 'pullContacts') {
        const answer = await pullContacts(place, by, destination);
        const given = answer.contacts();
        // Not where the answer in its place has left already.
        if (given !== undefined && !reply.sent) pulled.set(request, answer);
        return reply.send({ contacts: given ?? [] });
      }
      return reply.send(await told(place, by, operation, destination));
    },
  );
}

async function told(
  place: Pulling,
  by: By,
  operation: Exclude<ContactsAsked['operation'], 'pullContacts'>,
  destination: string | undefined,
): Promise<object> {
  if (operation === 'readContacts')
    return { contacts: (await readContacts(place, by, destination)).contacts() ?? [] };
  const programmes = await programmesOf(place, by.scope, destination);
  if (operation === 'getProgrammes') return { programmes };
  const regions = new Set(programmes.flatMap(({ region_nom: region }) => region ?? []));
  return { regions: [...regions].map((region) => ({ region_nom: region })) };
}
