-- Signed proofs of what was done with a person's data. A number is given once and for ever; the document names leads by the
-- centre's reference, so that it goes when nothing may lead back to a lead any more.
CREATE TABLE proofs (
  number BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  act VARCHAR(24) NOT NULL,
  request VARCHAR(64) NOT NULL DEFAULT '',
  made_at DATETIME(3) NOT NULL,
  PRIMARY KEY (number),
  KEY proofs_client (client_id, number),
  KEY proofs_request (request)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE proof_documents (
  number BIGINT UNSIGNED NOT NULL,
  document LONGTEXT NOT NULL,
  PRIMARY KEY (number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which leads a document names.
CREATE TABLE proof_leads (
  lead_id BIGINT UNSIGNED NOT NULL,
  number BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (lead_id, number),
  KEY proof_leads_number (number)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
