// Converts a record of a file or a request to a row of lead_intake: judged by the contract, then typed as its columns store it.
// Invariant: nothing is dropped: a name the contract does not know is a refusal.
import type { IntakeColumn, IntakeValue, IntakeValues } from '../store/intake/intake.ts';
import { centsOf, checkRow, type Checked } from './contract.ts';
import { fieldOf, type RowKind } from './fields.ts';
import { parseInstant } from './formats.ts';
import { refusal } from './refusals.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Values that every row of a source has: a row that leaves one out gets it, a row with another is refused. */
export interface Shared {
  readonly client_id?: string;
  readonly kind?: RowKind;
}

export const ofClient = (clientId: string | undefined): Shared =>
  clientId === undefined ? {} : { client_id: clientId };

export function withShared(values: Values, shared: Shared): Values {
  const given: Record<string, unknown> = { ...values };
  for (const [name, value] of Object.entries(shared)) given[name] ??= value;
  return given;
}

/** The row as the contract reads it. */
export function checkedOf(values: Values, shared: Shared, now: Date): Checked {
  const others = Object.entries(shared).filter(([name, value]) => values[name] !== value);
  if (others.length === 0) return checkRow(values, now);
  const checked = checkRow({ ...values, ...shared }, now);
  return {
    refusals: [
      ...('row' in checked ? [] : checked.refusals),
      ...others.map(([name, value]) => refusal(name, 'NOT_ALLOWED_VALUE', `only ${value}`)),
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
