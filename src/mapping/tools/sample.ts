// Sample leads: invented persons in YAML or JSON, read into the lead model for tests and previews.
// Invariant: the same closed model as a real lead; an unknown key is a problem, not ignored.
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
} from '../../domain/lead.ts';
import type { Lead } from '../../domain/lead.ts';
import type { Problem } from '../contract.ts';
import { isRecord, readDocument } from '../document/yaml.ts';
import { createProblems } from '../document/problems.ts';
import { reportStructure } from '../document/structure.ts';

const text = { type: 'string', minLength: 1 } as const;
const number = { type: 'number' } as const;
const phone = {
  type: 'string',
  pattern: '^\\+[1-9]\\d{6,14}$',
  description: 'E.164 between quotes, "+33639980001".',
} as const;
const date = {
  type: 'string',
  format: 'date-time',
  description: 'a date with its time and offset, 2026-11-20T10:15:00+01:00.',
} as const;
const oneOf = (values: readonly string[]) => ({ enum: values });
const block = (properties: Record<string, unknown>, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

const schema = block(
  {
    $schema: text,
    id: { type: 'integer' },
    reference: {
      type: 'string',
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      description: 'letters, digits, . _ - only.',
    },
    revision: { type: 'integer' },
    channel: oneOf(channels),
    collectedAt: date,
    operation: text,
    operationKind: oneOf(operationKinds),
    notice: text,
    identity: block({
      ...{
        civility: oneOf(civilities),
        lastName: text,
        firstName: text,
        email: text,
        mobile: phone,
        landline: phone,
      },
      address: block({ line1: text, line2: text, postcode: text, city: text, country: text }),
    }),
    project: block({
      ...{
        programme: text,
        housingType: oneOf(housingTypes),
        rooms: number,
        surfaceMin: number,
        surfaceMax: number,
      },
      ...{ use: oneOf(housingUses), budgetMin: number, budgetMax: number, location: text, comment: text },
    }),
    origin: block({
      ...{
        type: text,
        media: text,
        support: text,
        recording: text,
        commune: text,
        communeName: text,
        departement: text,
      },
      ...{ talkStartedAt: date, talkDuration: number },
    }),
    financial: block({
      contribution: number,
      resale: number,
      referenceTaxIncome: number,
      rent: number,
      taxBracket: number,
    }),
    consents: {
      type: 'array',
      items: block(
        {
          ...{
            purpose: oneOf(consentPurposes),
            channel: oneOf(consentChannels),
            state: oneOf(consentStates),
            recordedAt: date,
          },
          ...{ wordingVersion: text, legalEntity: text, validUntil: date, source: text },
        },
        ['channel', 'state', 'recordedAt'],
      ),
    },
    interactions: {
      type: 'array',
      items: block(
        {
          kind: oneOf(interactionKinds),
          at: date,
          duration: number,
          voluntary: { type: 'boolean' },
          content: text,
        },
        ['kind', 'at'],
      ),
    },
  },
  ['reference', 'channel', 'collectedAt'],
);

export type SampleResult =
  { readonly ok: true; readonly lead: Lead } | { readonly ok: false; readonly problems: readonly Problem[] };

const dateKeys = new Set(['collectedAt', 'talkStartedAt', 'recordedAt', 'validUntil', 'at']);

function withDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDates);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      dateKeys.has(key) && typeof inner === 'string' ? new Date(inner) : withDates(inner),
    ]),
  );
}

/** Reads a sample; `name` is its file (for messages), `clientId` whose lead it is. */
export function leadFromSample(content: string, name: string, clientId: string): SampleResult {
  const problems = createProblems();
  const tree = readDocument(name, content, problems);
  if (isRecord(tree.value)) reportStructure(schema, tree.value, problems.reportIn(tree));
  const found = problems.all();
  if (found.length > 0) return { ok: false, problems: found };
  const raw = withDates(tree.value) as Partial<Lead> & Pick<Lead, 'reference' | 'channel' | 'collectedAt'>;
  const list = (value: readonly unknown[] | undefined) => (value ?? []) as readonly Record<string, unknown>[];
  return {
    ok: true,
    lead: {
      ...{
        id: 1,
        clientId,
        revision: 1,
        operationKind: 'recurring',
        identity: {},
        project: {},
        origin: {},
        financial: {},
      },
      ...raw,
      consents: list(raw.consents).map((one) => ({
        purpose: 'marketing',
        ...one,
      })) as unknown as Lead['consents'],
      interactions: list(raw.interactions).map((one) => ({
        voluntary: false,
        ...one,
      })) as unknown as Lead['interactions'],
    },
  };
}
