// Converts a record of a file or a request to a row of lead_intake: judged by the contract, then typed as its columns store it.
// Invariant: nothing is dropped: a name the contract does not know is a refusal.
import type { IntakeColumn, IntakeValue, IntakeValues } from '../store/intake/intake.ts';
import { centsOf, checkRow, type Checked } from './contract.ts';
import { fieldOf } from './fields.ts';
import { parseInstant } from './formats.ts';
import { refusal } from './refusals.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Adds this client to a row that names none. */
export function withClient(values: Values, clientId: string | undefined): Values {
  return clientId === undefined || values['client_id'] !== undefined
    ? values
    : { ...values, client_id: clientId };
}

/** The row as the contract reads it; a row of another client is refused. */
export function checkedOf(values: Values, clientId: string | undefined, now: Date): Checked {
  const checked = checkRow(values, now);
  if (clientId === undefined || values['client_id'] === clientId) return checked;
  return {
    refusals: [
      ...('row' in checked ? [] : checked.refusals),
      refusal('client_id', 'NOT_ALLOWED_VALUE', 'another client than the one asked for'),
    ],
  };
}

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
