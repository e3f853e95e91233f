-- Grows with every publication: what intake remembers of a client's contract holds while it stands.
ALTER TABLE clients ADD COLUMN facts_revision INT UNSIGNED NOT NULL DEFAULT 0;

-- What does not conform in the leads of a client: counted by day, never refused. `slot` spreads each count over four lines, so that
-- intakes do not wait for each other; each line keeps one lead as its example, 0 once that lead has gone. No value of a person.
CREATE TABLE client_anomalies (
  client_id VARCHAR(40) NOT NULL,
  -- Civil day in Paris, yyyy-MM-dd.
  day CHAR(10) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  channel VARCHAR(16) NOT NULL,
  -- Code of the form or agent; '' where none is known.
  source VARCHAR(64) NOT NULL,
  -- Version of a notice, an opt-in, or the code of a seller.
  detail VARCHAR(64) NOT NULL,
  slot TINYINT UNSIGNED NOT NULL,
  leads INT UNSIGNED NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (client_id, day, kind, channel, source, detail, slot),
  KEY client_anomalies_lead (lead_id),
  KEY client_anomalies_day (day)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Addresses that a lead had before it was corrected, by the keyed digests of the opposition list. They go with the lead.
CREATE TABLE former_addresses (
  lead_id BIGINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  digest BINARY(32) NOT NULL,
  PRIMARY KEY (lead_id, digest)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A version came into force that no longer counts a legal entity: the phone grants that name it end at this destination (C16b).
CREATE TABLE entity_changes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  -- Names that counted before, as JSON; an empty list counted every name.
  before_names LONGTEXT NOT NULL,
  -- Leads behind the first, up to the second, are still to be looked at.
  after_lead BIGINT UNSIGNED NOT NULL,
  until_lead BIGINT UNSIGNED NOT NULL,
  due_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  noted_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  KEY entity_changes_due (due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The standing phone grants of a client.
ALTER TABLE consent_ends ADD KEY consent_ends_client (client_id, lead_id);

-- The end of a consent may name its opt-in and a destination.
ALTER TABLE lead_changes MODIFY kind VARCHAR(120) COLLATE utf8mb4_bin NOT NULL;

-- What has stood three years is found by its date.
ALTER TABLE oppositions ADD KEY oppositions_recorded (recorded_at);
