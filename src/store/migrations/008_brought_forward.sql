-- The run in which a neighbour's success brought the next try forward: once a run.
ALTER TABLE deliveries
  ADD COLUMN forwarded_run SMALLINT UNSIGNED NOT NULL DEFAULT 0;
