-- Requests of prospects (C21-C25). A request speaks of a person at one client; nothing of the person stands here in clear: what was
-- given to find the leads, and the demand itself, are sealed under a key of the request's own and go with it.
CREATE TABLE requests (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  -- open, applied, closed
  state VARCHAR(12) NOT NULL DEFAULT 'open',
  received_at DATETIME(3) NOT NULL,
  -- The first instant past the term.
  due_at DATETIME(3) NOT NULL,
  extended_at DATETIME(3) NULL,
  extension_reason VARCHAR(200) NOT NULL DEFAULT '',
  -- Of an objection or a withdrawal: `purpose.channel`, separated by spaces.
  opt_ins VARCHAR(800) NOT NULL DEFAULT '',
  asked MEDIUMBLOB NULL,
  identity_checked_at DATETIME(3) NULL,
  identity_checked_by VARCHAR(120) NOT NULL DEFAULT '',
  identity_how VARCHAR(200) NOT NULL DEFAULT '',
  opened_at DATETIME(3) NOT NULL,
  opened_by VARCHAR(120) NOT NULL,
  confirmed_at DATETIME(3) NULL,
  confirmed_by VARCHAR(120) NOT NULL DEFAULT '',
  applied_at DATETIME(3) NULL,
  applied_by VARCHAR(120) NOT NULL DEFAULT '',
  -- Position of the hand-over log before and after it was applied.
  log_before BIGINT UNSIGNED NOT NULL DEFAULT 0,
  log_after BIGINT UNSIGNED NOT NULL DEFAULT 0,
  -- Of a restriction.
  lifted_at DATETIME(3) NULL,
  lifted_by VARCHAR(120) NOT NULL DEFAULT '',
  informed_at DATETIME(3) NULL,
  informed_by VARCHAR(120) NOT NULL DEFAULT '',
  informed_evidence VARCHAR(200) NOT NULL DEFAULT '',
  closed_at DATETIME(3) NULL,
  closed_by VARCHAR(120) NOT NULL DEFAULT '',
  outcome VARCHAR(12) NOT NULL DEFAULT '',
  outcome_reason VARCHAR(200) NOT NULL DEFAULT '',
  -- The last alert of its term: day_21, day_25, overdue.
  alerted VARCHAR(12) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY requests_client (client_id, id),
  KEY requests_due (state, due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Leads and refused rows found for a request, and what a person decided about each. A row's own reference is not repeated: it may
-- be anything.
CREATE TABLE request_subjects (
  request_id BIGINT UNSIGNED NOT NULL,
  -- lead, row
  kind VARCHAR(4) NOT NULL,
  subject_id BIGINT UNSIGNED NOT NULL,
  found VARCHAR(8) NOT NULL,
  -- proposed, confirmed, left_out
  decision VARCHAR(10) NOT NULL DEFAULT 'proposed',
  applied_at DATETIME(3) NULL,
  PRIMARY KEY (request_id, kind, subject_id),
  KEY request_subjects_subject (kind, subject_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What applying it changed: tables, columns and counts, for the proof (C23). Never a value.
CREATE TABLE request_effects (
  request_id BIGINT UNSIGNED NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  table_name VARCHAR(64) NOT NULL,
  columns_changed VARCHAR(2000) NOT NULL DEFAULT '',
  row_count INT UNSIGNED NOT NULL,
  PRIMARY KEY (request_id, lead_id, table_name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The prospect's demand, sealed, in parts of a megabyte; its name is sealed too, since people name files after themselves.
CREATE TABLE request_documents (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  request_id BIGINT UNSIGNED NOT NULL,
  name VARBINARY(600) NOT NULL,
  size INT UNSIGNED NOT NULL,
  added_at DATETIME(3) NOT NULL,
  added_by VARCHAR(120) NOT NULL,
  PRIMARY KEY (id),
  KEY request_documents_request (request_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE request_document_parts (
  document_id BIGINT UNSIGNED NOT NULL,
  part SMALLINT UNSIGNED NOT NULL,
  content MEDIUMBLOB NOT NULL,
  PRIMARY KEY (document_id, part)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE {keys}.request_secrets (
  request_id BIGINT UNSIGNED NOT NULL,
  -- 12 bytes nonce, 32 bytes sealed, 16 bytes tag.
  wrapped VARBINARY(60) NOT NULL,
  key_id VARCHAR(16) COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (request_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
