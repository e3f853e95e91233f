// Bytes back to text, for previews and tests.
// Invariant: the reader's side of encoding.ts; what it gives is what a recipient sees.
import iconv from 'iconv-lite';

export function decode(bytes: Uint8Array, charset: string): string {
  return iconv.decode(Buffer.from(bytes), iconv.encodingExists(charset) ? charset : 'utf-8');
}
