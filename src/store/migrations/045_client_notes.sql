-- Written notes (C48): every change made on a client's instruction, numbered per client without gaps.
CREATE TABLE client_notes (
  client_id VARCHAR(40) NOT NULL,
  number INT UNSIGNED NOT NULL,
  written_at DATETIME(3) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  destination_id VARCHAR(60) NOT NULL DEFAULT '',
  mapping_version_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  title VARCHAR(200) NOT NULL,
  -- What was changed, line by line, in French, as JSON: names of fields and of settings, never a person's value.
  changes LONGTEXT NOT NULL,
  asked_by VARCHAR(160) NOT NULL,
  done_by VARCHAR(120) NOT NULL,
  -- The client's written instruction it follows (C53), 0 where there is none.
  instruction INT UNSIGNED NOT NULL DEFAULT 0,
  document VARCHAR(200) NOT NULL DEFAULT '',
  PRIMARY KEY (client_id, number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Locked by who writes a note until that one has committed: a note that is rolled back gives its number back.
CREATE TABLE client_note_numbers (
  client_id VARCHAR(40) NOT NULL,
  last_number INT UNSIGNED NOT NULL,
  PRIMARY KEY (client_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
