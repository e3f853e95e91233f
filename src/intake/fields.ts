// The lead contract, field by field: rule, what it says to a person, category, path in a nested JSON file.
// Invariant: one table for checking, importing and documentation; a rule only says yes or no, it never changes a value.
import {
  channels,
  civilities,
  consentChannels,
  consentPurposes,
  consentStates,
  housingTypes,
  housingUses,
  interactionKinds,
  operationKinds,
  type DataCategory,
} from '../domain/lead.ts';
import { departementCode } from '../domain/lead-limits.ts';
import { mostElements } from './json-column.ts';
import type { IntakeColumn } from '../store/intake.ts';

/** A JSON Schema fragment and its meaning in words. */
export interface Rule {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly says: string;
}

export interface Field extends Rule {
  readonly name: IntakeColumn;
  /** Where a nested JSON Lines file carries it. */
  readonly path: string;
  readonly category: DataCategory | 'technical';
}

export const rowKinds = ['lead', 'correction', 'consent', 'interaction'] as const;
export type RowKind = (typeof rowKinds)[number];

const text = (max: number): Rule => ({
  schema: { type: 'string', minLength: 1, maxLength: max, trimmed: true, singleLine: true },
  says: `text of at most ${max} characters on one line`,
});
const longText = (max: number): Rule => ({
  schema: { type: 'string', minLength: 1, maxLength: max, trimmed: true, printable: true },
  says: `text of at most ${max} characters`,
});
const code = (max: number): Rule => ({
  schema: { type: 'string', minLength: 1, maxLength: max, trimmed: true, pattern: '^[A-Za-z0-9._-]+$' },
  says: `code of at most ${max} letters, digits, dots, hyphens and underscores`,
});
const oneOf = (values: readonly string[]): Rule => ({
  schema: { type: 'string', trimmed: true, enum: values },
  says: `one of ${values.join(', ')}`,
});
const whole = (min: number, max: number, unit: string): Rule => ({
  schema: { type: 'integer', minimum: min, maximum: max },
  says: `whole number from ${min} to ${max}, ${unit}`,
});
const amount = (max: number, unit: string): Rule => ({
  schema: { type: 'number', minimum: 0, maximum: max, cents: true },
  says: `number from 0 to ${max} with at most two decimals, ${unit}`,
});
const instant: Rule = {
  schema: { type: 'string', trimmed: true, format: 'instant' },
  says: 'instant from 2000 on: UTC in a DATETIME column, ISO 8601 with its offset in JSON and files',
};
const reference: Rule = {
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 64,
    trimmed: true,
    pattern: '^[A-Za-z0-9._-]+$',
    impersonal: true,
  },
  says: 'code of 1 to 64 letters, digits, dots, hyphens and underscores, never personal data',
};
const phone: Rule = {
  schema: { type: 'string', minLength: 1, trimmed: true, format: 'e164' },
  says: 'phone number in E.164 form: +, country code, number, no blanks',
};
const bool: Rule = { schema: { type: 'boolean' }, says: 'true or false' };

const field = (name: IntakeColumn, path: string, category: Field['category'], rule: Rule): Field => ({
  name,
  path,
  category,
  ...rule,
});

