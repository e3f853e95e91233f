-- Tokens and sessions by which recipients let us in, one for all processes; encrypted under a key derived from the master key.
CREATE TABLE access_credentials (
  -- Keyed digest of the client, of what it is got with, and of the secrets used: another secret is another row.
  name BINARY(32) NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  -- Grows with each one that was got.
  version INT UNSIGNED NOT NULL DEFAULT 0,
  sealed BLOB NULL,
  key_id VARCHAR(16) NOT NULL DEFAULT '',
  got_at DATETIME(3) NULL,
  -- NULL: until it is refused.
  expires_at DATETIME(3) NULL,
  -- Why none was given at the last try, how often in a row, and when it may be asked for again; NULL: not by itself.
  refusal VARCHAR(64) NOT NULL DEFAULT '',
  refusals INT UNSIGNED NOT NULL DEFAULT 0,
  again_at DATETIME(3) NULL,
  -- Who is getting the next one, and until when nobody else may.
  getter VARCHAR(40) NOT NULL DEFAULT '',
  get_until DATETIME(3) NULL,
  seen_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (name),
  KEY access_credentials_seen (seen_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
