// The JSON Schema of a proof; docs/rights.md explains its members.
// Invariant: closed; a document with an unknown member is not a proof.
import { Ajv } from 'ajv';

const text = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength });
const textOrNone = (maxLength: number): object => ({ type: ['string', 'null'], maxLength });
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const closed = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});
const list = (items: object): object => ({ type: 'array', items });

const position = closed({
  entry: { ...count, description: 'Id of the last entry of the log.' },
  anchor: {
    type: ['string', 'null'],
    pattern: '^[1-9][0-9]*:[0-9a-f]{64}$',
    description: 'The last seal, as `relais log anchor` prints it; null before the first.',
  },
});

export const proofSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Proof of an act on a person’s data (relais-proof-1)',
  ...closed({
    format: { const: 'relais-proof-1' },
    number: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    act: { type: 'string', pattern: '^[a-z_]{1,24}$', description: 'erasure, rectification, ...' },
    request: { ...textOrNone(64), description: 'Number of the request it answers.' },
    madeAt: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$' },
    installation: text(64),
    client: closed({ id: text(40), name: text(160), legalEntity: text(200) }),
    contact: closed({ centre: textOrNone(1000), dpo: textOrNone(1000), mailbox: textOrNone(254) }),
    leads: list({ type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' }),
    tables: list(
      closed({
        table: text(64),
        rowsBefore: count,
        rowsAfter: count,
        columns: list(closed({ column: text(64), before: count, after: count, changed: count })),
      }),
    ),
    log: closed({
      before: position,
      after: position,
      entries: list(closed({ entry: text(24), ids: list(count) })),
    }),
    key: {
      type: 'string',
      pattern: '^[A-Za-z0-9_-]{43}$',
      description: 'RFC 7638 thumbprint of the public key.',
    },
    signature: {
      type: 'string',
      pattern: '^[A-Za-z0-9+/]{86}==$',
      description: 'Ed25519 over the RFC 8785 form of all other members.',
    },
  }),
} as const;

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(proofSchema);

export const isProof = (document: unknown): boolean => validate(document);
