// Applies a correction that a person makes at the centre, within the caller's transaction, as if it were a row of lead_intake.
// Invariant: the contract decides; a refused correction changes nothing and names columns, never values.
import type { Sql } from '../store/database.ts';
import type { IntakeRow } from '../store/intake/intake-take.ts';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { phoneTyped } from '../domain/typed-address.ts';
import { intakeColumns, type IntakeValue } from '../store/intake/intake.ts';
import type { ProcessDeps } from './batch.ts';
import { checkRow } from './contract.ts';
import { processRows } from './process-rows.ts';

export interface OwnCorrection {
  readonly clientId: string;
  readonly reference: string;
  /** Unique among the client's corrections; the same again changes nothing. */
  readonly rowReference: string;
  /** By column of the contract, as text. */
  readonly values: Readonly<Record<string, string>>;
  /** Columns to be emptied. */
  readonly clear: readonly string[];
}

/** Returns its refusals, column by column; empty: the lead is corrected. */
export async function correctWithin(
  tx: Sql,
  deps: ProcessDeps,
  { clientId, reference, rowReference, values, clear }: OwnCorrection,
): Promise<readonly string[]> {
  const given: Readonly<Record<string, IntakeValue>> = {
    ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, read(name, text)])),
    client_id: clientId,
    kind: 'correction',
    reference,
    row_reference: rowReference,
    ...(clear.length === 0 ? {} : { clear_fields: clear.join(',') }),
  };
  const now = tx.now();
  const checked = checkRow(given, now);
  if ('refusals' in checked) return checked.refusals.map(({ message }) => message);
  const row: IntakeRow = {
    // No row exists: none is to be removed or refused.
    id: 0n,
    receivedAt: now,
    takenAt: now,
    values: Object.fromEntries(intakeColumns.map((column) => [column, given[column] ?? null])),
    tooLong: [],
    // The officer makes it, at the person's own request.
    isReleased: true,
  };
  const { accepted, duplicates } = await processRows(tx, deps, [row], () => Promise.resolve([]));
  if (accepted + duplicates > 0) return [];
  return [
    `${reference} cannot take this correction: it would leave nobody to reach, or values that contradict each other.`,
  ];
}

const numbers = new Set<string>(
  columnFacts.flatMap(({ column, type }) => (type === 'integer' || type === 'decimal' ? [column] : [])),
);

const phones = new Set<string>(
  columnFacts.flatMap(({ column, rule }) => (rule.schema['format'] === 'e164' ? [column] : [])),
);

/** A text that is not a number, or not a phone, is left for the contract to refuse. */
function read(name: string, text: string): IntakeValue {
  if (phones.has(name)) {
    const phone = phoneTyped(text);
    return phone?.hasExtension === false ? phone.number : text;
  }
  return numbers.has(name) && /^-?\d{1,12}(\.\d{1,4})?$/.test(text) ? Number(text) : text;
}
