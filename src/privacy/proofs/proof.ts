// Makes, signs and checks a proof: a document of an act on a person's data that anybody can check with the public key alone (C23).
// Invariant: it contains tables, columns, counts and log positions, never a value of the person; a single altered byte fails the check.
import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { isProof } from './proof-schema.ts';

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

export const provedActs = [
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

export type CheckedProof =
  { readonly ok: true; readonly proof: SignedProof } | { readonly ok: false; readonly problem: ProofProblem };

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
