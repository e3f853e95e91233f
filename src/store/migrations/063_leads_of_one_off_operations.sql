-- Operations that one-off leads name: read once a day for each client, without its other leads.
ALTER TABLE leads ADD KEY leads_one_off (client_id, operation_kind, gone, operation);
