// Encrypts a file for the client's OpenPGP key, signed where asked, piece by piece.
// Invariant: only the client's keys decrypt the file; we recognise our own file by its session key, which is stored nowhere.
import type { PgpKeys } from '../../openpgp.ts';
import type { Packer } from './packed.ts';

export interface Sealing {
  /** Absent where a file is only compared. */
  readonly keys?: PgpKeys | undefined;
  readonly at: Date;
  /** 32 bytes. Absent: a file at the recipient cannot be recognised. */
  readonly sessionKey: Uint8Array | undefined;
}

const algorithm = 'aes256';

export const openPgp = (sealing: Sealing): Packer => ({
  pack: (clear) => seal(clear, sealing),
  open: (packed) => unseal(packed, sealing),
});

// Its types name streams of a package that is not needed here.
const piecesOf = (source: AsyncIterable<Uint8Array>): never => ReadableStream.from(source) as never;

async function* seal(
  clear: AsyncIterable<Uint8Array>,
  { keys, at, sessionKey }: Sealing,
): AsyncGenerator<Uint8Array> {
  if (keys === undefined) throw new Error('Nothing is sealed without a key.');
  const { createMessage, encrypt } = await import('openpgp');
  const packed: unknown = await encrypt({
    message: await createMessage({ binary: piecesOf(clear), date: at }),
    encryptionKeys: [...keys.encryptTo],
    ...(keys.sign === undefined ? {} : { signingKeys: keys.sign }),
    ...(sessionKey === undefined ? {} : { sessionKey: { data: sessionKey, algorithm } }),
    format: 'binary',
    date: at,
  });
  yield* packed as AsyncIterable<Uint8Array>;
}

async function* unseal(
  packed: AsyncIterable<Uint8Array>,
  { at, sessionKey }: Sealing,
): AsyncGenerator<Uint8Array> {
  if (sessionKey === undefined) throw new Error('Nothing is opened without a key.');
  const { decrypt, readMessage } = await import('openpgp');
  const { data } = (await decrypt({
    message: await readMessage({ binaryMessage: piecesOf(packed) }),
    sessionKeys: { data: sessionKey, algorithm },
    format: 'binary',
    date: at,
    // The data is compared as a whole, by digest, before it has any effect.
    config: { allowUnauthenticatedStream: true },
  })) as { readonly data: unknown };
  yield* data as AsyncIterable<Uint8Array>;
}
