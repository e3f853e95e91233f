// Decodes bytes to text, for previews and tests.
// Invariant: the inverse of encoding.ts; the text is the one a recipient reads.
import iconv from 'iconv-lite';

export function decode(bytes: Uint8Array, charset: string): string {
  return iconv.decode(Buffer.from(bytes), iconv.encodingExists(charset) ? charset : 'utf-8');
}
