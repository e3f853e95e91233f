-- Months of the log that stand in a file outside: from seal to seal, with the MAC of the file. The owner adds, the gateway reads.
CREATE TABLE log_archives (
  last_seal BIGINT UNSIGNED NOT NULL,
  first_seal BIGINT UNSIGNED NOT NULL,
  file_name VARCHAR(120) NOT NULL,
  entries BIGINT UNSIGNED NOT NULL,
  -- SHA-256 of the file, and the MAC over this row under the seal key: nobody without the key can call entries archived.
  digest BINARY(32) NOT NULL,
  mac BINARY(32) NOT NULL,
  archived_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (last_seal)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Ids of the entries in archives, merged where they touch.
CREATE TABLE log_archived_ranges (
  from_id BIGINT UNSIGNED NOT NULL,
  to_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (from_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- An entry may go once it stands in an archive, never before. The gateway's account still has no right to delete at all.
DROP TRIGGER handovers_no_delete;

CREATE TRIGGER handovers_no_delete BEFORE DELETE ON handovers FOR EACH ROW
  IF NOT EXISTS (SELECT 1 FROM log_archived_ranges WHERE from_id <= OLD.id AND to_id >= OLD.id) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the hand-over log is append-only'; END IF;

CREATE TRIGGER log_archives_no_update BEFORE UPDATE ON log_archives FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'archives of the log are append-only';

CREATE TRIGGER log_archives_no_delete BEFORE DELETE ON log_archives FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'archives of the log are append-only';
