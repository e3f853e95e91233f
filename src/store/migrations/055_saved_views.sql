-- Filters that somebody keeps under a name of their own. They go with the account.
CREATE TABLE saved_views (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  account_id INT UNSIGNED NOT NULL,
  -- Of which list: deliveries, live.
  list VARCHAR(12) NOT NULL,
  name VARCHAR(60) NOT NULL,
  -- As it stands in the address of the list: names, states and codes, nothing of a person.
  query VARCHAR(1000) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY saved_views_name (account_id, list, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
