// Checks one row against the lead contract, reads it into the domain's types, and digests it, so that the same row is known again.
// Invariant: closed and strict: nothing is trimmed, cased, defaulted or invented for a person (C05, C13, C16b); the defaults are the kind of
// operation and the initiator of an interaction.
import type { ErrorObject, ValidateFunction } from 'ajv';
import { phoneGrantDays } from '../domain/consent.ts';
import { mac } from '../domain/keyed.ts';
import type { ConsentRecord, Interaction } from '../domain/lead.ts';
import type { IntakeColumn } from '../store/intake/intake.ts';
import {
  columnFacts,
  leadColumns,
  type LeadColumn,
  type LeadFields,
  type LeadValue,
} from '../domain/lead-fields/columns.ts';
import {
  consentElement,
  consentRequired,
  fieldOf,
  fields,
  givenAgain,
  interactionElement,
  interactionRequired,
  rowKinds,
  type RowKind,
  type Rule,
} from './fields.ts';
import { createAjv, parseInstant, readJsonColumn } from './formats.ts';
import { refusal, shownName, type ColumnRefusal, type RefusalCode } from './refusals.ts';

/** A row that follows the contract, read. */
export interface CheckedRow {
  readonly kind: RowKind;
  readonly clientId: string;
  readonly reference: string;
  /** For a lead: its reference; with client and kind it makes the row unique. */
  readonly rowReference: string;
  readonly fields: LeadFields;
  readonly clear: readonly LeadColumn[];
  readonly consents: readonly ConsentRecord[];
  readonly interactions: readonly Interaction[];
}

/**
 * The text whose keyed digest identifies a repeated row. The same meaning gives the same text whatever the order of keys or the spelling
 * of an instant.
 */
export const rowText = (row: CheckedRow): string => JSON.stringify(ordered(row));

/** No plain hash of a person. */
export const rowDigest = (key: Buffer, row: CheckedRow): Buffer => mac(key, rowText(row));

function ordered(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries: unknown[] = [];
  for (const name of Object.keys(value).sort()) {
    const item = (value as Readonly<Record<string, unknown>>)[name];
    if (item !== undefined) entries.push([name, ordered(item)]);
  }
  return entries;
}

export type Checked = { readonly row: CheckedRow } | { readonly refusals: readonly ColumnRefusal[] };

const mandatory = columnFacts.filter(({ presence }) => presence === 'mandatory').map(({ column }) => column);
const defaulted = columnFacts.flatMap(({ column, byDefault }) =>
  byDefault === undefined ? [] : [{ column, byDefault }],
);

const head = ['client_id', 'kind', 'reference'];
/** Columns that each kind of row may and must have (beyond client, kind and reference). */
export const kindColumns: Readonly<
  Record<RowKind, { readonly may: readonly string[]; readonly must: readonly string[] }>
> = {
  lead: { may: [...leadColumns, 'consents', 'interactions'], must: mandatory },
  correction: { may: [...leadColumns, 'row_reference', 'clear_fields'], must: ['row_reference'] },
  consent: { may: ['row_reference', 'consents'], must: ['row_reference', 'consents'] },
  interaction: { may: ['row_reference', 'interactions'], must: ['row_reference', 'interactions'] },
};

const ajv = createAjv();
const validators: Partial<Record<RowKind, ValidateFunction>> = {};

/**
 * @param values by column: texts, numbers, Dates; JSON columns as text or already read. NULL and undefined are absent
 * @param now instants may not lie more than five minutes after it
 */
export function checkRow(values: Readonly<Record<string, unknown>>, now: Date): Checked {
  const { present, refusals } = presentValues(values);
  const kind = rowKinds.find((name) => name === (present['kind'] ?? 'lead'));
  if (kind === undefined) return { refusals: [refusal('kind', 'NOT_ALLOWED_VALUE', fieldOf('kind')?.says)] };
  const validate = (validators[kind] ??= validatorOf(kind));
  if (!validate(present)) refusals.push(...refusalsOf(validate.errors ?? [], refusals));
  if (refusals.length > 0) return { refusals };
  const row = read(kind, present);
  const problems = checkMeaning(row, now);
  return problems.length > 0 ? { refusals: problems } : { row };
}

