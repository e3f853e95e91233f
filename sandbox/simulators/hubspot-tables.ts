// Stores the simulated HubSpot: contacts, deals, and the subscription of each e-mail address.
// Invariant: a contact's address and a unique property occur once among living records; a deleted record stays in the bin for ninety
// days, a purged one nowhere.
import type { CrmRecord } from './simulator.ts';

export type Properties = Record<string, string>;
export type Kind = 'contacts' | 'deals';

export interface Row {
  readonly id: string;
  readonly kind: Kind;
  properties: Properties;
  /** The contact of a deal. */
  readonly contact?: string;
  /** It came from an import, before the first lead. */
  readonly imported: boolean;
  binned: boolean;
}

export interface Tables {
  readonly rows: Map<string, Row>;
  /** By address, in lower case: SUBSCRIBED, UNSUBSCRIBED. */
  readonly subscriptions: Map<string, string>;
  lastId: number;
}

/** The account's properties; the last ones are what the preset's page has the client create. */
export const propertiesOf: Readonly<Record<Kind, readonly string[]>> = {
  contacts: [
    'email',
    'firstname',
    'lastname',
    'phone',
    'mobilephone',
    'address',
    'zip',
    'city',
    'message',
    'relais_reference',
    'relais_optin_phone',
    'relais_optin',
  ],
  deals: [
    'dealname',
    'pipeline',
    'dealstage',
    'amount',
    'description',
    'relais_reference',
    'relais_phone',
    'relais_optin_phone',
    'relais_optin',
  ],
};
export const checkBoxes = ['relais_optin_phone'];
export const uniqueProperties = ['relais_reference'];

export const living = ({ rows }: Tables, kind: Kind): readonly Row[] =>
  [...rows.values()].filter((row) => row.kind === kind && !row.binned);

/** By its own number, or by a property whose values are unique. */
export const find = (tables: Tables, kind: Kind, id: string, idProperty?: string): Row | undefined =>
  living(tables, kind).find((row) =>
    idProperty === undefined ? row.id === id : row.properties[idProperty] === id,
  );

export function keep(tables: Tables, row: Omit<Row, 'id' | 'binned'>): Row {
  tables.lastId += 1;
  const kept = { ...row, id: String(tables.lastId), binned: false };
  tables.rows.set(kept.id, kept);
  return kept;
}

function shown(tables: Tables, row: Row | undefined, deal?: Row): CrmRecord {
  const contact = row?.properties ?? {};
  const request = deal?.properties ?? {};
  const email = contact['email'] ?? '';
  const phone = (deal === undefined ? contact['mobilephone'] : request['relais_phone']) ?? '';
  const agreed = [contact, request].every((properties) => properties['relais_optin_phone'] === 'true');
  return {
    id: deal?.id ?? row?.id ?? '',
    reference: request['relais_reference'] ?? '',
    lastName: contact['lastname'] ?? '',
    firstName: contact['firstname'] ?? '',
    email,
    phone,
    mayContact: {
      // A person without an answer may be written to: only a no stops a campaign.
      ...(email === '' ? {} : { email: tables.subscriptions.get(email) !== 'UNSUBSCRIBED' }),
      ...(phone === '' ? {} : { phone: agreed }),
    },
  };
}

/** A request is a deal with its contact; imported contacts follow. */
export const recordsOf = (tables: Tables): readonly CrmRecord[] => [
  ...living(tables, 'deals').map((deal) => shown(tables, tables.rows.get(deal.contact ?? ''), deal)),
  ...living(tables, 'contacts')
    .filter(({ imported }) => imported)
    .map((contact) => shown(tables, contact)),
];

/** Faults an administrator would see. */
export function complaintsOf(tables: Tables): readonly string[] {
  const contacts = living(tables, 'contacts');
  const deals = living(tables, 'deals');
  const [withDeal, withContact] = [
    new Set(deals.map(({ contact }) => contact)),
    new Set(contacts.map(({ id }) => id)),
  ];
  const binned = [...tables.rows.values()].filter((row) => row.binned && row.kind === 'contacts');
  return [
    ...contacts
      .filter(({ id, imported }) => !imported && !withDeal.has(id))
      .map(({ id }) => `the contact ${id} has no deal`),
    ...deals
      .filter(({ contact = '' }) => !withContact.has(contact))
      .map(({ id }) => `the deal ${id} has no contact`),
    ...binned.map(({ id }) => `the contact ${id} is in the bin, and can be taken out of it for ninety days`),
  ];
}
