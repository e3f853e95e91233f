// Counts the parts of a text message: in the alphabet of phones (GSM 03.38), or UTF-16 where one character is not in it. Pure.
// Invariant: counted as networks do: no character is cut in two between parts.

const alphabet = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Each of these takes two septets. */
const extension = new Set('\f^{}\\[~]|€');

/** Septets or units of a text of one part, and of each part of a longer one. */
const sizes = { phone: { alone: 160, part: 153 }, utf16: { alone: 70, part: 67 } } as const;

export function partsOf(text: string): number {
  // By code point: an emoji is two units, whatever it is joined with.
  const characters = Array.from(text);
  const isPlain = characters.every((one) => alphabet.has(one) || extension.has(one));
  const { alone, part } = isPlain ? sizes.phone : sizes.utf16;
  // Outside the alphabet as many as UTF-16 needs: two for an emoji.
  const places = characters.map((one) => (isPlain ? (extension.has(one) ? 2 : 1) : one.length));
  if (places.reduce((sum, count) => sum + count, 0) <= alone) return 1;
  let parts = 1;
  let used = 0;
  for (const count of places) {
    if (used + count > part) {
      parts += 1;
      used = 0;
    }
    used += count;
  }
  return parts;
}
