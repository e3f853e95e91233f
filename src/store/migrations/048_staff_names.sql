-- Who works at the terminal without an account (C58): the log holds `staff:7`, which is nobody's name; the name stands here alone, and
-- goes when its own time is over. The number stays, so that it is never given to somebody else.
CREATE TABLE staff_names (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- As RELAIS_ACTOR says it; NULL once it is forgotten.
  name VARCHAR(120) NULL,
  first_at DATETIME(3) NOT NULL,
  -- A day's precision is enough.
  last_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY staff_names_name (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
