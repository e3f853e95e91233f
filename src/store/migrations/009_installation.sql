-- Who this database is, and in which life: a new one begins when an operator says that it was restored, or that a Redis is its own now.
CREATE TABLE installation_lives (
  number INT UNSIGNED NOT NULL,
  installation CHAR(36) NOT NULL,
  life CHAR(36) NOT NULL,
  started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  actor VARCHAR(120) NOT NULL DEFAULT '',
  reason VARCHAR(200) NOT NULL DEFAULT '',
  PRIMARY KEY (number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
