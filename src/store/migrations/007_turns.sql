-- Who comes next is asked client by client: a rush of one client's leads delays no other client's.
ALTER TABLE lead_intake
  DROP KEY lead_intake_status,
  ADD KEY lead_intake_turn (status, client_id, id);

ALTER TABLE lead_changes
  DROP KEY lead_changes_next,
  ADD KEY lead_changes_turn (priority, client_id, id);
