// Finds leads by their reference, or a person by mail, phone or name.
// Invariant: a look-up of a person is in the log, with actor and reason, before it is answered; masked unless revealed (C39).
import * as s from './columns.ts';
import { RelaisError } from '../../errors.ts';
import { leadsNamed, type FoundLead } from '../../store/leads/support-leads.ts';
import { clientIds } from '../../store/destinations/destinations.ts';
import {
  findPeople,
  leadQueryOf,
  type AskedPerson,
  type AskedProblem,
  type FoundPeople,
  type LookUp,
} from '../find-person.ts';
import { knownInScope } from '../named-text.ts';
import { pageOf, withinScope, type Page, type SupportPlace, type Scope } from '../place.ts';
import type { Both } from '../words.ts';
import { listRefusals, type RefusedRow } from '../../store/intake/intake-refusals.ts';
import { refusedCounts, type RefusedCount } from '../../store/intake/refused-rows.ts';

/** Leads of exactly that reference, in one client or in all of the scope; nothing of the person, so nothing is logged. */
export async function leadsByReference(
  { database }: SupportPlace,
  scope: Scope,
  asked: { readonly reference: string; readonly client?: string },
): Promise<readonly FoundLead[]> {
  const { client } = await knownClient(database, scope, asked);
  return leadsNamed(database, client === undefined ? await clientIds(database) : [client], asked.reference);
}

const problemWords: Readonly<Record<AskedProblem, Both>> = {
  nothing_asked: [
    'Cherchez par adresse e-mail, téléphone, nom ou référence.',
    'Ask by email, phone, name or reference.',
  ],
  first_name_alone: ['Le prénom se donne avec le nom.', 'firstName is asked beside name.'],
  name_too_short: ['Le nom a deux lettres au moins.', 'name has two letters at least.'],
  email_incomplete: [
    'L’adresse e-mail est entière, et seule : zoe@courriel.example.',
    'email is a whole mail address, and nothing beside it: zoe@courriel.example.',
  ],
  phone_unreadable: [
    'Le numéro de téléphone est entier : 06 39 98 01 11.',
    'phone is a whole phone number: 06 39 98 01 11.',
  ],
};

/** @throws USAGE-001 for an impossible query, FIND-001 for an unknown client */
export async function peopleFound(
  place: SupportPlace,
  scope: Scope,
  asked: AskedPerson & { readonly client?: string },
  look: LookUp,
): Promise<FoundPeople> {
  const query = leadQueryOf(asked);
  if ('problem' in query) throw new RelaisError('USAGE-001', problemWords[query.problem]);
  const { client } = await knownClient(place.database, scope, asked);
  return findPeople(place, { query: query.query, client }, look);
}

async function knownClient(
  database: SupportPlace['database'],
  scope: Scope,
  { client }: { readonly client?: string },
): Promise<{ readonly client: string | undefined }> {
  const filter = withinScope(scope, client === undefined ? {} : { client });
  await knownInScope(database, scope, filter);
  return { client: filter.client };
}

export type { RefusedRow } from '../../store/intake/intake-refusals.ts';

// Rows of `lead_intake` that were refused: column and reason, no values; and counts of those that were purged.
// Invariant: reads only.

type Place = Pick<SupportPlace, 'database'>;
type OfClient = { readonly client?: string };

const column = <T>(schema: s.Schema, of: (row: RefusedRow) => T) => ({ schema, of });

export const refusedRowColumns = {
  row: column(s.text('its number, in digits'), ({ id }) => id),
  client: column(s.text('empty where it is no name of a client'), ({ clientId }) => clientId),
  kind: column(s.text('lead, correction, consent, interaction'), ({ kind }) => kind),
  reference: column(
    s.text('of the lead; empty where it could be a phone number'),
    ({ reference }) => reference,
  ),
  rowReference: column(s.text(), ({ rowReference }) => rowReference),
  receivedAt: column(s.moment(), ({ receivedAt }) => receivedAt),
  refusedAt: column(s.orNull(s.moment()), ({ settledAt }) => settledAt ?? null),
  problems: column(
    s.list(s.object({ column: s.text(), code: s.text(), message: s.text() })),
    ({ problems }) => problems,
  ),
};

/** Newest first. @param asked after: the digits of a row. @throws FIND-001 */
export async function refusedRows(
  { database }: Place,
  scope: Scope,
  asked: OfClient,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<Page<RefusedRow, string>> {
  const { client } = await knownClient(database, scope, asked);
  const rows = await listRefusals(database, client, { size: limit + 1, before: after });
  return pageOf(rows, limit, ({ id }) => id);
}

/** By client, month and first reason. @throws FIND-001 */
export async function purgedCounts(
  { database }: Place,
  scope: Scope,
  asked: OfClient,
): Promise<readonly RefusedCount[]> {
  const { client } = await knownClient(database, scope, asked);
  const counts = await refusedCounts(database);
  return client === undefined ? counts : counts.filter(({ clientId }) => clientId === client);
}
