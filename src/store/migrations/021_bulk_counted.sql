-- A bulk run asks for deliveries as somebody saw them: run, state and attempt at the count. Run 0: counted before this was kept.
ALTER TABLE bulk_items
  ADD COLUMN run INT UNSIGNED NOT NULL DEFAULT 0,
  ADD COLUMN attempt INT UNSIGNED NOT NULL DEFAULT 0,
  ADD COLUMN state VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';

-- Steps that failed one after the other, and the code of the last: a run that cannot go on is told of.
ALTER TABLE bulk_runs
  ADD COLUMN failures INT UNSIGNED NOT NULL DEFAULT 0,
  ADD COLUMN failure VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
