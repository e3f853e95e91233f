// POST /v1/leads, /v1/corrections, /v1/consents, /v1/interactions: rows of the lead contract over HTTP.
// Invariant: each row is answered by itself, after the commit; a refused row blocks none of the others.
import type { FastifyInstance } from 'fastify';
import { kindColumns } from '../intake/contract.ts';
import { ofClient } from '../intake/as-row.ts';
import { fieldOf, type RowKind } from '../intake/fields.ts';
import { refusal } from '../intake/refusals.ts';
import {
  postRows,
  postTogether,
  type Posted,
  type PostedAnswer,
  type PostingDeps,
} from '../intake/posted.ts';
import type { AccessPlace } from '../access/place.ts';
import { callerFor, proveCaller } from './callers.ts';
import { itemByItem, judgedItems } from './each-item.ts';
import { repeatable, type Answer } from './repeatable.ts';
import { repeatableHeaders, type Schema } from './schemas.ts';

const kinds: Readonly<
  Record<string, { readonly kind: RowKind; readonly id: string; readonly words: string }>
> = {
  leads: { kind: 'lead', id: 'postLeads', words: 'Hand in leads' },
  corrections: { kind: 'correction', id: 'postCorrections', words: 'Correct fields of leads' },
  consents: { kind: 'consent', id: 'postConsents', words: 'Record what persons answered or took back' },
  interactions: { kind: 'interaction', id: 'postInteractions', words: 'Record what happened on leads' },
};

const mostItems = 100;

const answerSchema = {
  type: 'object',
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['index', 'state'],
        properties: {
          index: { type: 'integer', description: 'place in `items` of the request, from 0' },
          state: {
            type: 'string',
            enum: ['accepted', 'duplicate', 'refused', 'received'],
            description:
              'accepted: in the database; duplicate: it was already; refused: nothing of it is taken in; received: kept, and taken in shortly',
          },
          lead: { type: 'integer', description: 'number of the lead' },
          refusals: {
            type: 'array',
            items: {
              type: 'object',
              required: ['column', 'code', 'message'],
              properties: {
                column: { type: 'string' },
                code: { type: 'string' },
                message: { type: 'string' },
              },
            },
          },
        },
      },
    },
  },
} as const;

/** The sender is asked to retry, however long the database delays the request; a row that was stored all the same is a duplicate. */
const answerWithinMs = 10_000;

export function rowRoutes(
  server: FastifyInstance,
  { access, posting }: { readonly access: AccessPlace; readonly posting: PostingDeps },
): void {
  for (const [name, { kind, id, words }] of Object.entries(kinds)) {
    const { body, eachItem } = itemByItem(bodyOf(kind));
    server.post<{ Body: { readonly items: readonly unknown[]; readonly country?: string } }>(
      `/v1/${name}`,
      {
        config: { permission: 'lead.post', answerWithinMs, provesKey: true, eachItem },
        schema: {
          operationId: id,
          summary: words,
          description: `1 to ${mostItems} rows; each is answered by itself. The same row sent again is a duplicate and changes nothing.`,
          tags: ['intake'],
          headers: repeatableHeaders,
          body,
          response: { 200: answerSchema, 202: answerSchema },
        },
      },
      (request, reply) => {
        const { holder, keyId } = callerFor(request);
        const { clientId } = holder;
        const { country } = request.body;
        const { sound, inOrder } = judgedItems<Posted>(request, request.body.items);
        const answer = (answers: readonly PostedAnswer[]): Answer =>
          answerOf(inOrder(answers, () => ({ state: 'refused', refusals: noRow })));
        const options = {
          ...(country === undefined ? {} : { country }),
          shared: { kind, ...ofClient(clientId) },
        };
        return repeatable(
          access,
          request,
          reply,
          async () => answer(await postRows(posting, sound, options)),
          (key) =>
            postTogether(posting, sound, options, {
              key,
              answerOf: answer,
              apiKey: keyId,
              prove: () => proveCaller(access, request),
            }),
        );
      },
    );
  }
}

const noRow = [refusal('row', 'BAD_FORMAT', 'one JSON object')];

function answerOf(answers: readonly PostedAnswer[]): Answer {
  return {
    status: answers.some(({ state }) => state === 'received') ? 202 : 200,
    body: {
      items: answers.map((answer, index) => ({
        index,
        state: answer.state,
        ...('leadId' in answer && answer.leadId !== undefined ? { lead: answer.leadId } : {}),
        ...('refusals' in answer ? { refusals: answer.refusals } : {}),
      })),
    },
  };
}

/** The contract judges each row by itself; the schema only describes, so that one bad row does not refuse the others. */
function bodyOf(kind: RowKind): Schema {
  const must = ['client_id', 'reference', ...kindColumns[kind].must];
  const names = ['client_id', 'reference', ...kindColumns[kind].may];
  const says = (name: string): string =>
    [...(must.includes(name) ? ['mandatory'] : []), fieldOf(name)?.says ?? ''].join(': ');
  return {
    type: 'object',
    required: ['items'],
    additionalProperties: false,
    properties: {
      items: {
        type: 'array',
        minItems: 1,
        maxItems: mostItems,
        items: {
          type: 'object',
          description: `Columns of the lead contract, flat or nested. Mandatory: ${must.join(', ')}.`,
          properties: Object.fromEntries(names.map((name) => [name, { description: says(name) }])),
        },
      },
      country: {
        type: 'string',
        pattern: '^[A-Z]{2}$',
        description:
          'ISO 3166-1 alpha-2: phone numbers may be typed as in this country; without it they are E.164',
      },
    },
  };
}
