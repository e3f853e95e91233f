-- Grants that end by themselves: at `due_at`, before the end, every recipient that was told the yes is told the no (C16b).
-- A line goes when its grant has been looked at, or with its lead.
CREATE TABLE consent_ends (
  lead_id BIGINT UNSIGNED NOT NULL,
  client_id VARCHAR(40) NOT NULL,
  purpose VARCHAR(16) NOT NULL,
  channel VARCHAR(8) NOT NULL,
  ends_at DATETIME(3) NOT NULL,
  due_at DATETIME(3) NOT NULL,
  PRIMARY KEY (lead_id, purpose, channel, ends_at),
  KEY consent_ends_due (due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Those of before, ended ones too: nobody has told their recipients.
INSERT INTO consent_ends (lead_id, client_id, purpose, channel, ends_at, due_at)
SELECT lead_id, client_id, purpose, channel, ends_at, MIN(TIMESTAMPADD(MINUTE, -15, ends_at))
  FROM (SELECT c.lead_id, c.client_id, c.purpose, c.channel,
               CASE WHEN c.channel = 'phone'
                    THEN LEAST(COALESCE(c.valid_until, TIMESTAMPADD(DAY, 365, c.recorded_at)), TIMESTAMPADD(DAY, 365, c.recorded_at))
                    ELSE c.valid_until END AS ends_at
          FROM consents c WHERE c.state = 'granted') g
 WHERE ends_at IS NOT NULL
 GROUP BY lead_id, client_id, purpose, channel, ends_at;
