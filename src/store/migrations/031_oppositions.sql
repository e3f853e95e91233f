-- The opposition list of each client: what a person took back, by keyed digests of the mail address and phones, once no lead says
-- it any more. Nothing here names a person.
CREATE TABLE oppositions (
  client_id VARCHAR(40) NOT NULL,
  digest BINARY(32) NOT NULL,
  purpose VARCHAR(16) NOT NULL,
  channel VARCHAR(8) NOT NULL,
  -- When it was said, and its place in the order of receipt (`consents`).
  recorded_at DATETIME(3) NOT NULL,
  receipt BIGINT UNSIGNED NOT NULL,
  kept_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (client_id, digest, purpose, channel)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
