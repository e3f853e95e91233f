// Writes all data of a lead for the client that leaves: one object in JSON, lines in four tables (C55).
// Invariant: all data that the client gave or that was made for it is included; names of staff who looked a person up are the staff's own.
import { stringify } from 'csv-stringify/sync';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import type { HeldLead, PersonFile } from '../privacy/person/person-file.ts';

export interface ReturnedLead extends HeldLead {
  readonly transmissions: readonly Omit<PersonFile['transmissions'][number], 'lead'>[];
  readonly references: readonly Omit<PersonFile['references'][number], 'lead'>[];
}

/** The leads of one page, each with its hand-overs. */
export function returnedLeads({ leads, transmissions, references }: PersonFile): readonly ReturnedLead[] {
  const sent = Map.groupBy(transmissions, ({ lead }) => lead);
  const known = Map.groupBy(references, ({ lead }) => lead);
  return leads.map((lead) => ({
    ...lead,
    transmissions: (sent.get(lead.reference) ?? []).map(({ lead: _, ...transmission }) => transmission),
    references: (known.get(lead.reference) ?? []).map(({ lead: _, ...reference }) => reference),
  }));
}

/** A table of the return: its name, its titles, the lines of one lead. */
export interface ReturnTable {
  readonly name: string;
  readonly titles: readonly string[];
  readonly lines: (lead: ReturnedLead) => readonly (readonly unknown[])[];
}

/** French: the client reads them. */
export const returnTables: readonly ReturnTable[] = [
  {
    name: 'leads.csv',
    titles: [
      'Référence',
      'Reçu le',
      'Effacé le',
      'Mention d’information',
      ...columnFacts.map(({ label }) => label),
    ],
    lines: (lead) => [
      [
        lead.reference,
        lead.receivedAt,
        lead.erasedAt,
        lead.notice?.version,
        ...columnFacts.map(({ path }) => valueAt(lead, path)),
      ],
    ],
  },
  {
    name: 'consentements.csv',
    titles: [
      'Référence',
      'Finalité',
      'Canal',
      'Réponse',
      'Recueillie le',
      'Version du texte',
      'Texte',
      'Entité juridique',
      'Valable jusqu’au',
      'Source',
    ],
    lines: ({ reference, consents }) =>
      consents.map((consent) => [
        reference,
        consent.purpose,
        consent.channel,
        consent.state,
        consent.recordedAt,
        consent.wordingVersion,
        consent.wording,
        consent.legalEntity,
        consent.validUntil,
        consent.source,
      ]),
  },
  {
    name: 'echanges.csv',
    titles: ['Référence', 'Date', 'Nature', 'Contenu'],
    lines: ({ reference, interactions }) =>
      interactions.map((interaction) => {
        const { at, kind, ...content } = interaction;
        return [reference, at, kind, JSON.stringify(content)];
      }),
  },
  {
    name: 'transmissions.csv',
    titles: [
      'Référence',
      'Partie le',
      'Action',
      'Destinataire',
      'Destination',
      'Par',
      'Champs',
      'Opt-in',
      'Réception',
      'Réponse le',
    ],
    lines: ({ reference, transmissions }) =>
      transmissions.map((sent) => [
        reference,
        sent.departedAt,
        sent.action,
        sent.recipient,
        sent.destination,
        sent.by,
        sent.fields.join(' '),
        JSON.stringify(sent.optIn),
        sent.reception,
        sent.answeredAt,
      ]),
  },
];

/** Spreadsheets must not run a cell that begins like a formula. */
export const csvLines = (rows: readonly (readonly unknown[])[], bom = false): string =>
  rows.length === 0
    ? ''
    : stringify(
        rows.map((row) => row.map(cell)),
        { bom, delimiter: ';', escape_formulas: true },
      );

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.join(' | ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function valueAt(lead: object, path: string): unknown {
  let value: unknown = lead;
  for (const name of path.split('.'))
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return value;
}
