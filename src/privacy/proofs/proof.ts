// Makes, signs and checks a proof: a document of an act on a person's data that anybody can check with the public key alone (C23).
// Invariant: it contains tables, columns, counts and log positions, never a value of the person; a single altered byte fails the check.
import { createHash, createPublicKey, sign, verify, createPrivateKey, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Ajv } from 'ajv';
import type { Key, KeyRing } from '../../domain/key-ring.ts';
import { derived } from '../../domain/keyed.ts';
import type { RequestKind } from '../../domain/requests.ts';
import { closed, list, shape, type Described } from '../shape.ts';

export const proofFormat = 'relais-proof-1';

export type ProvedAct = RequestKind | 'purge' | 'anonymisation' | 'contract_end';

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
  if (!validate(document)) return { ok: false, problem: 'not_a_proof' };
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

const text = (maxLength: number) => shape<string>({ type: 'string', minLength: 1, maxLength });
const textOrNone = (maxLength: number, description = '') =>
  shape<string | null>({ type: ['string', 'null'], maxLength, description });
const written = (pattern: string, description = '') =>
  shape<string>({ type: 'string', pattern, description });
const count = shape<number>({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const position = closed({
  entry: shape<number>({ ...count, description: 'Id of the last entry of the log.' }),
  anchor: shape<string | null>({
    type: ['string', 'null'],
    pattern: '^[1-9][0-9]*:[0-9a-f]{64}$',
    description: 'The last seal, as `relais log anchor` prints it; null before the first.',
  }),
});
export type LogPosition = Described<typeof position>;

/** Rows of a table with a value in a column, before and after; `changed`: rows whose value is another, new or deleted. */
const column = closed({ column: text(64), before: count, after: count, changed: count });
export type ProvedColumn = Described<typeof column>;

const table = closed({ table: text(64), rowsBefore: count, rowsAfter: count, columns: list(column) });
export type ProvedTable = Described<typeof table>;

const proof = {
  format: shape<typeof proofFormat>({ const: proofFormat }),
  number: shape<number>({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  /** A younger release may know more acts. */
  act: shape<ProvedAct>({ type: 'string', pattern: '^[a-z_]{1,24}$' }),
  request: textOrNone(64, 'Number of the request it answers; null where there was none.'),
  madeAt: written('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$'),
  installation: text(64),
  client: closed({ id: text(40), name: text(160), legalEntity: text(200) }),
  /** The centre, its data protection officer and the mailbox for rights, as configured. */
  contact: closed({ centre: textOrNone(1000), dpo: textOrNone(1000), mailbox: textOrNone(254) }),
  /** The centre's references; empty where no reference may lead back to a lead. */
  leads: list(written('^[A-Za-z0-9._-]{1,64}$')),
  tables: list(table),
  log: closed({
    before: position,
    after: position,
    /** Entries of the act itself, by kind. */
    entries: list(closed({ entry: text(24), ids: list(count) })),
  }),
  key: written('^[A-Za-z0-9_-]{43}$', 'RFC 7638 thumbprint of the public key.'),
};
const unsigned = closed(proof);
export type Proof = Described<typeof unsigned>;

const signed = closed({
  ...proof,
  signature: written(
    '^[A-Za-z0-9+/]{86}==$',
    'Ed25519 over the RFC 8785 form of all other members, in base64.',
  ),
});
export type SignedProof = Described<typeof signed>;

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(signed);

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
