-- With which revision of its lead an answer came: a recipient that has accepted a later one has been told of it, and a
-- correction does not say it again.
ALTER TABLE consents
  ADD COLUMN lead_revision INT UNSIGNED NOT NULL DEFAULT 1;

-- Of leads that have something under way, or something that did not arrive, nobody can tell any more: their answers count as new.
UPDATE consents c FORCE INDEX (PRIMARY) JOIN leads l FORCE INDEX (PRIMARY) ON l.id = c.lead_id
   SET c.lead_revision = l.revision
 WHERE l.revision > 1
   AND (EXISTS (SELECT 1 FROM deliveries d FORCE INDEX (deliveries_lead)
                 WHERE d.lead_id = l.id AND d.state NOT IN ('delivered', 'cancelled'))
        OR EXISTS (SELECT 1 FROM lead_changes g WHERE g.lead_id = l.id));

-- Deliveries that were accepted and are read back once: whether the recipient kept the opt-in. A line goes when it has been read.
CREATE TABLE read_backs (
  delivery_id BIGINT UNSIGNED NOT NULL,
  destination_id VARCHAR(60) COLLATE utf8mb4_bin NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  run SMALLINT UNSIGNED NOT NULL,
  due_at DATETIME(3) NOT NULL,
  -- Looks so far; whoever looks owns the line by its number.
  looks SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (delivery_id),
  KEY read_backs_due (due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
