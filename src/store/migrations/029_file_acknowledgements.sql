-- Acknowledgements of files that are read line by line: which content of which piece was seen, and which was read to its end.
CREATE TABLE file_acknowledgements (
  batch_id BIGINT UNSIGNED NOT NULL,
  piece SMALLINT UNSIGNED NOT NULL,
  -- Keyed: it says whether the piece is another one, and nothing of what stands in it.
  digest BINARY(32) NOT NULL,
  -- seen: stood there once, it may still be growing; read: each line of it was heard; unreadable: told.
  state VARCHAR(12) COLLATE utf8mb4_bin NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  PRIMARY KEY (batch_id, piece)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE batches
  -- When the acknowledgement of a file that has ended is looked at again: it may be replaced by another.
  ADD COLUMN look_at DATETIME(3) NULL,
  ADD COLUMN looks SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  ADD KEY batches_look (look_at);
