// Defines the reasons for refusing a row: a closed list of codes, and a plain sentence for each.
// Invariant: a refusal names a column or a path, never a value: it is read by support and kept in the database.

/** The closed list; docs/lead-contract.md explains each. */
export const refusalCodes = {
  REQUIRED: 'is mandatory here',
  EMPTY: 'is empty: leave it out (NULL) instead',
  UNKNOWN_FIELD: 'is not part of the lead contract',
  GIVEN_TWICE: 'is given twice: keep one',
  NOT_ALLOWED_HERE: 'cannot be filled in this kind of row',
  NOT_ALLOWED_VALUE: 'holds a value that is not in the list',
  BAD_FORMAT: 'is not written as the contract asks',
  TOO_LONG: 'is too long',
  OUT_OF_RANGE: 'is outside the allowed range',
  OUTER_BLANKS: 'begins or ends with a blank: nothing is trimmed',
  BAD_JSON: 'cannot be read as JSON',
  BROKEN_TEXT: 'holds half a character (a lone surrogate): nothing is repaired',
  PERSONAL_REFERENCE: 'looks like a phone number: a reference must not be personal data',
  UNKNOWN_CLIENT: 'names a client this gateway does not know',
  CLIENT_CLOSED: 'names a client whose contract has ended: nothing of it is taken in any more',
  REFERENCE_USED: 'is already used by a row with other content: send a correction',
  UNKNOWN_LEAD: 'names a lead that does not exist: send the lead first',
  LEAD_FULL: 'would make the lead larger than the contract allows',
  LEAD_ERASED: 'names a lead that has been erased',
  ERASED_SINCE:
    'is before the erasure of the person: it is held for the data protection officer, who lets it in or not',
  OPERATION_ENDED:
    'names an operation that has ended: its leads have been deleted, and none is taken in any more',
  RETENTION_ENDED: 'is longer ago than a lead is kept: it is not taken in any more',
  UNKNOWN_STATUS: 'had a status that nobody knows: Relais alone writes that column',
  SET_ASIDE: 'took a process down twice and was set aside; support has been alerted',
  INTERNAL: 'could not be stored; support has been alerted',
} as const;
export type RefusalCode = keyof typeof refusalCodes;

export interface ColumnRefusal {
  /** A column, a JSON path such as `consents[0].state`, or `row` for the whole. */
  readonly column: string;
  readonly code: RefusalCode;
  readonly message: string;
}

/** @param detail the expected form; never the found value */
export function refusal(column: string, code: RefusalCode, detail = ''): ColumnRefusal {
  return { column, code, message: `${column} ${refusalCodes[code]}${detail === '' ? '' : ` (${detail})`}.` };
}

/** As kept in lead_intake.refusal. A row with a thousand faults shows the first forty. */
export function refusalText(refusals: readonly ColumnRefusal[]): string {
  return JSON.stringify(refusals.slice(0, 40));
}

/** A safe form of a name found in a person's data: a foreign key of JSON may be any text. */
export function shownName(name: string): string {
  return /^[A-Za-z_][A-Za-z_.]{0,39}$/.test(name) ? name : '(unnamed)';
}
