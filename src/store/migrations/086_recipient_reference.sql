-- Support is given the id of the client's CRM by phone: the lead is found by it, without reading its delivery.
ALTER TABLE deliveries ADD KEY deliveries_recipient_reference (recipient_reference, client_id, lead_id);
