-- Deliveries of erased leads, long settled: the key that says there was one, and nothing else of it.
CREATE TABLE delivery_keys (
  client_id VARCHAR(40) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  revision INT UNSIGNED NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  action VARCHAR(8) NOT NULL,
  delivery_id BIGINT UNSIGNED NOT NULL,
  delivery_key CHAR(36) NOT NULL,
  state VARCHAR(12) NOT NULL,
  PRIMARY KEY (client_id, lead_id, revision, destination_id, action),
  UNIQUE KEY delivery_keys_key (delivery_key),
  KEY delivery_keys_lead (lead_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
