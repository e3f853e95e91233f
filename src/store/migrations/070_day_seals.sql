-- What the log was at the end of each day (UTC, by moment of sealing), signed with the key of proofs: for the whole log (client '')
-- and for each client with entries of that day. Anybody with the public key alone sees later that no entry was added or left out.
CREATE TABLE day_seals (
  client_id VARCHAR(40) NOT NULL,
  day DATE NOT NULL,
  -- The JSON text that was signed, byte for byte.
  document TEXT NOT NULL,
  -- Ed25519.
  signature BINARY(64) NOT NULL,
  PRIMARY KEY (client_id, day)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
