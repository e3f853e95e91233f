-- Whom an OpenID Connect provider means: an issuer and its subject, linked to an account by an administrator.
CREATE TABLE account_identities (
  account_id INT UNSIGNED NOT NULL,
  issuer VARCHAR(255) NOT NULL,
  subject VARCHAR(255) NOT NULL,
  linked_at DATETIME(3) NOT NULL,
  PRIMARY KEY (account_id),
  UNIQUE KEY account_identities_subject (issuer, subject)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
