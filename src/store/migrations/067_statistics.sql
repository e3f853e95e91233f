-- Facts counted when a lead ended kept nothing: no eleven leads of a client end on one day in one cell of five dimensions.
DROP TABLE IF EXISTS lead_facts;
ALTER TABLE retention_items DROP COLUMN counted;

-- Months whose statistics were issued (C26 to C28). The counts are in a schema of their own, which this account cannot read.
CREATE TABLE statistics_editions (
  -- yyyy-MM, Paris.
  month CHAR(7) NOT NULL,
  -- `writing` until the counts are written: until then nobody has seen them.
  state VARCHAR(8) NOT NULL DEFAULT 'writing',
  PRIMARY KEY (month)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Cells in which a client was counted, to delete them once it withdraws its authorisation. No count, no lead.
CREATE TABLE statistics_parts (
  client_id VARCHAR(40) NOT NULL,
  month CHAR(7) NOT NULL,
  report VARCHAR(24) NOT NULL,
  category VARCHAR(48) NOT NULL,
  class VARCHAR(24) NOT NULL,
  PRIMARY KEY (client_id, month, report, category, class)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
