-- Verifications of the log that somebody asked for, and what they found. Nothing personal: ids, counts and codes.
CREATE TABLE log_verifications (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- As the log names who asked.
  actor VARCHAR(120) NOT NULL,
  -- The seal that was kept elsewhere, as given; empty: none.
  anchor VARCHAR(100) NOT NULL DEFAULT '',
  begun_at DATETIME(3) NOT NULL,
  -- When the process that works on it was last alive.
  seen_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  -- 1 while it runs, else NULL: one at a time.
  running TINYINT UNSIGNED NULL,
  entries BIGINT UNSIGNED NOT NULL DEFAULT 0,
  -- What was found, as JSON; NULL where it did not come to an end.
  result MEDIUMTEXT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY log_verifications_running (running)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
