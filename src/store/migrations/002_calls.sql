-- Several calls for one delivery: what became of each, so that a retry resumes at the call that failed and nothing is
-- created twice. A delivery that is one call has no row here.
CREATE TABLE delivery_calls (
  delivery_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(24) NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  departures INT UNSIGNED NOT NULL DEFAULT 0,
  -- Run and attempt of its last departure, and what it wrote then.
  run SMALLINT UNSIGNED NOT NULL,
  attempt INT UNSIGNED NOT NULL,
  sent_revision INT UNSIGNED NOT NULL,
  sent_mapping_id BIGINT UNSIGNED NOT NULL,
  -- Empty while it is on its way.
  outcome VARCHAR(16) NOT NULL DEFAULT '',
  maybe_received TINYINT NOT NULL DEFAULT 0,
  -- 1: the recipient proved it has it; it is not sent again.
  done TINYINT NOT NULL DEFAULT 0,
  -- Ids the recipient gave, {"id": 42}: references, erased with the lead like recipient_reference.
  captures VARCHAR(2000) NULL,
  departed_at DATETIME(3) NOT NULL,
  settled_at DATETIME(3) NULL,
  PRIMARY KEY (delivery_id, name),
  KEY delivery_calls_lead (lead_id, destination_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which call of its delivery an entry tells of; empty where the delivery is one call.
ALTER TABLE handovers ADD COLUMN call_name VARCHAR(24) COLLATE utf8mb4_bin NOT NULL DEFAULT '';
