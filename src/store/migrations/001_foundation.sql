-- The memory of Relais. Every table names its collation: references compare byte by byte (utf8mb4_bin),
-- so that AB-1 and ab-1 never meet. Times are UTC, DATETIME(3). `{keys}` is the schema of the per-lead secrets.

-- ---------------------------------------------------------------- who, and under which rules

CREATE TABLE clients (
  id VARCHAR(40) NOT NULL,
  name VARCHAR(120) NOT NULL,
  legal_entity VARCHAR(160) NOT NULL,
  facts LONGTEXT NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE destinations (
  id VARCHAR(60) NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  connector VARCHAR(20) NOT NULL,
  status VARCHAR(12) NOT NULL DEFAULT 'active',
  status_reason VARCHAR(200) NOT NULL DEFAULT '',
  mapping_version_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  -- Leads created before this instant are not backfilled.
  leads_from DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  KEY destinations_client (client_id),
  CONSTRAINT destinations_client_fk FOREIGN KEY (client_id) REFERENCES clients (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What changes while deliveries run: circuit, rate window, file sequence. Locked by every claim of the destination.
CREATE TABLE destination_states (
  destination_id VARCHAR(60) NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  circuit LONGTEXT NOT NULL,
  held TINYINT NOT NULL DEFAULT 0,
  window_start DATETIME(3) NULL,
  window_count INT UNSIGNED NOT NULL DEFAULT 0,
  next_sequence INT UNSIGNED NOT NULL DEFAULT 1,
  PRIMARY KEY (destination_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE mapping_versions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  version INT UNSIGNED NOT NULL,
  -- MappingSources as JSON: the exact text of every file it was made of.
  sources LONGTEXT NOT NULL,
  fingerprint CHAR(64) NOT NULL,
  author VARCHAR(120) NOT NULL,
  note VARCHAR(500) NOT NULL DEFAULT '',
  published_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY mapping_versions_version (destination_id, version),
  CONSTRAINT mapping_versions_destination_fk FOREIGN KEY (destination_id) REFERENCES destinations (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE authorisations (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  recipient VARCHAR(160) NOT NULL,
  targets LONGTEXT NOT NULL,
  categories LONGTEXT NOT NULL,
  document_ref VARCHAR(200) NOT NULL,
  valid_from DATETIME(3) NOT NULL,
  valid_until DATETIME(3) NULL,
  granted_by VARCHAR(120) NOT NULL,
  revoked_at DATETIME(3) NULL,
  revoked_by VARCHAR(120) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  KEY authorisations_destination (client_id, destination_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE notices (
  client_id VARCHAR(40) NOT NULL,
  version VARCHAR(40) NOT NULL,
  channel VARCHAR(16) NOT NULL,
  wording TEXT NOT NULL,
  valid_from DATETIME(3) NOT NULL,
  PRIMARY KEY (client_id, version, channel)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- ---------------------------------------------------------------- what comes in

-- INSERT-only for its account. Text columns are wider than the contract allows, so that a value too long
-- becomes a refusal that says so instead of being cut by a lenient session.
CREATE TABLE lead_intake (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(100) NOT NULL,
  kind VARCHAR(40) NOT NULL DEFAULT 'lead',
  reference VARCHAR(200) NOT NULL,
  row_reference VARCHAR(200) NOT NULL DEFAULT '',
  channel VARCHAR(100) NULL,
  collected_at DATETIME(3) NULL,
  operation VARCHAR(200) NULL,
  operation_kind VARCHAR(100) NULL,
  notice VARCHAR(200) NULL,
  civility VARCHAR(100) NULL,
  last_name VARCHAR(500) NULL,
  first_name VARCHAR(500) NULL,
  email VARCHAR(500) NULL,
  mobile VARCHAR(100) NULL,
  landline VARCHAR(100) NULL,
  address_line1 VARCHAR(500) NULL,
  address_line2 VARCHAR(500) NULL,
  postcode VARCHAR(100) NULL,
  city VARCHAR(500) NULL,
  country VARCHAR(100) NULL,
  programme VARCHAR(200) NULL,
  housing_type VARCHAR(100) NULL,
  rooms INT NULL,
  surface_min DECIMAL(14,2) NULL,
  surface_max DECIMAL(14,2) NULL,
  housing_use VARCHAR(100) NULL,
  budget_min DECIMAL(14,2) NULL,
  budget_max DECIMAL(14,2) NULL,
  location VARCHAR(500) NULL,
  comment TEXT NULL,
  origin_type VARCHAR(200) NULL,
  origin_media VARCHAR(200) NULL,
  origin_support VARCHAR(500) NULL,
  recording VARCHAR(500) NULL,
  commune VARCHAR(100) NULL,
  commune_name VARCHAR(300) NULL,
  departement VARCHAR(100) NULL,
  talk_started_at DATETIME(3) NULL,
  talk_duration INT NULL,
  contribution DECIMAL(14,2) NULL,
  resale DECIMAL(14,2) NULL,
  reference_tax_income DECIMAL(14,2) NULL,
  rent DECIMAL(14,2) NULL,
  tax_bracket DECIMAL(14,2) NULL,
  consents LONGTEXT NULL,
  interactions LONGTEXT NULL,
  clear_fields VARCHAR(2000) NULL,
  received_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  status VARCHAR(8) NOT NULL DEFAULT 'new',
  refusal TEXT NULL,
  settled_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  KEY lead_intake_status (status, id),
  KEY lead_intake_reference (client_id, reference)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One line per row taken in, so that the same row never counts twice. `digest` is keyed: no plain hash of a person.
CREATE TABLE intake_receipts (
  client_id VARCHAR(40) NOT NULL,
  kind VARCHAR(12) NOT NULL,
  row_reference VARCHAR(64) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  digest BINARY(32) NOT NULL,
  received_at DATETIME(3) NOT NULL,
  accepted_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (client_id, kind, row_reference),
  KEY intake_receipts_lead (lead_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE leads (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  reference VARCHAR(64) NOT NULL,
  revision INT UNSIGNED NOT NULL DEFAULT 1,
  -- Grows only with consent events and erasure: what a right may change.
  consent_revision INT UNSIGNED NOT NULL DEFAULT 1,
  channel VARCHAR(16) NOT NULL,
  collected_at DATETIME(3) NOT NULL,
  operation VARCHAR(64) NULL,
  operation_kind VARCHAR(12) NOT NULL,
  notice VARCHAR(40) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  changed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  erased_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY leads_reference (client_id, reference),
  KEY leads_created (client_id, created_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Category identity (C05).
CREATE TABLE prospects (
  lead_id BIGINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  civility VARCHAR(8) NULL,
  last_name VARCHAR(120) NULL,
  first_name VARCHAR(120) NULL,
  email VARCHAR(254) COLLATE utf8mb4_unicode_ci NULL,
  mobile VARCHAR(20) NULL,
  landline VARCHAR(20) NULL,
  address_line1 VARCHAR(160) NULL,
  address_line2 VARCHAR(160) NULL,
  postcode VARCHAR(12) NULL,
  city VARCHAR(120) NULL,
  country CHAR(2) NULL,
  PRIMARY KEY (lead_id),
  KEY prospects_email (client_id, email),
  KEY prospects_mobile (client_id, mobile),
  KEY prospects_landline (client_id, landline),
  CONSTRAINT prospects_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Category project (C06).
CREATE TABLE lead_projects (
  lead_id BIGINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  programme VARCHAR(64) NULL,
  housing_type VARCHAR(16) NULL,
  rooms SMALLINT UNSIGNED NULL,
  surface_min DECIMAL(8,2) NULL,
  surface_max DECIMAL(8,2) NULL,
  housing_use VARCHAR(20) NULL,
  budget_min DECIMAL(12,2) NULL,
  budget_max DECIMAL(12,2) NULL,
  location VARCHAR(160) NULL,
  comment TEXT NULL,
  PRIMARY KEY (lead_id),
  CONSTRAINT lead_projects_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Category statistical (C07): apart, so that anonymising can keep it.
CREATE TABLE lead_origins (
  lead_id BIGINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  origin_type VARCHAR(40) NULL,
  media VARCHAR(64) NULL,
  support VARCHAR(120) NULL,
  recording VARCHAR(200) NULL,
  commune CHAR(5) NULL,
  commune_name VARCHAR(80) NULL,
  departement VARCHAR(3) NULL,
  talk_started_at DATETIME(3) NULL,
  talk_duration INT UNSIGNED NULL,
  PRIMARY KEY (lead_id),
  CONSTRAINT lead_origins_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Category financial (C10): a row only when something was said.
CREATE TABLE lead_finances (
  lead_id BIGINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  contribution DECIMAL(12,2) NULL,
  resale DECIMAL(12,2) NULL,
  reference_tax_income DECIMAL(12,2) NULL,
  rent DECIMAL(10,2) NULL,
  tax_bracket DECIMAL(5,2) NULL,
  PRIMARY KEY (lead_id),
  CONSTRAINT lead_finances_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Every answer as an event (C16); the one in force is folded in domain/consent.
CREATE TABLE consents (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  purpose VARCHAR(16) NOT NULL,
  channel VARCHAR(8) NOT NULL,
  state VARCHAR(12) NOT NULL,
  recorded_at DATETIME(3) NOT NULL,
  wording_version VARCHAR(40) NULL,
  legal_entity VARCHAR(160) NULL,
  valid_until DATETIME(3) NULL,
  source VARCHAR(64) NULL,
  PRIMARY KEY (id),
  KEY consents_lead (lead_id),
  CONSTRAINT consents_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE interactions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  kind VARCHAR(20) NOT NULL,
  happened_at DATETIME(3) NOT NULL,
  duration INT UNSIGNED NULL,
  voluntary TINYINT NOT NULL,
  content TEXT NULL,
  PRIMARY KEY (id),
  KEY interactions_lead (lead_id, happened_at),
  CONSTRAINT interactions_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What the planner has to look at; a line is deleted in the transaction that planned it.
CREATE TABLE lead_changes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- 0 fresh, 1 backfilled: a fresh lead is never planned behind a backfill.
  priority TINYINT UNSIGNED NOT NULL DEFAULT 0,
  client_id VARCHAR(40) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  revision INT UNSIGNED NOT NULL,
  -- created, corrected, consent, interaction, erased; or backfill:<destination>.
  kind VARCHAR(80) NOT NULL,
  changed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  KEY lead_changes_next (priority, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A change that no destination takes: visible, never silent.
CREATE TABLE routing_refusals (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  revision INT UNSIGNED NOT NULL,
  destination_id VARCHAR(60) NOT NULL DEFAULT '',
  reason VARCHAR(80) NOT NULL,
  refused_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY routing_refusals_once (client_id, lead_id, revision, destination_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- An earlier revision that a recipient may already hold: kept, encrypted under the lead's secret, until its delivery settles.
CREATE TABLE lead_revisions (
  lead_id BIGINT UNSIGNED NOT NULL,
  revision INT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  content LONGBLOB NOT NULL,
  PRIMARY KEY (lead_id, revision),
  CONSTRAINT lead_revisions_lead_fk FOREIGN KEY (lead_id) REFERENCES leads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- ---------------------------------------------------------------- what is owed and what was done

CREATE TABLE deliveries (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  revision INT UNSIGNED NOT NULL,
  action VARCHAR(8) NOT NULL,
  delivery_key CHAR(36) NOT NULL,
  state VARCHAR(12) NOT NULL,
  reason VARCHAR(80) NOT NULL DEFAULT '',
  -- 0 fresh, 1 replayed or backfilled: fresh leads never queue behind a replay.
  priority TINYINT UNSIGNED NOT NULL DEFAULT 0,
  run SMALLINT UNSIGNED NOT NULL DEFAULT 1,
  -- Run that names the idempotency key: grows only when a replay follows a definite refusal.
  key_run SMALLINT UNSIGNED NOT NULL DEFAULT 1,
  -- Attempts of this run, for the job id; `spent` counts those that count against the schedule.
  attempt INT UNSIGNED NOT NULL DEFAULT 0,
  spent INT UNSIGNED NOT NULL DEFAULT 0,
  departures INT UNSIGNED NOT NULL DEFAULT 0,
  departed_attempt INT UNSIGNED NOT NULL DEFAULT 0,
  maybe_received TINYINT NOT NULL DEFAULT 0,
  ask_first TINYINT NOT NULL DEFAULT 0,
  sent_revision INT UNSIGNED NOT NULL DEFAULT 0,
  sent_mapping_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  due_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  queued_at DATETIME(3) NULL,
  pending_since DATETIME(3) NULL,
  lease_token BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  lease_owner VARCHAR(64) NULL,
  batch_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  recipient_reference VARCHAR(200) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  first_departed_at DATETIME(3) NULL,
  settled_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY deliveries_once (client_id, lead_id, revision, destination_id, action),
  UNIQUE KEY deliveries_key (delivery_key),
  KEY deliveries_due (state, destination_id, priority, due_at, id),
  KEY deliveries_expiry (state, expires_at),
  KEY deliveries_lead (lead_id, destination_id, id),
  KEY deliveries_destination (destination_id, id),
  KEY deliveries_batch (batch_id),
  KEY deliveries_client (client_id, created_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE batches (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  -- Given when the file is first written; NULL before, so that an empty batch leaves no gap.
  sequence INT UNSIGNED NULL,
  slot_at DATETIME(3) NOT NULL,
  -- open: collecting; written: bytes fixed; sent: accepted; voided: replaced by a later sequence; empty: nothing left in it.
  state VARCHAR(12) NOT NULL,
  attempt INT UNSIGNED NOT NULL DEFAULT 0,
  due_at DATETIME(3) NOT NULL,
  queued_at DATETIME(3) NULL,
  file_name VARCHAR(200) NOT NULL DEFAULT '',
  media_type VARCHAR(80) NOT NULL DEFAULT '',
  extension VARCHAR(12) NOT NULL DEFAULT '',
  rows_count INT UNSIGNED NOT NULL DEFAULT 0,
  -- AES-256-GCM under the master key; blanked once the file is accepted.
  content LONGBLOB NULL,
  written_at DATETIME(3) NULL,
  mapping_version_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  settled_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY batches_sequence (destination_id, sequence),
  KEY batches_due (state, due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Moments at which a file is due: by schedule, or asked for by support. A slot is taken once, by one planner.
CREATE TABLE slots (
  destination_id VARCHAR(60) NOT NULL,
  slot_at DATETIME(3) NOT NULL,
  state VARCHAR(8) NOT NULL DEFAULT 'due',
  asked_by VARCHAR(120) NOT NULL DEFAULT 'schedule',
  taken_at DATETIME(3) NULL,
  PRIMARY KEY (destination_id, slot_at),
  KEY slots_state (state, slot_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The append-only log of passages de relais (C09). Ids, codes, names of fields: no personal data.
CREATE TABLE handovers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  at DATETIME(6) NOT NULL,
  entry VARCHAR(24) NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL DEFAULT '',
  delivery_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lead_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  batch_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  run SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  attempt INT UNSIGNED NOT NULL DEFAULT 0,
  action VARCHAR(8) NOT NULL DEFAULT '',
  actor VARCHAR(120) NOT NULL DEFAULT '',
  -- Typed by a member of staff for a replay or a look-up; checked to hold no mail address or phone number.
  purpose VARCHAR(200) NOT NULL DEFAULT '',
  connector VARCHAR(20) NOT NULL DEFAULT '',
  recipient VARCHAR(160) NOT NULL DEFAULT '',
  target VARCHAR(200) NOT NULL DEFAULT '',
  authorisation_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  mapping_version_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lead_revision INT UNSIGNED NOT NULL DEFAULT 0,
  fields TEXT NULL,
  consents TEXT NULL,
  digest VARBINARY(32) NULL,
  bytes INT UNSIGNED NOT NULL DEFAULT 0,
  file_name VARCHAR(200) NOT NULL DEFAULT '',
  outcome VARCHAR(16) NOT NULL DEFAULT '',
  reason VARCHAR(80) NOT NULL DEFAULT '',
  status SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  answer_bytes INT UNSIGNED NOT NULL DEFAULT 0,
  duration_ms INT UNSIGNED NOT NULL DEFAULT 0,
  next_step VARCHAR(16) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY handovers_delivery (delivery_id, id),
  KEY handovers_lead (lead_id, id),
  KEY handovers_destination (destination_id, at),
  KEY handovers_client (client_id, at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE handovers_unsealed (
  handover_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (handover_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE seals (
  sequence BIGINT UNSIGNED NOT NULL,
  sealed_at DATETIME(3) NOT NULL,
  -- Ids covered, as ranges `1-5,7`; one truncated MAC of 16 bytes each, in id order.
  entries LONGTEXT NOT NULL,
  entry_macs LONGBLOB NOT NULL,
  count INT UNSIGNED NOT NULL,
  previous BINARY(32) NOT NULL,
  mac BINARY(32) NOT NULL,
  PRIMARY KEY (sequence)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE alerts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind VARCHAR(32) NOT NULL,
  client_id VARCHAR(40) NOT NULL DEFAULT '',
  destination_id VARCHAR(60) NOT NULL DEFAULT '',
  delivery_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  reason VARCHAR(80) NOT NULL DEFAULT '',
  raised_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  sent_at DATETIME(3) NULL,
  next_try_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  tries INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY alerts_due (sent_at, next_try_at),
  KEY alerts_kind (kind, destination_id, raised_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- ---------------------------------------------------------------- per-lead secrets, in a schema of their own (left out of dumps)

CREATE TABLE {keys}.lead_secrets (
  lead_id BIGINT UNSIGNED NOT NULL,
  -- 12 bytes nonce, 32 bytes sealed, 16 bytes tag.
  wrapped VARBINARY(60) NOT NULL,
  PRIMARY KEY (lead_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- ---------------------------------------------------------------- the log cannot be rewritten

CREATE TRIGGER handovers_no_update BEFORE UPDATE ON handovers FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the hand-over log is append-only';

CREATE TRIGGER handovers_no_delete BEFORE DELETE ON handovers FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the hand-over log is append-only';

CREATE TRIGGER seals_no_update BEFORE UPDATE ON seals FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the seals are append-only';

CREATE TRIGGER seals_no_delete BEFORE DELETE ON seals FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the seals are append-only';
