-- Whom a request has to reach (C24): each recipient that received one of its leads, and how far it has been told.
CREATE TABLE request_recipients (
  request_id BIGINT UNSIGNED NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  destination_id VARCHAR(60) NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  -- As the log named it when the lead was handed over last.
  recipient VARCHAR(160) NOT NULL DEFAULT '',
  handed_over_at DATETIME(3) NULL,
  -- update, erase; restrict: no wire carries it.
  action VARCHAR(8) NOT NULL,
  -- What the lead became: deliveries from this revision on carry it.
  revision INT UNSIGNED NOT NULL,
  -- owed, written, told, acknowledged, explained
  state VARCHAR(12) NOT NULL DEFAULT 'owed',
  -- Why it is told in writing.
  cause VARCHAR(80) NOT NULL DEFAULT '',
  delivery_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  -- Since when it is to be told in writing, or was told without an acknowledgement: reminders count from here.
  asked_at DATETIME(3) NULL,
  -- Reminders so far: 0 to 3.
  reminders TINYINT UNSIGNED NOT NULL DEFAULT 0,
  settled_at DATETIME(3) NULL,
  settled_by VARCHAR(120) NOT NULL DEFAULT '',
  evidence VARCHAR(200) NOT NULL DEFAULT '',
  PRIMARY KEY (request_id, lead_id, destination_id),
  KEY request_recipients_open (state, asked_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
