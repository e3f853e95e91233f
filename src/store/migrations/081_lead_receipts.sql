-- A row that made a lead has its receipt in the lead itself: one row less to write for each. A lead without one was taken in before, and has
-- its receipt in `intake_receipts`, beside those of corrections, answers and interactions.
ALTER TABLE leads
  ADD COLUMN row_digest BINARY(32) NULL,
  ADD COLUMN received_at DATETIME(3) NULL;
