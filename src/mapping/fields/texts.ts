// Changes the writing of a text: capitals, accents.
// Invariant: the order of letters and the number of words do not change; nothing is added.

/** Latin letters that Unicode does not decompose, and the typography French texts use. */
const replacements: Readonly<Record<string, string>> = {
  œ: 'oe',
  Œ: 'OE',
  æ: 'ae',
  Æ: 'AE',
  ß: 'ss',
  ẞ: 'SS',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ł: 'l',
  Ł: 'L',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '«': '"',
  '»': '"',
  '‐': '-',
  '‑': '-',
  '–': '-',
  '—': '-',
  '…': '...',
  '€': 'EUR',
  '⁄': '/',
};

/**
 * One character in plainer letters, by Unicode's compatibility decomposition (UAX 15): `ﬁ` is `fi`, `²` is `2`. Invisible
 * format characters are the empty text. Undefined when it has none, or only a space would be left of a visible sign.
 */
export function plainer(character: string): string | undefined {
  const own = replacements[character];
  if (own !== undefined) return own;
  if (/\p{Cf}/u.test(character)) return '';
  const decomposed = character.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const base = Array.from(decomposed, (part) => replacements[part] ?? part).join('');
  const isSpace = /\s/.test(character);
  return base !== character && (isSpace || base.trim() !== '') ? base : undefined;
}

/** The text without accents or typography; a character without a plain form remains. */
export function ascii(text: string): string {
  let result = '';
  const characters = Array.from(text.normalize('NFC'));
  for (const [index, character] of characters.entries()) {
    if ((character.codePointAt(0) ?? 0) < 128) {
      result += character;
      continue;
    }
    const plain = plainer(character) ?? character;
    // `Œuvre` is `Oeuvre`, `ŒUVRE` is `OEUVRE`.
    const small = plain.length > 1 && /\p{Ll}/u.test(characters[index + 1] ?? '');
    result += small ? plain.slice(0, 1) + plain.slice(1).toLowerCase() : plain;
  }
  return result;
}

/** First letters of words in capitals, the rest small: `jean-pierre DUPONT` -> `Jean-Pierre Dupont`. */
export function titleCase(text: string): string {
  return text
    .toLocaleLowerCase('fr')
    .replaceAll(
      /(^|[\s'’-])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toLocaleUpperCase('fr'),
    );
}
