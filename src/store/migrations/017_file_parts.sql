-- The bytes of a file past its first part, which stands in batches.content: cut, so that no statement grows with the file,
-- whatever the server's max_allowed_packet. They go with batches.content.
CREATE TABLE batch_parts (
  batch_id BIGINT UNSIGNED NOT NULL,
  part INT UNSIGNED NOT NULL,
  content MEDIUMBLOB NOT NULL,
  PRIMARY KEY (batch_id, part)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
