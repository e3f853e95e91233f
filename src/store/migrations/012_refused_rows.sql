-- How many rows were refused, once the rows themselves have been purged: by client, month and first reason. No person in it.

CREATE TABLE refused_rows (
  -- '' where the row named no client that exists.
  client_id VARCHAR(40) NOT NULL,
  -- YYYY-MM of the refusal, UTC.
  month CHAR(7) NOT NULL,
  code VARCHAR(40) NOT NULL,
  count INT UNSIGNED NOT NULL,
  PRIMARY KEY (client_id, month, code)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
