-- Which of the several targets of one delivery (mailboxes of one mail) have taken it, where not all took it at once: a retry or a
-- replay goes to the others. The targets are the client's, named in its mapping; no person stands here.
CREATE TABLE delivery_targets (
  delivery_id BIGINT UNSIGNED NOT NULL,
  target VARCHAR(320) COLLATE utf8mb4_bin NOT NULL,
  run SMALLINT UNSIGNED NOT NULL,
  attempt INT UNSIGNED NOT NULL,
  taken_at DATETIME(3) NOT NULL,
  PRIMARY KEY (delivery_id, target)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
