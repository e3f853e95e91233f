-- The end of a client's contract (C55): from now on nothing of it comes in, nothing leaves.
ALTER TABLE clients ADD COLUMN closed_at DATETIME(3) NULL;

-- How far the end of a contract has come: closed, returned, deleted. Counts and names of files; nothing of a person.
CREATE TABLE client_closings (
  client_id VARCHAR(40) NOT NULL,
  state VARCHAR(12) NOT NULL DEFAULT 'closed',
  -- The client's written instruction it follows.
  instruction INT UNSIGNED NOT NULL,
  reason VARCHAR(200) NOT NULL,
  actor VARCHAR(120) NOT NULL,
  closed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  -- Civil date in Europe/Paris: gone by that day.
  delete_on DATE NOT NULL,
  -- Rows of each table and the place in the log when it was closed, as JSON: what the proof counts from.
  held LONGTEXT NOT NULL,
  returned_at DATETIME(3) NULL,
  file_name VARCHAR(255) NOT NULL DEFAULT '',
  file_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
  file_digest BINARY(32) NULL,
  deleted_at DATETIME(3) NULL,
  proof BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (client_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
