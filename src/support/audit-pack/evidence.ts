// Writes the signed parts of an audit pack: the state of the log at the end of each day, proofs of acts on persons, public keys.
// Invariant: each is checked with `openssl` and the public key alone, from the bytes as they were signed.
import canonicalize from 'canonicalize';
import { addDays, civilDate } from '../../domain/civil-date.ts';
import { publishedKeys, type SignedProof } from '../../privacy/proofs/proof.ts';
import { daySealsOf } from '../../store/log/day-seals.ts';
import { findProof, listProofs } from '../../store/people/proofs.ts';
import type { Keys } from '../../privacy/keys.ts';
import type { Anchor } from '../../privacy/verification.ts';
import type { VerifyPlace } from '../acts/verify-log.ts';
import type { RegisterPlace } from '../processing-register.ts';

// Types of an audit pack: its sources, its order, and a file of it.

export interface PackPlace extends VerifyPlace, RegisterPlace {
  /** Sealing keys of the log; the pack is signed with a key derived from the one in force. */
  readonly keys: Pick<Keys, 'seal'>;
  /** Folder of the archives of the log, where months were taken out of MySQL. */
  readonly archives?: string | undefined;
}

export interface PackAsked {
  readonly clientId: string;
  readonly from: Date;
  /** First instant after the period. */
  readonly until: Date;
  readonly actor: string;
  readonly reason: string;
  /** Kept outside the database: with it a cut end of the log is detected too. */
  readonly anchor?: Anchor | undefined;
}

export interface PackFile {
  readonly name: string;
  /** French description of the file, for readers of the pack. */
  readonly about: string;
  /** Read in its turn, piece by piece. */
  readonly content: () => AsyncIterable<string | Buffer>;
}

/** In writing order. */
export async function evidenceFiles(place: PackPlace, asked: PackAsked): Promise<readonly PackFile[]> {
  return [...(await dayFiles(place, asked)), ...(await proofFiles(place, asked)), ...keyFiles(place)];
}

async function dayFiles(
  { database }: PackPlace,
  { clientId, from, until }: PackAsked,
): Promise<readonly PackFile[]> {
  const days = await daySealsOf(database, clientId, {
    from: civilDate(from),
    until: addDays(civilDate(until), -1),
  });
  return days.flatMap(({ day, document, signature }) => [
    file(
      `sceaux/${day}.json`,
      `l’état du journal de ce client à la fin du ${day} (UTC), signé le lendemain`,
      document,
    ),
    file(`sceaux/${day}.sig`, 'sa signature Ed25519', signature),
  ]);
}

async function proofFiles(
  { database }: PackPlace,
  { clientId, from, until }: PackAsked,
): Promise<readonly PackFile[]> {
  const heads = await listProofs(database, { client: clientId, from, until });
  const files: PackFile[] = [];
  for (const { number } of heads.toReversed()) {
    const document = (await findProof(database, number))?.document;
    // Deleted with the leads it names.
    if (document === undefined) continue;
    const { signature, ...signed } = JSON.parse(document) as SignedProof;
    files.push(
      file(
        `preuves/${number}.json`,
        `la preuve signée n° ${number} d’un acte sur les données d’une personne (C23)`,
        document,
      ),
      file(
        `preuves/${number}.jcs`,
        'ses membres signés, tels que la RFC 8785 les écrit',
        canonicalize(signed) ?? '',
      ),
      file(`preuves/${number}.sig`, 'sa signature Ed25519', Buffer.from(signature, 'base64')),
    );
  }
  return files;
}

const keyFiles = ({ keys }: PackPlace): readonly PackFile[] =>
  publishedKeys(keys.seal).map(({ id, pem }) =>
    file(`cles/${id}.pem`, 'la clé publique de ce nom (« key »)', pem),
  );

const file = (name: string, about: string, bytes: string | Buffer): PackFile => ({
  name,
  about,
  content: async function* () {
    yield await Promise.resolve(bytes);
  },
});
