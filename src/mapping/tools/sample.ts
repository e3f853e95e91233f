// Reads sample leads, invented persons in YAML or JSON, into the lead model for tests and previews.
// Invariant: the same closed model as a real lead; an unknown key is a problem, not ignored.
import { leadFields } from '../../domain/lead-fields/columns.ts';
import { consentFields } from '../../domain/lead-fields/consent.ts';
import { isField, type Field, type Fields } from '../../domain/lead-fields/field.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import { reviveLead, type Lead } from '../../domain/lead.ts';
import type { Problem } from '../contract.ts';
import { isRecord, readDocument } from '../document/yaml.ts';
import { createProblems } from '../document/problems.ts';
import { reportStructure } from '../document/structure.ts';

// An invented lead with every field, for previews of clients that have no samples yet.
// Invariant: reserved phone ranges and domains only; the person does not exist.

const samplesOf = (fields: Fields): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, entry]) => [name, isField(entry) ? entry.sample : samplesOf(entry)]),
  );

const recordedAt = '2026-11-20T10:15:00+01:00';
const source = 'form-7';

/** In the form of a sample file. */
export const sampleLead = JSON.stringify(
  {
    reference: 'SAMPLE-000001',
    ...samplesOf(leadFields),
    consents: [
      {
        channel: 'email',
        state: 'granted',
        recordedAt,
        wordingVersion: 'w3',
        legalEntity: 'EXEMPLE SAS',
        source,
      },
      { channel: 'phone', state: 'refused', recordedAt, source },
      { channel: 'sms', state: 'not_asked', recordedAt, source },
      { channel: 'post', state: 'withdrawn', recordedAt, source },
      { purpose: 'newsletter', channel: 'email', state: 'granted', recordedAt, source },
      { purpose: 'partners', channel: 'email', state: 'refused', recordedAt, source },
      { purpose: 'profiling', channel: 'email', state: 'refused', recordedAt, source },
    ],
    interactions: [
      { kind: 'web_form', at: '2026-11-20T10:15:00+01:00', voluntary: true },
      { kind: 'failed_callback', at: '2026-11-20T11:00:00+01:00', duration: 25 },
    ],
  },
  null,
  2,
);

const text = { type: 'string', minLength: 1 } as const;
const number = { type: 'number' } as const;
const phone = {
  type: 'string',
  pattern: '^\\+[1-9]\\d{6,14}$',
  description: 'E.164 between quotes, "+33639980001".',
  'x-forme': 'E.164 entre guillemets, "+33639980001".',
} as const;
const date = {
  type: 'string',
  format: 'date-time',
  description: 'a date with its time and offset, 2026-11-20T10:15:00+01:00.',
  'x-forme': 'une date avec son heure et son décalage, 2026-11-20T10:15:00+01:00.',
} as const;

const block = (properties: Readonly<Record<string, unknown>>, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

const propertiesOf = (fields: Fields): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, entry]) => [
      name,
      isField(entry) ? valueOf(entry) : block(propertiesOf(entry)),
    ]),
  );

function valueOf({ type, values }: Field): unknown {
  switch (type) {
    case 'enum':
      return { enum: values };
    case 'integer':
    case 'decimal':
      return number;
    case 'phone':
      return phone;
    case 'date':
      return date;
    case 'boolean':
      return { type: 'boolean' };
    case 'text':
    case 'email':
    case 'list':
      return text;
  }
}

const schema = block(
  {
    $schema: text,
    id: { type: 'integer' },
    reference: {
      type: 'string',
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      description: 'letters, digits, . _ - only.',
      'x-forme': 'lettres, chiffres, . _ - seulement.',
    },
    revision: { type: 'integer' },
    ...propertiesOf(leadFields),
    consents: {
      type: 'array',
      items: block(propertiesOf(consentFields), ['channel', 'state', 'recordedAt']),
    },
    interactions: { type: 'array', items: block(propertiesOf(interactionFields), ['kind', 'at']) },
  },
  ['reference', 'channel', 'collectedAt'],
);

type SampleResult =
  | { readonly ok: true; readonly lead: Lead }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a sample; `name` is its file (for messages), `clientId` its client. */
export function leadFromSample(content: string, name: string, clientId: string): SampleResult {
  const problems = createProblems();
  const tree = readDocument(name, content, problems);
  if (isRecord(tree.value)) reportStructure(schema, tree.value, problems.reportIn(tree));
  const found = problems.all();
  if (found.length > 0) return { ok: false, problems: found };
  const raw = reviveLead(isRecord(tree.value) ? tree.value : {}) as Partial<Lead> &
    Pick<Lead, 'reference' | 'channel' | 'collectedAt'>;
  const list = (value: readonly unknown[] | undefined) => (value ?? []) as readonly Record<string, unknown>[];
  return {
    ok: true,
    lead: {
      id: 1,
      clientId,
      revision: 1,
      operationKind: 'recurring',
      identity: {},
      project: {},
      origin: {},
      financial: {},
      ...raw,
      consents: list(raw.consents).map((consent) => ({
        purpose: 'marketing',
        ...consent,
      })) as unknown as Lead['consents'],
      interactions: list(raw.interactions).map((interaction) => ({
        voluntary: false,
        ...interaction,
      })) as unknown as Lead['interactions'],
    },
  };
}
