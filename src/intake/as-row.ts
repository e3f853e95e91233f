// Converts a record of a file or a request to a row of lead_intake: judged by the contract, then typed as its columns store it.
// Invariant: nothing is dropped: a name the contract does not know is a refusal.
import type { IntakeColumn, IntakeValue, IntakeValues } from '../store/intake/intake.ts';
import { checkRow } from './contract.ts';
import { fieldOf } from './fields.ts';
import { parseInstant } from './formats.ts';
import { refusal, type ColumnRefusal } from './refusals.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Adds this client to a row that names none. */
export function withClient(values: Values, clientId: string | undefined): Values {
  return clientId === undefined || values['client_id'] !== undefined
    ? values
    : { ...values, client_id: clientId };
}

/** Refusals of the row; a row of another client is refused. */
export function refusalsOf(
  values: Values,
  clientId: string | undefined,
  now: Date,
): readonly ColumnRefusal[] {
  const checked = checkRow(values, now);
  const refusals = 'row' in checked ? [] : [...checked.refusals];
  if (clientId !== undefined && values['client_id'] !== clientId) {
    refusals.push(refusal('client_id', 'NOT_ALLOWED_VALUE', 'another client than the one asked for'));
  }
  return refusals;
}

/** The contract accepts what a sender's arithmetic leaves of an amount, such as 0.30000000000000004; a column stores 0.30. */
const centsOf = (amount: number): number => Math.round(amount * 100) / 100;

/** A row that follows the contract, as the columns store it. */
export function intakeValues(values: Values): IntakeValues {
  const row: Partial<Record<IntakeColumn, IntakeValue>> = {};
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(name);
    if (field === undefined || value === null || value === undefined) continue;
    if (field.schema['format'] === 'instant') row[field.name] = parseInstant(value as string) ?? null;
    else if (field.schema['cents'] === true) row[field.name] = centsOf(value as number);
    else row[field.name] = typeof value === 'object' ? JSON.stringify(value) : (value as string | number);
  }
  return row;
}
