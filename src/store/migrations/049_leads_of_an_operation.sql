-- The leads of an operation, oldest first: retention looks at those that may be due and at no others.
ALTER TABLE leads
  DROP KEY leads_operation,
  ADD KEY leads_operation_collected (client_id, operation, collected_at);
