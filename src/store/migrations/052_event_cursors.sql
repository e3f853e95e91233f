-- How far the feed of events was told to a tool of the centre, so that a restart loses none. Nothing of a person.
CREATE TABLE event_cursors (
  name VARCHAR(40) NOT NULL,
  -- Position in the feed, as GET /v1/events gives it: what follows is not told yet.
  after_position VARCHAR(40) NOT NULL,
  -- Of what follows, the last event that was taken; 0: none.
  last_event BIGINT UNSIGNED NOT NULL DEFAULT 0,
  failures INT UNSIGNED NOT NULL DEFAULT 0,
  due_at DATETIME(3) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
