-- Widens target from VARCHAR(200): a webhook's whole address, or every mailbox of a mail; requests and bounces read them here (GDPR article 19).
ALTER TABLE handovers MODIFY target VARCHAR(2000) COLLATE utf8mb4_bin NOT NULL DEFAULT '';
