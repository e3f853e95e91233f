-- Invented leads that somebody sent to a destination to try it, and what was answered. Nobody's data: ids and codes.
CREATE TABLE test_leads (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(63) NOT NULL,
  destination_id VARCHAR(63) NOT NULL,
  -- As the recipient was told it: TEST-...
  reference VARCHAR(64) NOT NULL,
  -- sandbox: the client's own place for trials, as the mapping declares it; production: where its leads go.
  place VARCHAR(10) NOT NULL,
  actor VARCHAR(120) NOT NULL,
  sent_at DATETIME(3) NOT NULL,
  -- Empty until it is known; and for ever where the process was killed in between.
  outcome VARCHAR(20) NOT NULL DEFAULT '',
  reason VARCHAR(80) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY test_leads_recent (destination_id, sent_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Signing secrets that a recipient has renewed by itself, beside those the operator has put into files. Sealed: MySQL holds no value.
CREATE TABLE rotated_secrets (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(63) NOT NULL,
  destination_id VARCHAR(63) NOT NULL,
  -- As the mapping names it, without `secret:`.
  name VARCHAR(64) NOT NULL,
  sealed VARBINARY(255) NOT NULL,
  -- Keyed digest of the operator's own value at that moment: once the operator puts another one in, that one counts.
  over_value BINARY(32) NOT NULL,
  made_by VARCHAR(120) NOT NULL,
  made_at DATETIME(3) NOT NULL,
  -- Until then the one before it signs too.
  overlap_ends_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY rotated_secrets_destination (destination_id, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