function presentValues(values: Readonly<Record<string, unknown>>): {
  present: Record<string, unknown>;
  refusals: ColumnRefusal[];
} {
  const present: Record<string, unknown> = {};
  const refusals: ColumnRefusal[] = [];
  for (const [name, value] of Object.entries(values)) {
    // The column is NOT NULL with '' as its absence.
    if (value === null || value === undefined || (name === 'row_reference' && value === '')) continue;
    if (value instanceof Date)
      present[name] = Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
    else if (name === 'consents' || name === 'interactions') {
      const read = readJsonColumn(name, value);
      if ('refusals' in read) refusals.push(...read.refusals);
      else present[name] = read.value;
    } else if (typeof value === 'string' && !value.isWellFormed())
      refusals.push(refusal(name, 'BROKEN_TEXT'));
    else present[name] = value;
  }
  return { present, refusals };
}

/** The contract accepts what a sender's arithmetic leaves of an amount, such as 0.30000000000000004; a column stores 0.30. */
export const centsOf = (amount: number): number => Math.round(amount * 100) / 100;

/** Each column with the value that the database keeps of it. */
const storedAs = leadColumns.map((name): readonly [LeadColumn, (value: string | number) => LeadValue] => {
  const schema = fieldOf(name)?.schema;
  if (schema?.['format'] === 'instant') return [name, instantOf];
  return [name, schema?.['cents'] === true ? (value) => centsOf(Number(value)) : (value) => value];
});

function read(kind: RowKind, present: Readonly<Record<string, unknown>>): CheckedRow {
  const given: Partial<Record<LeadColumn, string | number | Date>> = {};
  for (const [name, stored] of storedAs) {
    const value = present[name] as string | number | undefined;
    if (value !== undefined) given[name] = stored(value);
  }
  if (kind === 'lead') for (const { column, byDefault } of defaulted) given[column] ??= byDefault;
  const reference = present['reference'] as string;
  return {
    kind,
    clientId: present['client_id'] as string,
    reference,
    rowReference: kind === 'lead' ? reference : (present['row_reference'] as string),
    fields: given,
    clear: ((present['clear_fields'] as string | undefined)?.split(',') ?? []) as LeadColumn[],
    consents: ((present['consents'] ?? []) as Record<string, unknown>[]).map(consentOf),
    interactions: ((present['interactions'] ?? []) as Record<string, unknown>[]).map(interactionOf),
  };
}

/** Refusals of columns that were too long to be fetched. */
export const tooLong = (columns: readonly IntakeColumn[]): readonly ColumnRefusal[] =>
  columns.map((name) => refusal(name, 'TOO_LONG', fieldOf(name)?.says));

function instantOf(value: unknown): Date {
  return parseInstant(String(value)) ?? new Date(Number.NaN);
}

function consentOf(raw: Readonly<Record<string, unknown>>): ConsentRecord {
  const { recordedAt, validUntil, ...rest } = raw as Omit<ConsentRecord, 'recordedAt' | 'validUntil'> & {
    recordedAt: string;
    validUntil?: string;
  };
  return {
    ...rest,
    recordedAt: instantOf(recordedAt),
    ...(validUntil === undefined ? {} : { validUntil: instantOf(validUntil) }),
  };
}

/** Kinds of interaction that the prospect initiates unless the row says otherwise (C08). */
const voluntaryByNature = new Set(['inbound_call', 'web_form']);

function interactionOf(raw: Readonly<Record<string, unknown>>): Interaction {
  const { at, voluntary, ...rest } = raw as Omit<Interaction, 'at' | 'voluntary'> & {
    at: string;
    voluntary?: boolean;
  };
  return { ...rest, at: instantOf(at), voluntary: voluntary ?? voluntaryByNature.has(rest.kind) };
}

/** Made when the first row of its kind comes: each takes as long as hundreds of rows. */
function validatorOf(kind: RowKind): ValidateFunction {
  const element = (rules: Readonly<Record<string, Rule>>, required: readonly string[]): object => ({
    type: 'object',
    additionalProperties: false,
    required,
    properties: Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, rule.schema])),
  });
  const items: Readonly<Record<string, object>> = {
    consents: element(consentElement, consentRequired),
    interactions: element(interactionElement, interactionRequired),
  };
  return ajv.compile({
    type: 'object',
    additionalProperties: false,
    required: ['client_id', 'reference', ...kindColumns[kind].must],
    properties: Object.fromEntries(
      fields
        .filter(({ name }) => head.includes(name) || kindColumns[kind].may.includes(name))
        .map(({ name, schema }) => [
          name,
          items[name] === undefined ? schema : { ...schema, items: items[name] },
        ]),
    ),
  });
}

