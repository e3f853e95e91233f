-- Restriction of processing (C21): while it stands nothing of the lead leaves but its erasure, and nothing of it is purged.
ALTER TABLE leads ADD COLUMN restricted_at DATETIME(3) NULL;
