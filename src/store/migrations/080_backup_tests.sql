-- Tests of backups that are an entry of the log.
CREATE TABLE backup_tests (
  name VARCHAR(40) NOT NULL,
  tested_at DATETIME(3) NOT NULL,
  PRIMARY KEY (name, tested_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
