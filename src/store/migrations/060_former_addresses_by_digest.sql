-- A person is found by an address that their lead had before a correction, too.
ALTER TABLE former_addresses ADD KEY former_addresses_digest (client_id, digest);
