-- A file of more rows than are written at once. One batch of role 'whole' has its number, name, due time and lease; its rows stand in
-- batches of role 'part', each written, kept and settled by itself. All others are of role 'file'.
ALTER TABLE batches
  ADD COLUMN role VARCHAR(8) COLLATE utf8mb4_bin NOT NULL DEFAULT 'file',
  ADD COLUMN whole_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  ADD COLUMN action VARCHAR(8) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  -- Of the plain bytes.
  ADD COLUMN size_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
  ADD COLUMN lease_until DATETIME(3) NULL,
  -- From then on the recipient may have it: its bytes are fixed.
  ADD COLUMN first_sent_at DATETIME(3) NULL,
  -- A final outcome, until each part has it; JSON of codes and numbers.
  ADD COLUMN outcome VARCHAR(1000) COLLATE utf8mb4_bin NULL,
  ADD KEY batches_whole (whole_id, id);

-- The whole file whose parts are being collected for the slot.
ALTER TABLE slots ADD COLUMN collecting BIGINT UNSIGNED NOT NULL DEFAULT 0;
