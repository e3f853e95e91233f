-- The centre's own mails: to a client's designated contact, to the mailbox of its officer, to a recipient that must do something.
-- Written in the transaction of what they report, sent until they get through. Nothing here names a prospect.
CREATE TABLE client_mails (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  kind VARCHAR(24) NOT NULL,
  -- Names the mail once and for all: the same again is the same row.
  mail_key VARCHAR(80) NOT NULL,
  -- contact: the client's, as its facts name it when the mail leaves; dpo: the centre's; mailbox: the one beside.
  addressee VARCHAR(8) NOT NULL,
  mailbox VARCHAR(254) NOT NULL DEFAULT '',
  subject VARCHAR(200) NOT NULL,
  -- Paragraphs and attachments as JSON.
  body LONGTEXT NOT NULL,
  attachments LONGTEXT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  tries INT UNSIGNED NOT NULL DEFAULT 0,
  next_try_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  reason VARCHAR(80) NOT NULL DEFAULT '',
  -- Given with the first try, kept for the others.
  message_id VARCHAR(250) NOT NULL DEFAULT '',
  alerted_at DATETIME(3) NULL,
  sent_at DATETIME(3) NULL,
  sent_to VARCHAR(254) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  UNIQUE KEY client_mails_key (client_id, mail_key, addressee, mailbox),
  KEY client_mails_due (sent_at, next_try_at),
  KEY client_mails_client (client_id, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
