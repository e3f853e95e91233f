-- When the present run of a delivery was opened; NULL in its first. How long it waits is counted from there.
ALTER TABLE deliveries ADD COLUMN reopened_at DATETIME(3) NULL;
