-- `purged` or `anonymised`: its time has come, the person is out of it, and the rest follows once nothing is under way.
ALTER TABLE leads ADD COLUMN gone VARCHAR(12) COLLATE utf8mb4_bin NOT NULL DEFAULT '';

-- What was found due of a client on a day. Counts only: no lead stands here once the run is through.
CREATE TABLE retention_runs (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  client_id VARCHAR(40) NOT NULL,
  -- Civil date in Europe/Paris.
  day DATE NOT NULL,
  -- 0: the daily one; higher: asked for by hand.
  number INT UNSIGNED NOT NULL,
  actor VARCHAR(120) NOT NULL,
  state VARCHAR(12) NOT NULL DEFAULT 'running',
  found INT UNSIGNED NOT NULL,
  purged INT UNSIGNED NOT NULL DEFAULT 0,
  anonymised INT UNSIGNED NOT NULL DEFAULT 0,
  -- Not due any more when their turn came: the person had come back, or the rule had changed.
  kept INT UNSIGNED NOT NULL DEFAULT 0,
  -- Files of phone-consent proofs written so far.
  proof_files INT UNSIGNED NOT NULL DEFAULT 0,
  started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ended_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY retention_runs_once (client_id, day, number),
  KEY retention_runs_state (state, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The leads of a run that are not through yet.
CREATE TABLE retention_items (
  run_id BIGINT UNSIGNED NOT NULL,
  lead_id BIGINT UNSIGNED NOT NULL,
  -- due: the person is still in it; left: only its shell.
  step VARCHAR(8) NOT NULL DEFAULT 'due',
  -- 1: its cell is shared by enough persons to be counted.
  counted TINYINT NOT NULL DEFAULT 0,
  -- Why it waits; looked at again at `next_at`.
  waits_for VARCHAR(40) NOT NULL DEFAULT '',
  next_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (lead_id),
  KEY retention_items_turn (run_id, step, next_at, lead_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What stays for statistics (C34): months and bands, no time, no commune, no id. '' is what was not said.
CREATE TABLE lead_facts (
  client_id VARCHAR(40) NOT NULL,
  month CHAR(7) NOT NULL,
  departement VARCHAR(3) NOT NULL,
  media VARCHAR(40) NOT NULL,
  typology VARCHAR(24) NOT NULL,
  budget VARCHAR(16) NOT NULL,
  requests INT UNSIGNED NOT NULL,
  PRIMARY KEY (client_id, month, departement, media, typology, budget)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
