-- Departures of a destination, counted in every period it may be limited by (domain/rates), as JSON:
-- {"perMinute":{"startedAt":1764064800000,"departed":3}}. The minute that runs is kept.
ALTER TABLE destination_states
  ADD COLUMN rate_windows VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;

UPDATE destination_states
   SET rate_windows = CONCAT('{"perMinute":{"startedAt":', TIMESTAMPDIFF(MICROSECOND, TIMESTAMP '1970-01-01 00:00:00', window_start) DIV 1000,
                             ',"departed":', window_count, '}}')
 WHERE window_start IS NOT NULL;

ALTER TABLE destination_states
  DROP COLUMN window_start,
  DROP COLUMN window_count;
