-- Grows with every exclusive lock of a client: lists that were read before it are read again.
ALTER TABLE clients ADD COLUMN lists_revision INT UNSIGNED NOT NULL DEFAULT 0;
