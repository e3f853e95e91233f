-- Numbers up to which a restored database gives none again: those given since its backup are in no table.
CREATE TABLE numbers_given (
  what VARCHAR(16) NOT NULL,
  -- The client of an instruction, the destination of a version.
  owner_id VARCHAR(60) NOT NULL,
  number INT UNSIGNED NOT NULL,
  PRIMARY KEY (what, owner_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
