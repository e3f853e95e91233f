// Leads: by reference, one by category, its hand-overs; persons, by mail, phone or name.
// Invariant: search terms are posted, never in an address; a person is masked, and each look-up is in the log first (C39).
import type { FastifyInstance } from 'fastify';
import { ownReasons } from '../../domain/names-in-text.ts';
import type { AskedPerson } from '../../support/find-person.ts';
import { handoversOfLead, leadPage } from '../../support/reads/lead.ts';
import { leadsByReference, peopleFound } from '../../support/reads/people.ts';
import { typedReason } from '../../support/typed-text.ts';
import { asks, reads, type AskedToRead, type AskedWith, type RouteDeps, pageByPage } from '../route.ts';
import * as s from '../schemas.ts';

const tag = 'leads';
const params = {
  client: s.clientName('name of the client'),
  reference: s.referenceName("the centre's reference"),
};

const deliveryOfLead = s.object({
  id: s.whole(),
  destination: s.text(),
  action: s.text(),
  state: s.text(),
  reason: s.text(),
});
const head = {
  client: s.text(),
  reference: s.text(),
  channel: s.text(),
  collectedAt: s.moment(),
  erased: s.flag(),
};
const person = s.table(s.orNull(s.text()), 'masked; empty where the person was erased');
const short = (max: number, description: string): s.Schema => ({
  type: 'string',
  minLength: 1,
  maxLength: max,
  description,
});

export function leadRoutes(server: FastifyInstance, { support }: RouteDeps): void {
  asks<{ readonly reference: string; readonly client?: string }>(server, {
    url: '/v1/leads/search',
    id: 'searchLeads',
    permission: 'lead.read',
    tag,
    summary: 'Leads of that very reference',
    description: 'Posted, so that the reference is in no address and in no log of a proxy.',
    body: s.request(
      {
        reference: s.referenceName("the centre's reference"),
        client: s.clientName('look in one client only'),
      },
      ['reference'],
    ),
    answer: s.object({ items: s.list(s.object(head)) }),
    work: async ({ body, caller }) => ({
      items: (await leadsByReference(support, caller.holder, body)).map((lead) =>
        s.asJson({ ...lead, client: lead.clientId }),
      ),
    }),
  });
  asks<PersonAsked>(server, {
    url: '/v1/persons/search',
    id: 'searchPersons',
    permission: 'person.find',
    tag,
    summary: 'Leads of a person, masked',
    description:
      'Every look-up is an entry of the hand-over log, with who asked and why, before it is answered.',
    body: s.request(
      {
        email: short(254, 'whole mail address'),
        phone: short(30, 'in any spelling'),
        name: short(120, 'last name or its beginning'),
        firstName: short(120, 'beside name'),
        client: s.clientName('look in one client only'),
        reason: s.typed('why: a ticket number'),
      },
      ['reason'],
    ),
    answer: s.object({
      items: s.list(s.object({ ...head, person, deliveries: s.list(deliveryOfLead) })),
      refused: s.list(
        s.object({ row: s.text(), client: s.text(), reference: s.text(), receivedAt: s.moment(), person }),
        'rows that were refused at the door and name the person',
      ),
      isCut: s.flag('only the newest are here: name a client'),
    }),
    work: (asked) => searchPeople(support, asked),
  });
  oneLeadRoutes(server, support);
}

function oneLeadRoutes(server: FastifyInstance, support: RouteDeps['support']): void {
  reads(server, {
    url: '/v1/leads/:client/:reference',
    id: 'getLead',
    permission: 'lead.read',
    tag,
    params,
    summary: 'One lead, masked: by category, consents in force and over time, interactions, deliveries',
    description: 'Values are masked; the consents are those in force at the moment of the answer.',
    answer: leadSchema,
    work: (asked) => oneLead(support, asked),
  });
  reads(server, {
    url: '/v1/leads/:client/:reference/handovers',
    id: 'listHandovers',
    permission: 'log.read',
    tag,
    params,
    summary: 'Every entry of the hand-over log about one lead, oldest first',
    description: pageByPage,
    query: { limit: s.limitField, after: s.afterField },
    answer: s.pageOf(handoverSchema),
    work: async ({ params: named, query, caller }) =>
      s.pageAnswer(
        await handoversOfLead(support, caller.holder, nameOf(named), s.pageAsked(query)),
        (entry) => ({
          ...entry,
          destination: entry.destinationId,
          delivery: entry.deliveryId === 0 ? null : entry.deliveryId,
          call: entry.callName,
          fields: entry.fields.split(' ').filter(Boolean),
          consents: JSON.parse(entry.consents) as unknown,
        }),
      ),
  });
}

