// Restores the dates of a lead that was read from JSON or YAML.
// Invariant: a field is a date by its path, not by its name alone: a text with the name of a date field stays a text.
import type { Lead } from '../lead.ts';
import { leadFields } from './columns.ts';
import { consentFields } from './consent.ts';
import { isField, type Fields } from './field.ts';
import { interactionFields } from './interaction.ts';

type Raw = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function revived(raw: Raw, fields: Fields): Raw {
  const block: Record<string, unknown> = { ...raw };
  for (const [name, entry] of Object.entries(fields)) {
    const value = raw[name];
    if (!isField(entry)) {
      if (isBlock(value)) block[name] = revived(value, entry);
    } else if (entry.type === 'date' && typeof value === 'string') block[name] = new Date(value);
  }
  return block;
}

const revivedList = (value: unknown, fields: Fields): unknown =>
  Array.isArray(value)
    ? value.map((element: unknown) => (isBlock(element) ? revived(element, fields) : element))
    : value;

/** Absent parts stay absent. */
export function reviveLead(raw: Raw): Partial<Lead> {
  const { consents, interactions, erasedAt } = raw;
  return {
    ...revived(raw, leadFields),
    ...(consents === undefined ? {} : { consents: revivedList(consents, consentFields) }),
    ...(interactions === undefined ? {} : { interactions: revivedList(interactions, interactionFields) }),
    ...(typeof erasedAt === 'string' ? { erasedAt: new Date(erasedAt) } : {}),
  } as Partial<Lead>;
}
