// French words for the tables and columns a proof names.
// Invariant: a column without words of its own is shown by its name alone, never left out.
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import { consentFields } from '../../domain/lead-fields/consent.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import type { ProvedTable } from './proof.ts';

const tables: Readonly<Record<string, string>> = {
  leads: 'Contact',
  prospects: 'Identité et coordonnées',
  lead_projects: 'Projet immobilier',
  lead_origins: 'Origine du contact',
  lead_finances: 'Situation financière',
  consents: 'Consentements',
  consent_ends: 'Échéances des consentements',
  former_addresses: 'Anciennes coordonnées (empreintes à clé)',
  interactions: 'Échanges',
  lead_revisions: 'Versions antérieures gardées pour les envois en cours',
  intake_receipts: 'Reçus de dépôt (empreintes à clé)',
  deliveries: 'Livraisons : référence donnée par le destinataire',
  lead_intake: 'Lignes déposées, en attente ou refusées',
  oppositions: 'Liste d’opposition (empreintes à clé)',
  lead_secrets: 'Secret du contact, qui seul donne un sens aux empreintes',
};

export const tableWords = (table: string): string => tables[table] ?? 'Table';

const others: Readonly<Record<string, string>> = {
  erased_at: 'Date d’effacement',
  gone: 'État de conservation',
  restricted_at: 'Limitation du traitement',
  ends_at: 'Échéance',
  content: 'Contenu',
  digest: 'Empreinte',
  wrapped: 'Secret chiffré',
  opposition: 'Opposition',
  recorded_at: 'Date',
  recipient_reference: 'Référence du destinataire',
  consents: 'Consentements',
  interactions: 'Échanges',
  clear_fields: 'Champs à vider',
  refusal: 'Motif du refus',
  received_at: 'Date de réception',
  kind: 'Nature',
  row_reference: 'Référence de la ligne',
  purpose: 'Finalité',
  channel: 'Canal',
};

/** Changes of an act, a line for each table: names of fields only. */
export const changedLines = (changed: readonly ProvedTable[]): readonly string[] =>
  changed.flatMap(({ table, columns }) => {
    const names = columns
      .filter((column) => column.changed > 0)
      .map(({ column }) => labelOf(table, column) || column);
    return names.length === 0 ? [] : [`${tableWords(table)} : ${[...new Set(names)].join(', ')}`];
  });

const consentLabels = labelsIn(consentFields);
const interactionLabels = labelsIn(interactionFields);

export function labelOf(table: string, column: string): string {
  if (table === 'consents') return consentLabels.get(column) ?? others[column] ?? '';
  if (table === 'interactions') return interactionLabels.get(column) ?? others[column] ?? '';
  const field = columnFacts.find((facts) =>
    table === 'lead_intake' ? facts.column === column : facts.table === table && facts.stored === column,
  );
  return field?.label ?? others[column] ?? '';
}

function labelsIn(
  fields: Readonly<Record<string, { readonly column: string; readonly label?: string }>>,
): ReadonlyMap<string, string> {
  return new Map(Object.values(fields).map(({ column, label = '' }) => [column, label]));
}
