-- A delivery moves through four states; this index follows it once, when it ends, instead of at every move.
ALTER TABLE deliveries
  DROP KEY deliveries_expiry,
  ADD KEY deliveries_open (settled_at, expires_at);
