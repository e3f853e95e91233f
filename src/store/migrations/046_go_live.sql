-- Clients that were live before the go-live list was held to (C49 to C52): what they lack is a task, and holds nothing up.
ALTER TABLE clients ADD COLUMN live_before_list TINYINT NOT NULL DEFAULT 0;
UPDATE clients SET live_before_list = 1
 WHERE EXISTS (SELECT 1 FROM destinations d WHERE d.client_id = clients.id AND d.mapping_version_id > 0);
