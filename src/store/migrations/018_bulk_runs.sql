-- Bulk work of support: counted and confirmed once, worked in steps by any process, so that it does not end with the one
-- that began it. The request names filters and options, no person.
CREATE TABLE bulk_runs (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind VARCHAR(12) NOT NULL,
  state VARCHAR(12) NOT NULL DEFAULT 'running',
  filter TEXT NOT NULL,
  options TEXT NOT NULL,
  actor VARCHAR(120) NOT NULL,
  reason VARCHAR(200) NOT NULL,
  counted INT UNSIGNED NOT NULL,
  done INT UNSIGNED NOT NULL DEFAULT 0,
  refused INT UNSIGNED NOT NULL DEFAULT 0,
  results TEXT NOT NULL,
  last_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  lease_token INT UNSIGNED NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NULL,
  cancelled_by VARCHAR(120) NOT NULL DEFAULT '',
  cancel_reason VARCHAR(200) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ended_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  KEY bulk_runs_turn (state, updated_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What of a run is still to be done: exactly the deliveries that were counted. A line goes in the transaction that does it.
CREATE TABLE bulk_items (
  run_id BIGINT UNSIGNED NOT NULL,
  delivery_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (run_id, delivery_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
