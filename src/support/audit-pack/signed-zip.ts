// Writes files as one self-proving ZIP: each with its SHA-256 in a manifest, and the manifest signed with the key of proofs (Ed25519).
// Invariant: written as it is read, in bounded memory; an interrupted one is no archive, since its directory comes last.
import { createHash, sign } from 'node:crypto';
import { Readable } from 'node:stream';
import canonicalize from 'canonicalize';
import { ZipFile } from 'yazl';
import type { ProofKey } from '../../privacy/proofs/proof.ts';
import type { PackFile } from './place.ts';

export const manifestName = 'manifeste.json';
export const signatureName = 'manifeste.sig';
export const sumsName = 'SHA256SUMS';
export const packFormat = 'relais-audit-pack-1';

export interface PackedFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Members of the manifest beside the list of files. */
export type ManifestHead = Readonly<Record<string, unknown>>;

/** @param head signed with the files; `madeAt` is the time of every file in the archive */
export function signedZip(
  files: readonly PackFile[],
  { head, madeAt, key }: { readonly head: ManifestHead; readonly madeAt: Date; readonly key: ProofKey },
): Readable {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const packed: PackedFile[] = [];
  let open: Readable | undefined;
  let manifest = '';
  const add = (name: string, content: () => AsyncIterable<string | Buffer>): void => {
    zip.addReadStreamLazy(name, { mtime: madeAt, mode: 0o100600 }, (give) => {
      open = Readable.from(measured(name, content(), packed), { objectMode: false });
      open.once('error', (error) => out.destroy(error));
      give(null, open);
    });
  };
  zip.on('error', (error: Error) => out.destroy(error));
  // A closed output ends the file that is being read for it.
  out.once('close', () => open?.destroy());
  for (const { name, content } of files) add(name, content);
  add(sumsName, () => once(sumsOf(packed)));
  add(manifestName, () => {
    manifest = manifestOf(head, packed);
    return once(manifest);
  });
  add(signatureName, () => once(sign(null, Buffer.from(manifest), key.privateKey)));
  zip.end();
  return out;
}

async function* once<T>(piece: T): AsyncGenerator<T> {
  yield await Promise.resolve(piece);
}

async function* measured(
  name: string,
  content: AsyncIterable<string | Buffer>,
  packed: PackedFile[],
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of content) {
    const buffer = typeof piece === 'string' ? Buffer.from(piece) : piece;
    hash.update(buffer);
    bytes += buffer.length;
    yield buffer;
  }
  packed.push({ name, bytes, sha256: hash.digest('hex') });
}

/** The format of `sha256sum -c`. */
export const sumsOf = (files: readonly PackedFile[]): string =>
  files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');

/** RFC 8785's order of members, indented for human readers; these exact bytes are signed. */
export const manifestOf = (head: ManifestHead, files: readonly PackedFile[]): string =>
  `${JSON.stringify(JSON.parse(canonicalize({ format: packFormat, ...head, files }) ?? ''), undefined, 2)}\n`;
