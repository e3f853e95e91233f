// Stores the simulated Pipedrive: persons, leads, notes. Leads share the custom fields of deals.
// Invariant: no record is refused as a duplicate; a marketing status changes once; the search finds a record a moment after its write.
import type { CrmRecord } from './simulator.ts';

export type Values = Record<string, unknown>;

interface Row {
  readonly id: string;
  readonly writtenAt: number;
}

export interface Person extends Row {
  readonly imported: boolean;
  name: string;
  email: string;
  phone: string;
  marketingStatus: string;
  statusChanged: boolean;
  deleted: boolean;
  readonly custom: Values;
}

export interface Lead extends Row {
  readonly person: string;
  readonly title: string;
  readonly custom: Values;
}

export interface Note extends Row {
  readonly lead: string;
  readonly content: string;
}

export interface Tables {
  readonly persons: Map<string, Person>;
  readonly leads: Map<string, Lead>;
  readonly notes: Map<string, Note>;
  lastId: number;
}

const key = (pair: string): string => pair.repeat(20);

/** Custom fields as the preset's page has the client create them, all of type text, under the keys of its example. */
export const fields = {
  reference: key('1a'),
  email: key('2b'),
  phone: key('3c'),
  optIn: key('4d'),
  leadReference: key('5e'),
} as const;

export const personFields: readonly string[] = [fields.reference, fields.email, fields.phone, fields.optIn];

export const statuses = ['no_consent', 'unsubscribed', 'subscribed', 'archived'];

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export function nextId(tables: Tables): string {
  tables.lastId += 1;
  return String(tables.lastId);
}

export const livingPerson = ({ persons }: Tables, id: string): Person | undefined => {
  const person = persons.get(id);
  return person?.deleted === true ? undefined : person;
};

/** Sets the status; ignores in silence a second change, and a person without an address. */
export function setStatus(person: Person, status: unknown, isNew: boolean): void {
  if (typeof status !== 'string' || status === person.marketingStatus) return;
  if (person.email === '' || person.statusChanged) return;
  person.marketingStatus = status;
  person.statusChanged = !isNew;
}

/** Deletes a lead with its notes. */
export function removeLead(tables: Tables, id: string): boolean {
  for (const [note, { lead }] of tables.notes) if (lead === id) tables.notes.delete(note);
  return tables.leads.delete(id);
}

function shown(person: Person | undefined, lead?: Lead): CrmRecord {
  const { name = '', email = '', phone = '', marketingStatus = '', custom = {} } = person ?? {};
  // The name is one text there: in a trial all but the first word is the last name.
  const [first = '', ...rest] = name.split(' ');
  return {
    id: lead?.id ?? person?.id ?? '',
    reference: textOf(lead?.custom[fields.leadReference]),
    lastName: rest.length === 0 ? first : rest.join(' '),
    firstName: rest.length === 0 ? '' : first,
    email,
    phone,
    mayContact: {
      ...(email === ''
        ? {}
        : {
            email: marketingStatus === 'subscribed' && (lead === undefined || custom[fields.email] === 'OUI'),
          }),
      ...(phone === '' ? {} : { phone: custom[fields.phone] === 'OUI' }),
    },
    place: `/persons/${person?.id ?? ''}`,
  };
}

/** A request is a lead with its person; imported persons follow. */
export const recordsOf = (tables: Tables): readonly CrmRecord[] => [
  ...[...tables.leads.values()].map((lead) => shown(livingPerson(tables, lead.person), lead)),
  ...[...tables.persons.values()].filter(({ imported }) => imported).map((person) => shown(person)),
];

export function complaintsOf({ persons, leads, notes }: Tables): readonly string[] {
  const withLead = new Set([...leads.values()].map(({ person }) => person));
  const living = [...persons.values()].filter(({ deleted }) => !deleted);
  const notesOf = (lead: string): number => [...notes.values()].filter((note) => note.lead === lead).length;
  return [
    ...living
      .filter(({ id, imported }) => !imported && !withLead.has(id))
      .map(({ id }) => `the person ${id} has no lead`),
    ...[...leads.values()]
      .filter(({ person }) => !living.some(({ id }) => id === person))
      .map(({ id }) => `the lead ${id} has no person`),
    ...[...leads.keys()]
      .filter((id) => notesOf(id) !== 1)
      .map((id) => `the lead ${id} has ${notesOf(id)} notes`),
  ];
}
