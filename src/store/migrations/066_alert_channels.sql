-- Any number of channels: the names of those that accepted an alert, and when the last of them did.
ALTER TABLE alerts
  ADD COLUMN through VARCHAR(190) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  ADD COLUMN told_at DATETIME(3) NULL;
UPDATE alerts
  SET told_at = COALESCE(sent_at, mailed_at, hooked_at),
    through = TRIM(CONCAT(IF(mailed_at IS NULL, '', 'mail '), IF(hooked_at IS NULL, '', 'webhook')))
  WHERE sent_at IS NOT NULL OR mailed_at IS NOT NULL OR hooked_at IS NOT NULL;
ALTER TABLE alerts
  DROP COLUMN mailed_at,
  DROP COLUMN hooked_at;
