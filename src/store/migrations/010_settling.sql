-- Since when the recipient says that it does not have the delivery; empty when it said anything else last, or was not asked.
ALTER TABLE deliveries
  ADD COLUMN not_found_since DATETIME(3) NULL;

-- What the circuit was judged by: a keyed digest of the address and the secrets last used. Others than these have proved nothing yet.
ALTER TABLE destination_states
  ADD COLUMN access_digest BINARY(32) NULL;
