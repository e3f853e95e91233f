// Lists the tables whose rows move with a client to another installation, and how they are found (C36). Pure.
// Invariant: every other table stays for a reason, which test/hosting/move.test.ts names.

/** In this order: a row comes after the rows that it refers to. `of`: the SQL condition for rows `t` of a client, its id for each mark. */
export interface MovedTable {
  readonly table: string;
  readonly of: string;
  /** Rows read at once, where they are long. */
  readonly atOnce?: number;
}

const byClient = (table: string): MovedTable => ({ table, of: 't.client_id = ?' });
const byParent = (table: string, column: string, parent: string): MovedTable => ({
  table,
  of: `EXISTS (SELECT 1 FROM ${parent} p WHERE p.id = t.${column} AND p.client_id = ?)`,
});

/** Rows that came in later wait: `waitingTable`. */
export const movedTables: readonly MovedTable[] = [
  { table: 'clients', of: 't.id = ?' },
  byClient('destinations'),
  byClient('destination_states'),
  byClient('authorisations'),
  byClient('mapping_versions'),
  byClient('notices'),
  byClient('instructions'),
  byClient('operations'),
  byClient('client_notes'),
  byClient('client_note_numbers'),
  byClient('rotated_secrets'),
  byClient('leads'),
  byClient('prospects'),
  byClient('lead_projects'),
  byClient('lead_origins'),
  byClient('lead_finances'),
  byClient('consents'),
  byClient('consent_ends'),
  byClient('interactions'),
  byClient('lead_revisions'),
  byClient('former_addresses'),
  byClient('routing_refusals'),
  byClient('intake_receipts'),
  byClient('oppositions'),
  byClient('erased_addresses'),
  byClient('client_anomalies'),
  byClient('entity_changes'),
  byClient('refused_rows'),
  byClient('batches'),
  byParent('file_acknowledgements', 'batch_id', 'batches'),
  byParent('slots', 'destination_id', 'destinations'),
  byParent('full_files', 'destination_id', 'destinations'),
  byClient('deliveries'),
  byClient('delivery_keys'),
  byParent('delivery_calls', 'delivery_id', 'deliveries'),
  byParent('delivery_targets', 'delivery_id', 'deliveries'),
  byParent('read_backs', 'delivery_id', 'deliveries'),
  byClient('task_closings'),
  byClient('requests'),
  byParent('request_subjects', 'request_id', 'requests'),
  byParent('request_effects', 'request_id', 'requests'),
  byClient('request_recipients'),
  byParent('request_documents', 'request_id', 'requests'),
  {
    table: 'request_document_parts',
    of: `EXISTS (SELECT 1 FROM request_documents p JOIN requests r ON r.id = p.request_id
                  WHERE p.id = t.document_id AND r.client_id = ?)`,
    atOnce: 4,
  },
  { table: 'lead_intake', of: "t.client_id = ? AND t.status = 'refused'" },
];

/** Rows of systems that still send to the former place. */
export const waitingTable: MovedTable = {
  table: 'lead_intake',
  of: "t.client_id = ? AND t.status IN ('new', 'moved')",
};
