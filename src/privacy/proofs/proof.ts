// Makes, signs and checks a proof: a document of an act on a person's data that anybody can check with the public key alone (C23).
// Invariant: it contains tables, columns, counts and log positions, never a value of the person; a single altered byte fails the check.
import { createHash, createPublicKey, sign, verify, createPrivateKey, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Ajv } from 'ajv';
import type { Key, KeyRing } from '../../domain/key-ring.ts';
import { derived } from '../../domain/keyed.ts';

export const proofFormat = 'relais-proof-1';

/** Rows of a table with a value in a column, before and after; `changed`: rows whose value is another, new or deleted. */
export interface ProvedColumn {
  readonly column: string;
  readonly before: number;
  readonly after: number;
  readonly changed: number;
}

export interface ProvedTable {
  readonly table: string;
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly columns: readonly ProvedColumn[];
}

const provedActs = [
  'access',
  'rectification',
  'erasure',
  'objection',
  'restriction',
  'portability',
  'withdrawal',
  'purge',
  'anonymisation',
  'contract_end',
] as const;
export type ProvedAct = (typeof provedActs)[number];

/** Position in the log: the last entry, and the last seal as `relais log anchor` prints it. */
export interface LogPosition {
  readonly entry: number;
  readonly anchor: string | null;
}

export interface Proof {
  readonly format: typeof proofFormat;
  readonly number: number;
  readonly act: ProvedAct;
  /** Number of the request it answers; null where there was none. */
  readonly request: string | null;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** The installation that made it. */
  readonly installation: string;
  readonly client: { readonly id: string; readonly name: string; readonly legalEntity: string };
  /** The centre, its data protection officer and the mailbox for rights, as configured. */
  readonly contact: {
    readonly centre: string | null;
    readonly dpo: string | null;
    readonly mailbox: string | null;
  };
  /** The centre's references; empty where no reference may lead back to a lead. */
  readonly leads: readonly string[];
  readonly tables: readonly ProvedTable[];
  readonly log: {
    readonly before: LogPosition;
    readonly after: LogPosition;
    /** Entries of the act itself, by kind. */
    readonly entries: readonly { readonly entry: string; readonly ids: readonly number[] }[];
  };
  /** Id of the key that signed it. */
  readonly key: string;
}

export interface SignedProof extends Proof {
  /** Ed25519 over the RFC 8785 form of all other members, base64. */
  readonly signature: string;
}

/** The bytes that are signed: RFC 8785 (JCS) of the document without its signature. */
export function signedBytes(proof: Proof): Buffer {
  const { signature: _, ...rest } = proof as Proof & { readonly signature?: string };
  return Buffer.from(canonicalize(rest) ?? '', 'utf8');
}

export const signProof = (proof: Proof, key: KeyObject): SignedProof => ({
  ...proof,
  signature: sign(null, signedBytes(proof), key).toString('base64'),
});

/** The file: RFC 8785's order of members, indented for human readers. */
export const proofText = (proof: SignedProof): string =>
  `${JSON.stringify(JSON.parse(canonicalize(proof) ?? ''), null, 2)}\n`;

export type ProofProblem =
  | 'not_json'
  /** Spelt otherwise than written: a member twice, another order, an escape. */
  | 'not_as_written'
  | 'not_a_proof'
  | 'key_unreadable'
  /** Signed by another key than the one given. */
  | 'other_key'
  | 'signature_wrong';

type CheckedProof =
  | { readonly ok: true; readonly proof: SignedProof }
  | { readonly ok: false; readonly problem: ProofProblem };

/**
 * Checks a file against public keys, without a database.
 * @param publicKeys PEM, as `relais proof key` prints them; the signing key must be among them
 */
export function checkProof(text: string, publicKeys: string): CheckedProof {
  const keys = publicKeysOf(publicKeys);
  if (keys === undefined) return { ok: false, problem: 'key_unreadable' };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'not_json' };
  }
  if (!isProof(document)) return { ok: false, problem: 'not_a_proof' };
  const proof = document as SignedProof;
  // Parsers disagree on a member that occurs twice, one taking the first and another the last: only one spelling is accepted.
  const spelling = text.replaceAll('\r\n', '\n').trimEnd();
  if (spelling !== proofText(proof).trimEnd() && spelling !== canonicalize(proof))
    return { ok: false, problem: 'not_as_written' };
  const signature = Buffer.from(proof.signature, 'base64');
  // Base64 has bits to spare in its last letter.
  if (signature.toString('base64') !== proof.signature) return { ok: false, problem: 'not_as_written' };
  const key = keys.find((published) => keyIdOf(published) === proof.key);
  if (key === undefined) return { ok: false, problem: 'other_key' };
  return verify(null, signedBytes(proof), key, signature)
    ? { ok: true, proof }
    : { ok: false, problem: 'signature_wrong' };
}

const pem = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/g;

export function publicKeysOf(text: string): readonly KeyObject[] | undefined {
  try {
    const keys = [...text.matchAll(pem)].map(([key]) => createPublicKey(key));
    return keys.length > 0 && keys.every((key) => key.asymmetricKeyType === 'ed25519') ? keys : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 7638 thumbprint of the public key: every reader of the key can compute it. */
export function keyIdOf(publicKey: KeyObject): string {
  const { crv, kty, x } = publicKey.export({ format: 'jwk' });
  return createHash('sha256')
    .update(canonicalize({ crv, kty, x }) ?? '')
    .digest('base64url');
}

// The JSON Schema of a proof; docs/rights.md explains its members.
// Invariant: closed; a document with an unknown member is not a proof.

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

const proofSchema = {
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

const isProof = (document: unknown): boolean => validate(document);

// Derives the Ed25519 keys that sign proofs from the sealing keys, so that no further key has to be kept.
// Invariant: the private half never leaves the process; the public half reveals nothing of the sealing key.

export interface ProofKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

const made = new WeakMap<Key, ProofKey>();

/** HKDF-SHA-256 over the sealing key, `proof signature`. */
export function proofKeyOf(key: Key): ProofKey {
  const known = made.get(key);
  if (known !== undefined) return known;
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Head, derived(key.bytes, 'proof signature')]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey);
  const own = { id: keyIdOf(publicKey), privateKey, publicKey };
  made.set(key, own);
  return own;
}

/** Every public key that signs or has signed, the one in force first, as PEM. */
export function publishedKeys(
  sealKeys: KeyRing,
): readonly { readonly id: string; readonly inForce: boolean; readonly pem: string }[] {
  const current = sealKeys.current();
  return [current, ...sealKeys.keys.filter((key) => key !== current)].map((key) => {
    const { id, publicKey } = proofKeyOf(key);
    return {
      id,
      inForce: key === current,
      pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    };
  });
}
