-- The first seal that a life of the database makes: a reader of events whose position a restore has taken back goes on there.
ALTER TABLE installation_lives ADD COLUMN first_seal BIGINT UNSIGNED NULL;

-- Who writes ledgers of erasures, and how many lines each has written: a restore asks for the ledger of every one.
CREATE TABLE ledger_writers (
  name VARCHAR(64) NOT NULL,
  written BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