interface PersonAsked extends Omit<AskedPerson, 'reference'> {
  readonly client?: string;
  readonly reason: string;
}

const nameOf = (named: Readonly<Record<string, string>>) => ({
  client: named['client'] ?? '',
  reference: named['reference'] ?? '',
});

type Facts = readonly { readonly name: string; readonly value: string }[];
const personOf = (facts: Facts): object =>
  Object.fromEntries(facts.map(({ name, value }) => [name, value === '-' ? null : value]));

async function searchPeople(
  support: RouteDeps['support'],
  { body, caller }: AskedWith<PersonAsked>,
): Promise<unknown> {
  const { reason, ...asked } = body;
  const look = { actor: caller.actor, reason: typedReason(reason), reveal: false };
  const { leads, refused, isCut } = await peopleFound(support, caller.holder, asked, look);
  return s.asJson({
    isCut,
    items: leads.map((lead) => ({
      ...lead,
      client: lead.clientId,
      person: personOf(lead.person),
      deliveries: lead.deliveries.map((row) => ({ ...row, destination: row.destinationId })),
    })),
    refused: refused.map((row) => ({ ...row, client: row.clientId, person: personOf(row.person) })),
  });
}

const consent = { purpose: s.text(), channel: s.text(), state: s.text(), recordedAt: s.moment() };
const leadSchema = s.object({
  client: s.text(),
  reference: s.text(),
  revision: s.whole(),
  channel: s.text(),
  collectedAt: s.moment(),
  erasedAt: s.orNull(s.moment()),
  isRestricted: s.flag('processing is restricted at the request of the person'),
  notice: s.orNull(s.text()),
  person,
  categories: s.list(
    s.object({
      category: s.text(),
      fields: s.list(s.object({ path: s.text(), label: s.text(), description: s.text(), value: s.text() })),
    }),
    'masked',
  ),
  consents: s.list(
    s.object({ ...consent, lapsed: s.flag(), until: s.orNull(s.moment()), otherEntity: s.orNull(s.text()) }),
    'in force now',
  ),
  consentsOverTime: s.list(s.object({ ...consent, legalEntity: s.orNull(s.text()) }), 'oldest first'),
  interactions: s.list(s.object({ kind: s.text(), at: s.moment(), voluntary: s.flag() })),
  deliveries: s.list(deliveryOfLead),
  notRouted: s.list(s.object({ destination: s.text(), reason: s.text(), revision: s.whole() })),
  rights: s.list(
    s.object({ at: s.moment(), entry: s.text(), actor: s.text(), purpose: s.text(), reason: s.text() }),
    'withdrawals, consents that ended, the erasure',
  ),
});

async function oneLead(
  support: RouteDeps['support'],
  { params: named, caller }: AskedToRead,
): Promise<unknown> {
  const look = { reveal: false, actor: caller.actor, reason: ownReasons.leadByReference };
  const page = await leadPage(support, caller.holder, nameOf(named), look);
  return s.asJson({
    ...page,
    client: page.clientId,
    erasedAt: page.erasedAt ?? null,
    notice: page.notice ?? null,
    person: personOf(page.person),
    consents: page.consents.map((one) => ({
      ...one,
      until: one.until ?? null,
      otherEntity: one.otherEntity ?? null,
    })),
    consentsOverTime: page.consentsOverTime.map((one) => ({ ...one, legalEntity: one.legalEntity ?? null })),
    deliveries: page.deliveries.map((row) => ({ ...row, destination: row.destinationId })),
    notRouted: page.notRouted.map((one) => ({ ...one, destination: one.destinationId })),
  });
}

const handoverSchema = s.object({
  id: s.whole(),
  at: s.moment(),
  entry: s.text(),
  destination: s.text(),
  delivery: s.orNull(s.whole()),
  run: s.whole(),
  attempt: s.whole(),
  action: s.text(),
  actor: s.text('empty for a client'),
  purpose: s.text('empty for a client'),
  connector: s.text(),
  recipient: s.text(),
  target: s.text(),
  call: s.text(),
  fields: s.list(s.text(), 'names of fields; no value'),
  consents: s.list(
    s.object({ field: s.text(), value: s.text(), purpose: s.text(), channel: s.text(), state: s.text() }),
  ),
  outcome: s.text(),
  reason: s.text(),
  status: s.whole(),
});
