-- Where a lead was bought and whether a proof of consent is there (C54), and which form or agent collected it.
ALTER TABLE lead_intake
  ADD COLUMN collected_by VARCHAR(200) COLLATE utf8mb4_bin NULL,
  ADD COLUMN acquisition VARCHAR(100) COLLATE utf8mb4_bin NULL,
  ADD COLUMN seller VARCHAR(200) COLLATE utf8mb4_bin NULL,
  ADD COLUMN buyer VARCHAR(200) COLLATE utf8mb4_bin NULL,
  ADD COLUMN consent_proof VARCHAR(100) COLLATE utf8mb4_bin NULL,
  ADD COLUMN proof_reference VARCHAR(500) COLLATE utf8mb4_bin NULL;

ALTER TABLE lead_origins
  ADD COLUMN collected_by VARCHAR(64) COLLATE utf8mb4_bin NULL,
  ADD COLUMN acquisition VARCHAR(16) COLLATE utf8mb4_bin NULL,
  ADD COLUMN seller VARCHAR(64) COLLATE utf8mb4_bin NULL,
  ADD COLUMN buyer VARCHAR(64) COLLATE utf8mb4_bin NULL,
  ADD COLUMN consent_proof VARCHAR(16) COLLATE utf8mb4_bin NULL,
  ADD COLUMN proof_reference VARCHAR(200) COLLATE utf8mb4_bin NULL;
