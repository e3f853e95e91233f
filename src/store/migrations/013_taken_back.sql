-- What a person took back holds for every lead of that person at that client: a repeated event names the one it repeats,
-- which also says when we received it.
ALTER TABLE consents
  ADD COLUMN origin_id BIGINT UNSIGNED NOT NULL DEFAULT 0;

-- Leads in which something was taken back, found by their addresses without reading the others of that address.
ALTER TABLE prospects
  ADD COLUMN withdrawn TINYINT NOT NULL DEFAULT 0,
  DROP KEY prospects_email,
  ADD KEY prospects_email (client_id, email, withdrawn),
  DROP KEY prospects_mobile,
  ADD KEY prospects_mobile (client_id, mobile, withdrawn),
  DROP KEY prospects_landline,
  ADD KEY prospects_landline (client_id, landline, withdrawn);

UPDATE prospects FORCE INDEX (PRIMARY) SET withdrawn = 1
 WHERE lead_id IN (SELECT c.lead_id FROM consents c WHERE c.state = 'withdrawn');
