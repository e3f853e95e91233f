-- What became of deliveries, by destination and hour, counted once from the sealed log: plots ask this and never the log.
-- Numbers only, nothing of a person.
CREATE TABLE destination_hours (
  destination_id VARCHAR(60) NOT NULL,
  -- Its beginning, UTC.
  hour DATETIME(3) NOT NULL,
  -- delivered, failed, withheld.
  what VARCHAR(12) NOT NULL,
  -- Of what was delivered, how long it took: a step of the scale in domain/time-scale.ts. 0 where that is not known.
  step SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  count INT UNSIGNED NOT NULL,
  PRIMARY KEY (destination_id, hour, what, step),
  KEY destination_hours_hour (hour)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row: the last seal whose entries are counted.
CREATE TABLE counted_seals (
  id TINYINT UNSIGNED NOT NULL,
  sequence BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
