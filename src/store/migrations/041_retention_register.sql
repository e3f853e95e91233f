-- The client's written instructions (C53), numbered for each client: whatever departs from the charter's own rules cites one.
CREATE TABLE instructions (
  client_id VARCHAR(40) NOT NULL,
  number INT UNSIGNED NOT NULL,
  given_on DATE NOT NULL,
  given_by VARCHAR(120) NOT NULL,
  document VARCHAR(200) NOT NULL,
  -- What it covers, separated by commas: retention, proofs, recipients, opt_in, data.
  covers VARCHAR(80) NOT NULL,
  -- '': all of the client's.
  operation VARCHAR(64) NOT NULL DEFAULT '',
  recorded_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  recorded_by VARCHAR(120) NOT NULL,
  PRIMARY KEY (client_id, number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Operations of a client as the contract has them (C30, C31, C35). Code '': the client's requests of no recorded operation.
CREATE TABLE operations (
  client_id VARCHAR(40) NOT NULL,
  code VARCHAR(64) NOT NULL,
  kind VARCHAR(12) NOT NULL,
  -- Its last day, of one-off operations.
  ends_on DATE NULL,
  -- Another delay than the charter's, by the instruction: after the end, or after the last voluntary sign.
  delay_count SMALLINT UNSIGNED NULL,
  delay_unit VARCHAR(8) NULL,
  instruction INT UNSIGNED NOT NULL DEFAULT 0,
  recorded_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  recorded_by VARCHAR(120) NOT NULL,
  PRIMARY KEY (client_id, code)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Leads whose time may have come, found without reading the others.
ALTER TABLE leads
  ADD KEY leads_collected (client_id, collected_at),
  ADD KEY leads_operation (client_id, operation);
