// Lists every table: whether its rows move with a client to another installation, and how they are found (C36). Pure.
// Invariant: every table of the schema is in one of the two lists; a test compares them with the schema.

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
  byClient('notices'),
  byClient('mapping_versions'),
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

/** Rows that stay, and why. */
export const leftTables: Readonly<Record<string, string>> = {
  handovers: 'the log stays where it was written, and is cited',
  handovers_unsealed: 'the log',
  seals: 'the log',
  counted_seals: 'the log',
  day_seals: 'the log',
  log_archives: 'the log',
  log_archived_ranges: 'the log',
  log_verifications: 'the log',
  event_cursors: 'the log',
  lead_changes: 'planned before anything is moved',
  alerts: 'about this installation; tasks follow from deliveries',
  client_mails: 'sent from here',
  client_closings: 'the move itself',
  proofs: 'signed here, and checked with the key of this place',
  proof_documents: 'proofs',
  proof_leads: 'proofs',
  retention_runs: 'history of this place',
  retention_items: 'retention_runs',
  erasures_unwritten: 'the ledger of this place',
  access_credentials: 'asked for anew',
  test_leads: 'of this place',
  batch_parts: 'a file under way ends before the move',
  bulk_runs: 'of this place',
  bulk_items: 'bulk_runs',
  takings: 'of processes',
  processes: 'of processes',
  accounts: 'accounts of the console belong to an installation',
  account_identities: 'accounts',
  recovery_codes: 'accounts',
  sessions: 'accounts',
  sign_in_tries: 'accounts',
  saved_views: 'accounts',
  staff_names: 'accounts',
  api_keys: 'accounts',
  idempotency_keys: 'api_keys',
  destination_hours: 'counts of this place',
  statistics_editions: 'counts of this place',
  statistics_parts: 'counts of this place',
  installation_lives: 'of this place',
  installation_keys: 'of this place',
  wrapped_keys: 'of this place; the key of digests is taken over',
  backups: 'of this place',
  backup_tests: 'of this place',
  restores: 'of this place',
  instances: 'of this place',
  dedication: 'of this place',
  database_readers: 'of this place',
  schema_migrations: 'of this place',
  schema_migration_steps: 'of this place',
};
