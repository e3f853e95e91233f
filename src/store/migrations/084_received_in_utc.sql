-- All times are in UTC. CURRENT_TIMESTAMP is in the time zone of the sender's session: where that is Paris, rows came an hour or two ahead.
ALTER TABLE lead_intake ALTER COLUMN received_at SET DEFAULT (UTC_TIMESTAMP(3));
