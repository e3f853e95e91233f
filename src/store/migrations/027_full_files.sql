-- Destinations whose files hold every current lead: the file that is being made, the last that arrived, and one that was held back.
CREATE TABLE full_files (
  destination_id VARCHAR(60) NOT NULL,
  -- The hour whose leads are being gathered or collected; NULL: none.
  slot_at DATETIME(3) NULL,
  -- Deliveries up to this one have been looked at for it, and so many were opened again.
  gathered_to BIGINT UNSIGNED NOT NULL DEFAULT 0,
  gathered INT UNSIGNED NOT NULL DEFAULT 0,
  is_gathered TINYINT NOT NULL DEFAULT 0,
  -- The last file that was begun; the next waits until it has ended.
  batch_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  -- The last that arrived: what the next is compared with.
  last_batch_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  last_rows INT UNSIGNED NOT NULL DEFAULT 0,
  last_begun_at DATETIME(3) NULL,
  -- Whether the changes and erasures that it carried are settled.
  is_told TINYINT NOT NULL DEFAULT 1,
  -- A file that lost too much and waits for support.
  held_at DATETIME(3) NULL,
  held_batch_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  held_rows INT UNSIGNED NOT NULL DEFAULT 0,
  held_missing INT UNSIGNED NOT NULL DEFAULT 0,
  -- Support lets one file leave that has so many leads or more.
  released_rows INT UNSIGNED NULL,
  PRIMARY KEY (destination_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
