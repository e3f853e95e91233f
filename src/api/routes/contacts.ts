// The centre's earlier public API at one address: `{"operation": "pullContacts"}`, the key in `x-api-key`.
// Invariant: pulled contacts count as handed over once the answer has left, and not before; unsent ones are given again.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { By } from '../../support/acts/act.ts';
import { programmesOf, pullContacts, readContacts, type Pulled } from '../../support/acts/contacts.ts';
import { leaseLeads, openPulling, type Pulling } from '../../support/acts/pull.ts';
import { callerFor } from '../callers.ts';
import * as s from '../schemas.ts';
import type { PullDeps } from './pull.ts';

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
        if (given !== undefined) pulled.set(request, answer);
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
