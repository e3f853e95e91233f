-- Addresses of persons who were erased, by the keyed digests of the opposition list: a demand of theirs that was collected before the
-- erasure, and comes in under a new reference, is held for the data protection officer.
CREATE TABLE erased_addresses (
  client_id VARCHAR(40) NOT NULL,
  digest BINARY(32) NOT NULL,
  erased_at DATETIME(3) NOT NULL,
  PRIMARY KEY (client_id, digest),
  KEY erased_addresses_erased (erased_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- 1: the officer has let a row in that was held.
ALTER TABLE lead_intake ADD COLUMN released TINYINT UNSIGNED NOT NULL DEFAULT 0;
