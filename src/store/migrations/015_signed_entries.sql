-- The gateway signs each entry when it makes it; the sealer seals signed entries only. No default: what is not signed is
-- not taken. A line whose signature is wrong is set apart and stays, for `relais log verify` to name.
ALTER TABLE handovers_unsealed
  ADD COLUMN key_id VARCHAR(16) COLLATE utf8mb4_bin NOT NULL,
  ADD COLUMN mac BINARY(32) NOT NULL,
  ADD COLUMN refused_at DATETIME(3) NULL;

-- Digests of what an entry cites, as it was: the authorisation, the mapping version, the consents.
ALTER TABLE handovers ADD COLUMN cited VARCHAR(200) COLLATE utf8mb4_bin NOT NULL DEFAULT '';

-- The key a seal was made with; empty: made before keys had names.
ALTER TABLE seals ADD COLUMN key_id VARCHAR(16) COLLATE utf8mb4_bin NOT NULL DEFAULT '';
