-- What got through by which channel: a mail that left is not repeated because the webhook is down.
ALTER TABLE alerts
  ADD COLUMN mailed_at DATETIME(3) NULL,
  ADD COLUMN hooked_at DATETIME(3) NULL;
