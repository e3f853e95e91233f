// Lists the errors about a person's rights, retention and instructions.
// Invariant: a code is never given another meaning; src/errors.ts joins these lists.

export const privacyErrors = {
  'RETENTION-001': {
    meaning: 'Retention would depart from the charter, and no written instruction of the client covers it.',
    remedy:
      'Record what the client wrote (relais instruction record --covers retention), then cite its number with --instruction.',
  },
  'INSTRUCTION-001': {
    meaning: 'A recipient or the opt-in would change, and no written instruction of the client covers it.',
    remedy:
      'Record what the client wrote (relais instruction record --covers recipients --covers opt_in), then cite its number with --instruction.',
  },
  'REQUEST-001': {
    meaning: 'The request is not in the state for this.',
    remedy: '`relais request show` says where it stands, and who did what.',
  },
  'REQUEST-002': {
    meaning: 'Something the request needs first is missing.',
    remedy: 'Add what the message names; docs/rights.md says what each kind of request needs.',
  },
  'REQUEST-003': {
    meaning: 'What is held of the person has changed since the request was listed; nothing was applied.',
    remedy: 'Read the list again with `relais request show`, then confirm the leads that are meant.',
  },
  'REQUEST-004': {
    meaning: 'The request cannot be closed yet.',
    remedy:
      'Settle each point the message names: `relais request acknowledge` for a recipient, `relais request declare-informed` for the prospect.',
  },
  'REQUEST-005': {
    meaning: 'The document of the request cannot be taken or given back.',
    remedy: 'A demand is one file of 10 MB at most; a scan of fewer colours is smaller.',
  },
  'PROOF-001': {
    meaning: 'The file is not a proof that the given key has signed, or was changed since.',
    remedy:
      'Ask for the file again, byte for byte as it was sent, and for the public key by another way: `relais proof key` prints it. docs/rights.md, "Proofs".',
  },
  'STATISTICS-001': {
    meaning: 'Statistics could not be issued or removed.',
    remedy:
      'Correct what the message names; `relais statistics accounts` prints the accounts that are needed. A month is issued once, after its end.',
  },
  'BACKUP-001': {
    meaning: 'A backup could not be made or restored.',
    remedy:
      'Correct what the message names, then run the command again: an unfinished backup is deleted by the next run.',
  },
  'BACKUP-002': {
    meaning: 'The backup is not the one that was written, or does not open.',
    remedy:
      'Take another copy of it, or an earlier backup; the private key is the one of RELAIS_BACKUP_RECIPIENT.',
  },
  'INSTANCE-001': {
    meaning: 'An installation for one client does not allow this, or not yet.',
    remedy:
      'Correct what the message names, then run the command again: it goes on where it stopped. docs/deployment.md.',
  },
  'AUDIT-001': {
    meaning: 'The file is not an audit pack that the given key has signed, or was changed since.',
    remedy:
      'Ask for the file again, byte for byte as it was sent, and for the public key by another way: `relais proof key` prints it.',
  },
} as const;
