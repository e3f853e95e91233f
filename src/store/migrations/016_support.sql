-- What support has dealt with: a failed delivery, in the run it failed in, that needs nobody any more. A later run is open again.
CREATE TABLE task_closings (
  delivery_id BIGINT UNSIGNED NOT NULL,
  run SMALLINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  closed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (delivery_id, run),
  KEY task_closings_destination (destination_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The same for alerts that belong to no failed delivery.
ALTER TABLE alerts
  ADD COLUMN closed_at DATETIME(3) NULL,
  ADD KEY alerts_open (closed_at, kind),
  ADD KEY alerts_delivery (delivery_id);

-- Which processes of the gateway are alive: each writes its line every few seconds and takes it out when it stops.
CREATE TABLE processes (
  name VARCHAR(80) NOT NULL,
  role VARCHAR(12) NOT NULL,
  version VARCHAR(20) NOT NULL,
  started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  seen_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (name, role)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Names are looked for as they are spoken: without regard to capitals and accents.
ALTER TABLE prospects
  MODIFY last_name VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
  MODIFY first_name VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
  ADD KEY prospects_name (client_id, last_name);