export const fields: readonly Field[] = [
  field('client_id', 'clientId', 'technical', code(40)),
  field('kind', 'kind', 'technical', oneOf(rowKinds)),
  field('reference', 'reference', 'technical', reference),
  field('row_reference', 'rowReference', 'technical', reference),
  field('channel', 'channel', 'statistical', oneOf(channels)),
  field('collected_at', 'collectedAt', 'statistical', instant),
  field('operation', 'operation', 'project', code(64)),
  field('operation_kind', 'operationKind', 'technical', oneOf(operationKinds)),
  field('notice', 'notice', 'technical', code(40)),
  field('civility', 'identity.civility', 'identity', oneOf(civilities)),
  field('last_name', 'identity.lastName', 'identity', text(120)),
  field('first_name', 'identity.firstName', 'identity', text(120)),
  field('email', 'identity.email', 'identity', {
    schema: { type: 'string', minLength: 1, maxLength: 254, trimmed: true, format: 'email' },
    says: 'e-mail address of at most 254 characters',
  }),
  field('mobile', 'identity.mobile', 'identity', phone),
  field('landline', 'identity.landline', 'identity', phone),
  field('address_line1', 'identity.address.line1', 'identity', text(160)),
  field('address_line2', 'identity.address.line2', 'identity', text(160)),
  field('postcode', 'identity.address.postcode', 'identity', {
    schema: { type: 'string', minLength: 1, maxLength: 12, trimmed: true, pattern: '^[A-Z0-9][A-Z0-9 -]*$' },
    says: 'postcode of at most 12 capitals, digits, blanks and hyphens',
  }),
  field('city', 'identity.address.city', 'identity', text(120)),
  field('country', 'identity.address.country', 'identity', {
    schema: { type: 'string', minLength: 1, trimmed: true, format: 'country' },
    says: 'country as two capitals, ISO 3166-1 alpha-2',
  }),
  field('programme', 'project.programme', 'project', text(64)),
  field('housing_type', 'project.housingType', 'project', oneOf(housingTypes)),
  field('rooms', 'project.rooms', 'project', whole(1, 100, 'rooms')),
  field('surface_min', 'project.surfaceMin', 'project', amount(100_000, 'm²')),
  field('surface_max', 'project.surfaceMax', 'project', amount(100_000, 'm²')),
  field('housing_use', 'project.use', 'project', oneOf(housingUses)),
  field('budget_min', 'project.budgetMin', 'project', amount(1_000_000_000, 'euros')),
  field('budget_max', 'project.budgetMax', 'project', amount(1_000_000_000, 'euros')),
  field('location', 'project.location', 'project', text(160)),
  field('comment', 'project.comment', 'project', longText(10_000)),
  field('origin_type', 'origin.type', 'statistical', code(40)),
  field('origin_media', 'origin.media', 'statistical', text(64)),
  field('origin_support', 'origin.support', 'statistical', text(120)),
  field('recording', 'origin.recording', 'statistical', text(200)),
  field('commune', 'origin.commune', 'statistical', {
    schema: { type: 'string', minLength: 1, trimmed: true, pattern: '^(\\d{2}|2[AB])\\d{3}$' },
    says: 'INSEE code of a commune, five characters',
  }),
  field('commune_name', 'origin.communeName', 'statistical', text(80)),
  field('departement', 'origin.departement', 'statistical', {
    schema: {
      type: 'string',
      minLength: 1,
      trimmed: true,
      pattern: departementCode.source,
    },
    says: 'code of a département: 01 to 95, 2A, 2B, 971 to 988',
  }),
  field('talk_started_at', 'origin.talkStartedAt', 'statistical', instant),
  field('talk_duration', 'origin.talkDuration', 'statistical', whole(0, 86_400, 'seconds')),
  field('contribution', 'financial.contribution', 'financial', amount(1_000_000_000, 'euros')),
  field('resale', 'financial.resale', 'financial', amount(1_000_000_000, 'euros')),
  field('reference_tax_income', 'financial.referenceTaxIncome', 'financial', amount(1_000_000_000, 'euros')),
  field('rent', 'financial.rent', 'financial', amount(1_000_000, 'euros a month')),
  field('tax_bracket', 'financial.taxBracket', 'financial', amount(100, 'percent')),
  field('consents', 'consents', 'technical', {
    schema: { type: 'array', minItems: 1, maxItems: mostElements },
    says: 'JSON array of 1 to 100 consent events, 256 KiB at most',
  }),
  field('interactions', 'interactions', 'statistical', {
    schema: { type: 'array', minItems: 1, maxItems: mostElements },
    says: 'JSON array of 1 to 100 interactions, 1 MiB at most',
  }),
  field('clear_fields', 'clearFields', 'technical', longText(2000)),
];

/** One element of the column `consents` (C16, C16b). */
export const consentElement: Readonly<Record<string, Rule>> = {
  purpose: oneOf(consentPurposes),
  channel: oneOf(consentChannels),
  state: oneOf(consentStates),
  recordedAt: instant,
  wordingVersion: code(40),
  legalEntity: text(160),
  validUntil: instant,
  source: code(64),
};
export const consentRequired = ['purpose', 'channel', 'state', 'recordedAt'] as const;

/** One element of the column `interactions` (C08). */
export const interactionElement: Readonly<Record<string, Rule>> = {
  kind: oneOf(interactionKinds),
  at: instant,
  duration: whole(0, 86_400, 'seconds'),
  voluntary: bool,
  content: longText(10_000),
};
export const interactionRequired = ['kind', 'at'] as const;

export const fieldOf = (name: string): Field | undefined => byName.get(name);
const byName = new Map<string, Field>(fields.map((one) => [one.name, one]));
