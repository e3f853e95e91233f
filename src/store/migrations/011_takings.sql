-- Which rows a planner is working on, committed before it begins: what a process left behind when it died names the row
-- that took it down. And snapshots in parts, so that no statement grows with the lead.

CREATE TABLE takings (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- intake: rows of lead_intake; plan: lines of lead_changes.
  work VARCHAR(8) NOT NULL,
  -- Ids, separated by commas.
  items MEDIUMTEXT NOT NULL,
  taken_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE lead_revisions
  ADD COLUMN part SMALLINT UNSIGNED NOT NULL DEFAULT 0 AFTER revision,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (lead_id, revision, part);
