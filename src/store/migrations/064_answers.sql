-- The answer to an access, kept sealed beside the demand for the day on which the officer takes it out; `gone_at`: of an answer its end.
ALTER TABLE request_documents
  ADD COLUMN kind VARCHAR(8) COLLATE utf8mb4_bin NOT NULL DEFAULT 'demand',
  ADD COLUMN gone_at DATETIME(3) NULL,
  ADD KEY request_documents_gone (gone_at);
