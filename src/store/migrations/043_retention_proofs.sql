-- Before a deletion the client is handed its proofs of phone consent: up to which consent event of the lead it has been.
ALTER TABLE retention_items ADD COLUMN proved_upto BIGINT UNSIGNED NOT NULL DEFAULT 0;
