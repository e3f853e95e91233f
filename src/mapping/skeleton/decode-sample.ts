// Decodes a client's sample to text.
// Invariant: decoded by the encoding it declares, or as UTF-8; no character is lost on the way into a draft.

const readAs = (bytes: Uint8Array, encoding: string): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** The sample as text; undefined when it is not in its declared encoding. A CSV declares none: its reader tries Excel's. */
export function decodeSample(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1').trimStart();
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*encoding=["']([\w-]+)/.exec(head)?.[1];
  const text = readAs(bytes, declared ?? 'utf-8');
  if (text !== undefined) return text;
  return /^[<{[]/.test(head) ? undefined : readAs(bytes, 'windows-1252');
}
