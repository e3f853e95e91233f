-- Who works with Relais: accounts, their sessions, tries to sign in, and keys of other systems.
CREATE TABLE accounts (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- Lower case.
  login VARCHAR(190) NOT NULL,
  -- Of a viewer.
  client_id VARCHAR(40) NULL,
  -- Comma between.
  roles VARCHAR(80) NOT NULL,
  -- PHC string; empty: none yet.
  password VARCHAR(255) NOT NULL DEFAULT '',
  password_at DATETIME(3) NULL,
  -- Of the code by which a person sets the first password, or a new one.
  setup_digest BINARY(32) NULL,
  setup_until DATETIME(3) NULL,
  factor_sealed VARBINARY(255) NULL,
  -- The last time step a code was taken of.
  factor_step BIGINT NOT NULL DEFAULT 0,
  factor_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  signed_in_at DATETIME(3) NULL,
  ended_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY accounts_login (login)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE recovery_codes (
  account_id INT UNSIGNED NOT NULL,
  digest BINARY(32) NOT NULL,
  PRIMARY KEY (account_id, digest)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE sessions (
  -- SHA-256 of the token in the cookie.
  digest BINARY(32) NOT NULL,
  -- By which its owner names it in a list.
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  account_id INT UNSIGNED NOT NULL,
  -- full; factor: the password was right; enrol: a second factor is to be set up.
  stage VARCHAR(8) NOT NULL,
  address VARCHAR(45) NOT NULL,
  agent VARCHAR(120) NOT NULL,
  -- Of a second factor being set up.
  factor_sealed VARBINARY(255) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  seen_at DATETIME(3) NOT NULL,
  ends_at DATETIME(3) NOT NULL,
  PRIMARY KEY (digest),
  UNIQUE KEY sessions_id (id),
  KEY sessions_account (account_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE sign_in_tries (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- Keyed digests: a typed login may be a password.
  login_digest BINARY(32) NOT NULL,
  address_digest BINARY(32) NOT NULL,
  tried_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY sign_in_tries_login (login_digest, tried_at),
  KEY sign_in_tries_address (address_digest, tried_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE api_keys (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- Of the system that has it; two keys at most are in force under one name.
  name VARCHAR(60) NOT NULL,
  client_id VARCHAR(40) NULL,
  -- Comma between.
  scopes VARCHAR(500) NOT NULL,
  -- CIDR ranges, comma between; empty: from anywhere.
  addresses VARCHAR(500) NOT NULL DEFAULT '',
  digest BINARY(32) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  expires_at DATETIME(3) NOT NULL,
  last_used_at DATETIME(3) NULL,
  ended_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY api_keys_digest (digest),
  KEY api_keys_name (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
