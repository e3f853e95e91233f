-- Keys this installation was created with, or was given since. The keys themselves never reach MySQL: `check_value` is a
-- MAC that only the key can make. The highest generation of a purpose writes.
CREATE TABLE installation_keys (
  -- master, seal
  purpose VARCHAR(8) NOT NULL,
  generation INT UNSIGNED NOT NULL,
  key_id VARCHAR(16) NOT NULL,
  check_value BINARY(32) NOT NULL,
  registered_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  -- Nothing is encrypted under it any more.
  retired_at DATETIME(3) NULL,
  PRIMARY KEY (purpose, generation),
  UNIQUE KEY installation_keys_id (purpose, key_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Keys that must outlive the master key, encrypted under it: `intake` makes the digests by which a row is known again.
CREATE TABLE wrapped_keys (
  name VARCHAR(20) NOT NULL,
  wrapped VARBINARY(60) NOT NULL,
  key_id VARCHAR(16) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The key it is encrypted under; empty: written before keys had names.
ALTER TABLE {keys}.lead_secrets ADD COLUMN key_id VARCHAR(16) COLLATE utf8mb4_bin NOT NULL DEFAULT '';
ALTER TABLE batches ADD COLUMN content_key VARCHAR(16) COLLATE utf8mb4_bin NOT NULL DEFAULT '';
