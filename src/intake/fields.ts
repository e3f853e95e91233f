// Defines the lead contract field by field: rule, words for people, category, path in a nested JSON file.
// Invariant: one table for checking, importing and documentation; the lead's fields come from their definitions.
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { consentFields } from '../domain/lead-fields/consent.ts';
import type { Field, FieldValue, Presence } from '../domain/lead-fields/field.ts';
import { interactionFields } from '../domain/lead-fields/interaction.ts';
import { rules, type Rule } from '../domain/lead-fields/rules.ts';
import type { DataCategory } from '../domain/lead.ts';
import type { IntakeColumn } from '../store/intake/intake.ts';
import { mostJsonElements } from './formats.ts';

export type { Rule } from '../domain/lead-fields/rules.ts';

export interface IntakeField extends Rule {
  readonly name: IntakeColumn;
  /** Its path in a nested JSON Lines file. */
  readonly path: string;
  readonly category: DataCategory | 'technical';
  readonly description: string;
  /** A remark for senders. */
  readonly note?: string;
  readonly presence: Presence;
  /** Example, of an invented person. */
  readonly sample?: FieldValue;
}

/** Ends the name under which the second value of a field is kept that a record gives under two names. */
export const givenAgain = '.again';

export const rowKinds = ['lead', 'correction', 'consent', 'interaction'] as const;
export type RowKind = (typeof rowKinds)[number];

const ofRow = (
  name: IntakeColumn,
  path: string,
  { schema, says }: Rule,
  description: string,
  more: Partial<IntakeField> = {},
): IntakeField => ({
  name,
  path,
  category: 'technical',
  schema,
  says,
  description,
  presence: 'optional',
  ...more,
});

const ofLead: readonly IntakeField[] = columnFacts.map(({ column, rule, ...facts }) => ({
  name: column,
  ...facts,
  ...rule,
}));

export const fields: readonly IntakeField[] = [
  ofRow('client_id', 'clientId', rules.code(40), 'Code of the client the lead belongs to.', {
    presence: 'mandatory',
    note: 'it must exist in `clients`',
  }),
  ofRow('kind', 'kind', rules.choice(rowKinds), 'Kind of row.', {
    presence: 'defaulted',
    note: '`lead` when the column is left out',
  }),
  ofRow('reference', 'reference', rules.reference, 'Your reference of the lead, unique per client.', {
    presence: 'mandatory',
    note: 'compared byte by byte (`AB-1` is not `ab-1`)',
  }),
  ofRow(
    'row_reference',
    'rowReference',
    rules.reference,
    'Your reference of this correction or event, unique per client and kind.',
    { note: 'left out for a lead' },
  ),
  ...ofLead,
  ofRow(
    'consents',
    'consents',
    {
      schema: { type: 'array', minItems: 1, maxItems: mostJsonElements },
      says: 'JSON array of 1 to 100 consent events, 256 KiB at most',
    },
    'The prospect’s answer.',
    { note: 'see below' },
  ),
  ofRow(
    'interactions',
    'interactions',
    {
      schema: { type: 'array', minItems: 1, maxItems: mostJsonElements },
      says: 'JSON array of 1 to 100 interactions, 1 MiB at most',
    },
    'Actions of relation.',
    { category: 'statistical', note: 'see below' },
  ),
  ofRow('clear_fields', 'clearFields', rules.longText(2000), 'Corrections only: columns to blank.', {
    note: 'separated by commas without blanks',
  }),
];

export interface ElementRule extends Rule {
  readonly presence: Presence;
  readonly description: string;
  readonly note?: string;
}

const rulesOf = (definitions: Readonly<Record<string, Field>>): Readonly<Record<string, ElementRule>> =>
  Object.fromEntries(
    Object.entries(definitions).map(([name, { rule, ...facts }]) => [name, { ...facts, ...rule }]),
  );
const mandatoryOf = (element: Readonly<Record<string, ElementRule>>): readonly string[] =>
  Object.keys(element).filter((name) => element[name]?.presence === 'mandatory');

/** One element of the column `consents` (C16, C16b). */
export const consentElement = rulesOf(consentFields);
export const consentRequired = mandatoryOf(consentElement);

/** One element of the column `interactions` (C08). */
export const interactionElement = rulesOf(interactionFields);
export const interactionRequired = mandatoryOf(interactionElement);

export const fieldOf = (name: string): IntakeField | undefined => byName.get(name);
const byName = new Map<string, IntakeField>(fields.map((field) => [field.name, field]));
