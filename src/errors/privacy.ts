// Lists the errors about a person's rights, retention and instructions.
// Invariant: a code is never given another meaning; src/errors.ts joins these lists.

export const privacyErrors = {
  'RETENTION-001': [
    'Retention would depart from the charter, and no written instruction of the client covers it.',
    'Record what the client wrote (relais instruction record --covers retention), then cite its number with --instruction.',
  ],
  'INSTRUCTION-001': [
    'A recipient or the opt-in would change, and no written instruction of the client covers it.',
    'Record what the client wrote (relais instruction record --covers recipients --covers opt_in), then cite its number with --instruction.',
  ],
  'REQUEST-001': [
    'The request is not in the state for this.',
    '`relais request show` says what was done, and by whom.',
  ],
  'REQUEST-002': [
    'Something the request needs first is missing.',
    'Add what the message names; docs/rights.md says what each kind of request needs.',
  ],
  'REQUEST-003': [
    'The person’s data has changed since the request was listed; nothing was applied.',
    'Read the list again with `relais request show`, then confirm the leads that are meant.',
  ],
  'REQUEST-004': [
    'The request cannot be closed yet.',
    'Settle each point the message names: `relais request acknowledge` for a recipient, `relais request declare-informed` for the prospect.',
  ],
  'REQUEST-005': [
    'The document of the request cannot be taken or given back.',
    'A demand is one file of 10 MB at most; a scan of fewer colours is smaller.',
  ],
  'PROOF-001': [
    'The file is not a proof that the given key has signed, or was changed since.',
    'Ask for the file again, byte for byte as it was sent, and for the public key by another way: `relais proof key` prints it. docs/rights.md, "Proofs".',
  ],
  'STATISTICS-001': [
    'Statistics could not be issued or removed.',
    'Correct what the message names; `relais statistics accounts` prints the accounts that are needed. A month is issued once, after its end.',
  ],
  'BACKUP-001': [
    'A backup could not be made or restored.',
    'Correct what the message names, then run the command again.',
  ],
  'BACKUP-002': [
    'The backup is not the one that was written, or does not open.',
    'Take another copy of it, or an earlier backup; the private key is the one of RELAIS_BACKUP_RECIPIENT.',
  ],
  'INSTANCE-001': [
    'An installation for one client does not allow this, or not yet.',
    'Correct what the message names, then run the command again: it continues where it stopped. docs/deployment.md.',
  ],
  'AUDIT-001': [
    'The file is not an audit pack that the given key has signed, or was changed since.',
    'Ask for the file again, byte for byte as it was sent, and for the public key by another way: `relais proof key` prints it.',
  ],
} as const;
