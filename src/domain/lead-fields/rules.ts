// Defines the rules of the lead contract for values: a JSON Schema fragment each, and the same in words.
// Invariant: a rule only accepts or refuses, it never changes a value.
import { departementCode } from '../lead-values.ts';

/** A JSON Schema fragment and its meaning in words. */
export interface Rule {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly says: string;
}

const codePattern = '^[A-Za-z0-9._-]+$';

const line = (max: number): Rule => ({
  schema: { type: 'string', minLength: 1, maxLength: max, trimmed: true, singleLine: true },
  says: `text of at most ${max} characters on one line`,
});

const longText = (max: number): Rule => ({
  schema: { type: 'string', minLength: 1, maxLength: max, trimmed: true, printable: true },
  says: `text of at most ${max} characters`,
});

const code = (max: number): Rule => ({
  schema: { type: 'string', minLength: 1, maxLength: max, trimmed: true, pattern: codePattern },
  says: `code of at most ${max} letters, digits, dots, hyphens and underscores`,
});

const choice = (values: readonly string[]): Rule => ({
  schema: { type: 'string', trimmed: true, enum: values },
  says: `one of ${values.join(', ')}`,
});

interface Range {
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

const whole = ({ min, max, unit }: Range): Rule => ({
  schema: { type: 'integer', minimum: min, maximum: max },
  says: `whole number from ${min} to ${max}, ${unit}`,
});

const amount = ({ max, unit }: Omit<Range, 'min'>): Rule => ({
  schema: { type: 'number', minimum: 0, maximum: max, cents: true },
  says: `number from 0 to ${max} with at most two decimals, ${unit}`,
});

const instant: Rule = {
  schema: { type: 'string', trimmed: true, format: 'instant' },
  says: 'instant from 2000 on: UTC in a DATETIME column, else ISO 8601 with offset, as 2026-11-24T10:15:00+01:00',
};

const phone: Rule = {
  schema: { type: 'string', minLength: 1, trimmed: true, format: 'e164' },
  says: 'phone number in E.164 form: +, country code, number, no blanks',
};

const email: Rule = {
  schema: { type: 'string', minLength: 1, maxLength: 254, trimmed: true, format: 'email' },
  says: 'e-mail address of at most 254 characters',
};

const yesNo: Rule = { schema: { type: 'boolean' }, says: 'true or false' };

const reference: Rule = {
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 64,
    trimmed: true,
    pattern: codePattern,
    impersonal: true,
  },
  says: 'code of 1 to 64 letters, digits, dots, hyphens and underscores, never personal data',
};

const postcode: Rule = {
  schema: { type: 'string', minLength: 1, maxLength: 12, trimmed: true, pattern: '^[A-Z0-9][A-Z0-9 -]*$' },
  says: 'postcode of at most 12 capitals, digits, blanks and hyphens',
};

const country: Rule = {
  schema: { type: 'string', minLength: 1, trimmed: true, format: 'country' },
  says: 'country as two capitals, ISO 3166-1 alpha-2',
};

const commune: Rule = {
  schema: { type: 'string', minLength: 1, trimmed: true, pattern: '^(\\d{2}|2[AB])\\d{3}$' },
  says: 'INSEE code of a commune, five characters',
};

const departement: Rule = {
  schema: { type: 'string', minLength: 1, trimmed: true, pattern: departementCode.source },
  says: 'code of a département: 01 to 95, 2A, 2B, 971 to 988',
};

export const rules = {
  line,
  longText,
  code,
  choice,
  whole,
  amount,
  instant,
  phone,
  email,
  yesNo,
  reference,
  postcode,
  country,
  commune,
  departement,
};
