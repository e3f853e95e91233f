-- Two entries of each delivery kept four indexes. Nothing asks by destination or client and time; what asks by delivery knows its lead.
-- One is left: a lead's entries, and within them those of a delivery. An entry of a delivery that names no lead stands under lead 0.
ALTER TABLE handovers
  DROP KEY handovers_destination,
  DROP KEY handovers_client,
  DROP KEY handovers_delivery,
  DROP KEY handovers_lead,
  ADD KEY handovers_subject (lead_id, delivery_id);
