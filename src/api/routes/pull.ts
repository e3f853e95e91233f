// Lets a client without an endpoint fetch its leads and acknowledge them.
// Invariant: the content is the mapping's own bytes, embedded unchanged; it is kept nowhere for a second answer.
import type { FastifyInstance } from 'fastify';
import {
  createPulling,
  givenBack,
  leaseNameOf,
  mostLeased,
  type Fetched,
  type Leased,
  type PullAnswer,
  type PullOutcome,
  type PullPlace,
  type Pulling,
} from '../../support/acts/pull.ts';
import type { AccessPlace } from '../../access/place.ts';
import { callerFor } from '../callers.ts';
import { repeatable } from '../repeatable.ts';
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

const answersSchema = {
  type: 'array',
  minItems: 1,
  maxItems: mostLeased,
  items: s.request(
    {
      key: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
      lease: { type: 'string', pattern: '^[0-9]{1,9}-[0-9]{1,9}-[0-9]{1,15}$' },
      outcome: s.oneOf(
        ['accepted', 'duplicate', 'refused', 'later'],
        'accepted: yours now; duplicate: you had it; refused: never; later: given again',
      ),
      reference: {
        type: 'string',
        pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$',
        description: 'under which you keep it',
      },
      reason: {
        type: 'string',
        pattern: '^[A-Za-z0-9_.-]{1,64}$',
        description: 'a code, nothing of a person',
      },
      afterSeconds: { type: 'integer', minimum: 0, maximum: 21600, description: 'of later' },
    },
    ['key', 'lease', 'outcome'],
  ),
};

interface AnswerGiven {
  readonly key: string;
  readonly lease: string;
  readonly outcome: 'accepted' | 'duplicate' | 'refused' | 'later';
  readonly reference?: string;
  readonly reason?: string;
  readonly afterSeconds?: number;
}

export function pullRoutes(server: FastifyInstance, deps: PullDeps): void {
  const pulling = createPulling(deps.support);
  leaseRoute(server, pulling);
  answersRoute(server, deps, pulling);
}

function leaseRoute(server: FastifyInstance, pulling: Pulling): void {
  server.post<{ Params: { destination: string }; Body: { limit?: number } }>(
    '/v1/pull/:destination',
    {
      config: { permission: 'lead.pull' },
      schema: {
        summary: 'Fetch what is due',
        description:
          'Leased to the caller until `until`: nobody else is given it. What is not answered for by then is given again under the same key.',
        tags: ['pull'],
        params: s.request({ destination: s.destinationName('name of your destination') }, ['destination']),
        body: s.request({ limit: { type: 'integer', minimum: 1, maximum: mostLeased } }),
        response: {
          200: s.object({
            until: s.moment(),
            reason: s.text('why nothing leaves at present; empty otherwise'),
            items: s.list(itemSchema),
          }),
        },
      },
    },
    async (request, reply) => {
      const { holder, actor } = callerFor(request);
      const { limit = mostLeased } = request.body;
      const leased = await pulling.lease({ scope: holder, actor }, request.params.destination, limit);
      // A lead whose process froze before answering is given again.
      const given = leased.runs() ? leased : { ...leased, items: [] };
      return reply.type('application/json; charset=utf-8').send(textOf(given));
    },
  );
}

function answersRoute(server: FastifyInstance, { access }: PullDeps, pulling: Pulling): void {
  server.post<{ Params: { destination: string }; Body: { items: AnswerGiven[] } }>(
    '/v1/pull/:destination/answers',
    {
      config: { permission: 'lead.pull' },
      schema: {
        summary: 'Say what was taken, refused or given back',
        description:
          'Each is answered by itself: `recorded`; `already` (it was, before); `late` (its lease was over, and it is given again); `unknown` (never given under that lease).',
        tags: ['pull'],
        headers: s.repeatableHeaders,
        params: s.request({ destination: s.destinationName('name of your destination') }, ['destination']),
        body: s.request({ items: answersSchema }, ['items']),
        response: {
          200: s.object({
            items: s.list(
              s.object({ key: s.text(), state: s.oneOf(['recorded', 'already', 'late', 'unknown']) }),
            ),
          }),
        },
      },
    },
    (request, reply) =>
      repeatable(access, request, reply, async () => {
        const { holder, actor } = callerFor(request);
        const given = request.body.items;
        const states = await pulling.answer(
          { scope: holder, actor },
          request.params.destination,
          given.map((answer) => answerOf(answer)),
        );
        const items = given.map(({ key }, index) => ({ key, state: states[index] }));
        return { status: 200, body: { items } };
      }),
  );
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

const answerOf = ({ key, lease, ...said }: AnswerGiven): PullAnswer => ({
  key,
  lease,
  outcome: outcomeOf(said),
});

/** A client that had the lead may have kept it: a right of the person follows it, whatever the answer. */
function outcomeOf({
  outcome,
  reference,
  reason,
  afterSeconds,
}: Omit<AnswerGiven, 'key' | 'lease'>): PullOutcome {
  switch (outcome) {
    case 'accepted':
    case 'duplicate':
      return { kind: outcome, ...(reference === undefined ? {} : { reference }) };
    case 'refused':
      return { kind: 'refused', reason: reason ?? givenBack, maybeReceived: true };
    case 'later':
      return {
        kind: 'unavailable',
        reason: reason ?? givenBack,
        maybeReceived: true,
        ...(afterSeconds === undefined ? {} : { afterMs: afterSeconds * 1_000 }),
      };
  }
}