/** Keyword of a schema -> code; the earliest of them is reported, one per path. */
const codes: readonly (readonly [string, RefusalCode])[] = [
  ['required', 'REQUIRED'],
  ['additionalProperties', 'UNKNOWN_FIELD'],
  ['minLength', 'EMPTY'],
  ['minItems', 'EMPTY'],
  ['trimmed', 'OUTER_BLANKS'],
  ['maxLength', 'TOO_LONG'],
  ['maxItems', 'TOO_LONG'],
  ['enum', 'NOT_ALLOWED_VALUE'],
  ['minimum', 'OUT_OF_RANGE'],
  ['maximum', 'OUT_OF_RANGE'],
  ['impersonal', 'PERSONAL_REFERENCE'],
];
const rank = (keyword: string): number => {
  const at = codes.findIndex(([name]) => name === keyword);
  return at < 0 ? codes.length : at;
};

function refusalsOf(
  errors: readonly ErrorObject[],
  before: readonly ColumnRefusal[],
): readonly ColumnRefusal[] {
  const told = new Set(before.map(({ column }) => column));
  const found: ColumnRefusal[] = [];
  for (const error of [...errors].sort((a, b) => rank(a.keyword) - rank(b.keyword))) {
    const { path, rule } = place(error);
    if (told.has(path)) continue;
    told.add(path);
    const code = codes[rank(error.keyword)]?.[1] ?? 'BAD_FORMAT';
    if (code === 'UNKNOWN_FIELD') found.push(unknown(path));
    else found.push(refusal(path, code, rule?.says));
  }
  return found;
}

function unknown(path: string): ColumnRefusal {
  const first = path.endsWith(givenAgain) ? path.slice(0, -givenAgain.length) : '';
  if (fields.some((field) => field.name === first || field.path === first))
    return refusal(first, 'GIVEN_TWICE');
  return refusal(path, fieldOf(path) === undefined ? 'UNKNOWN_FIELD' : 'NOT_ALLOWED_HERE');
}

