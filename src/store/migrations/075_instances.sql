-- Installations for one client each that were made from this shared one (C36). A number is given once: it is the range of their ids.
CREATE TABLE instances (
  slot SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  -- The client while the installation is in use, NULL afterwards: one at a time.
  open_for VARCHAR(40) NULL,
  made_by VARCHAR(120) NOT NULL,
  begun_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ready_at DATETIME(3) NULL,
  PRIMARY KEY (slot),
  UNIQUE KEY instances_open (open_for)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- In an installation for one client: whose it is. At most one row.
CREATE TABLE dedication (
  id TINYINT UNSIGNED NOT NULL DEFAULT 1,
  client_id VARCHAR(40) NOT NULL,
  slot SMALLINT UNSIGNED NOT NULL,
  made_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Accounts of MySQL by which a client reads its own database from its own addresses (C57).
CREATE TABLE database_readers (
  account VARCHAR(32) NOT NULL,
  origin VARCHAR(60) NOT NULL,
  -- Civil date in Europe/Paris: the last day.
  valid_until DATE NOT NULL,
  reason VARCHAR(200) NOT NULL,
  actor VARCHAR(120) NOT NULL,
  made_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ended_at DATETIME(3) NULL,
  PRIMARY KEY (account, origin)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A client is being moved to another installation, or was: its rows wait here for that one, none is refused.
ALTER TABLE clients ADD COLUMN moved_at DATETIME(3) NULL;
