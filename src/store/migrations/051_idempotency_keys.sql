-- Requests of other systems that may be sent again: the same key gets the same answer. Nothing personal: digests, codes and ids.
CREATE TABLE idempotency_keys (
  -- Whose key: an API key or an account.
  holder VARCHAR(40) NOT NULL,
  key_digest BINARY(32) NOT NULL,
  -- Keyed digest of method, path and body.
  request_digest BINARY(32) NOT NULL,
  begun_at DATETIME(3) NOT NULL,
  -- NULL: under way.
  status SMALLINT UNSIGNED NULL,
  answer MEDIUMTEXT NULL,
  PRIMARY KEY (holder, key_digest),
  KEY idempotency_keys_begun (begun_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