/** `/consents/0` and the property in question -> `consents[0].state` and its rule. */
function place(error: ErrorObject): { path: string; rule: Rule | undefined } {
  const steps = error.instancePath.split('/').slice(1);
  const params = error.params as { missingProperty?: string; additionalProperty?: string };
  if (params.missingProperty !== undefined) steps.push(params.missingProperty);
  if (params.additionalProperty !== undefined) {
    steps.push(
      fieldOf(params.additionalProperty) === undefined
        ? shownName(params.additionalProperty)
        : params.additionalProperty,
    );
  }
  const [column = 'row', , key = ''] = steps;
  const path = steps
    .map((step, index) => (/^\d+$/.test(step) ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
  if (steps.length < 3) return { path: path === '' ? 'row' : path, rule: fieldOf(column) };
  return { path, rule: (column === 'consents' ? consentElement : interactionElement)[key] };
}

// Checks a row beyond its schema: instants against now and each other, ranges, proof of a phone grant, reachability.
// Invariant: pure; judges the row, never repairs it.

const dayMs = 86_400_000;
/** Clocks of the web server, the switchboard and the gateway differ a little. */
const aheadMs = 5 * 60_000;

/** A lead without one of these could not be filed or kept lawfully: never cleared. */
export const notClearable: readonly LeadColumn[] = columnFacts
  .filter(({ presence }) => presence !== 'optional')
  .map(({ column }) => column);

const reachedBy = ['last_name', 'email', 'mobile', 'landline'] as const;
const ranges = ['surface', 'budget'] as const;

/** Columns of the lead by which a correction is judged. */
export const judgedColumns: readonly LeadColumn[] = [
  ...reachedBy,
  ...ranges.flatMap((name) => [`${name}_min`, `${name}_max`] as const),
];

const instants = columnFacts.filter(({ type }) => type === 'date').map(({ column }) => column);

export function checkMeaning(row: CheckedRow, now: Date): readonly ColumnRefusal[] {
  const latest = now.getTime() + aheadMs;
  const problems: ColumnRefusal[] = [];
  for (const name of instants) {
    const value = row.fields[name];
    if (value instanceof Date && value.getTime() > latest)
      problems.push(refusal(name, 'OUT_OF_RANGE', 'in the future'));
  }
  if (row.kind === 'lead') problems.push(...checkReachable(row.fields, 'row'));
  if (row.kind === 'correction') problems.push(...checkCorrection(row));
  problems.push(...checkRanges(row.fields));
  for (const [index, event] of row.consents.entries())
    problems.push(...checkConsent(event, `consents[${index}]`, latest));
  for (const [index, event] of row.interactions.entries())
    problems.push(...checkInteraction(event, `interactions[${index}]`, latest));
  return problems;
}

/** A lead needs a name or an address. */
export function checkReachable(fields: LeadFields, column: string): readonly ColumnRefusal[] {
  if (reachedBy.some((name) => fields[name] !== undefined)) return [];
  return [refusal(column, 'REQUIRED', 'at least one of last_name, email, mobile and landline')];
}

export function checkRanges(fields: LeadFields): readonly ColumnRefusal[] {
  const problems: ColumnRefusal[] = [];
  for (const name of ranges) {
    const min = fields[`${name}_min`];
    const max = fields[`${name}_max`];
    if (typeof min === 'number' && typeof max === 'number' && min > max)
      problems.push(refusal(`${name}_max`, 'OUT_OF_RANGE', `below ${name}_min`));
  }
  return problems;
}

function checkCorrection(row: CheckedRow): readonly ColumnRefusal[] {
  if (Object.keys(row.fields).length === 0 && row.clear.length === 0) {
    return [refusal('row', 'REQUIRED', 'a correction changes or clears at least one column')];
  }
  const problems: ColumnRefusal[] = [];
  for (const name of row.clear) {
    if (!leadColumns.includes(name))
      problems.push(
        refusal('clear_fields', 'NOT_ALLOWED_VALUE', 'column names, separated by commas without blanks'),
      );
    else if (notClearable.includes(name))
      problems.push(refusal('clear_fields', 'NOT_ALLOWED_VALUE', `${name} is mandatory`));
    else if (row.fields[name] !== undefined)
      problems.push(refusal('clear_fields', 'NOT_ALLOWED_VALUE', `${name} is also given a value`));
  }
  return problems;
}

function checkConsent(event: ConsentRecord, path: string, latest: number): readonly ColumnRefusal[] {
  const problems: ColumnRefusal[] = [];
  const at = event.recordedAt.getTime();
  if (at > latest) problems.push(refusal(`${path}.recordedAt`, 'OUT_OF_RANGE', 'in the future'));
  if (event.validUntil !== undefined && event.validUntil.getTime() <= at) {
    problems.push(refusal(`${path}.validUntil`, 'OUT_OF_RANGE', 'not after recordedAt'));
  }
  if (event.channel !== 'phone' || event.state !== 'granted') return problems;
  // C16b: the professional must prove the consent: the entity and the wording it was given to.
  for (const name of ['legalEntity', 'wordingVersion'] as const) {
    if (event[name] === undefined)
      problems.push(refusal(`${path}.${name}`, 'REQUIRED', 'a phone consent must be provable'));
  }
  if (event.validUntil !== undefined && event.validUntil.getTime() > at + phoneGrantDays * dayMs) {
    problems.push(
      refusal(`${path}.validUntil`, 'OUT_OF_RANGE', `a phone consent lives ${phoneGrantDays} days at most`),
    );
  }
  return problems;
}

/** The centre's own interactions: they express no will of the prospect, and must never restart retention (C08, C33). */
const ours = new Set(['failed_callback', 'email_sent', 'sms_sent', 'brochure_sent', 'invitation_letter']);

function checkInteraction(event: Interaction, path: string, latest: number): readonly ColumnRefusal[] {
  const problems: ColumnRefusal[] = [];
  if (event.at.getTime() > latest) problems.push(refusal(`${path}.at`, 'OUT_OF_RANGE', 'in the future'));
  if (event.voluntary && ours.has(event.kind)) {
    problems.push(refusal(`${path}.voluntary`, 'NOT_ALLOWED_VALUE', 'this kind is an action of the centre'));
  }
  return problems;
}
