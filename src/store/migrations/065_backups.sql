-- Backups that `relais backup run` completed: health and alerts ask for the newest. The files have the rest in their manifest.
CREATE TABLE backups (
  name VARCHAR(40) NOT NULL,
  ended_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  bytes BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (name),
  KEY backups_ended (ended_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Erasures and deletions that the ledger outside the database lacks: inserted with the act, removed once their line is on the disk.
CREATE TABLE erasures_unwritten (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  act VARCHAR(12) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  reference VARCHAR(64) NOT NULL DEFAULT '',
  -- Digests of the addresses, 32 bytes each, as in erased_addresses.
  addresses BLOB NULL,
  at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A restore into this database. Until a person opens it every process reads only.
CREATE TABLE restores (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  backup VARCHAR(40) NOT NULL,
  begun_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  applied_at DATETIME(3) NULL,
  opened_at DATETIME(3) NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
