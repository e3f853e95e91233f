// Removes from a text the characters that a recipient cannot hold: emoji, control characters, or named signs.
// Invariant: letters, accents, digits and words remain; only signs that say nothing about the person can be named.
import type { Both } from '../../../connectors/contract.ts';
import * as says from './formatter-words.ts';

const joiner = '\\u200d';
const picture = '[\\p{Emoji_Presentation}\\p{Extended_Pictographic}\\p{Regional_Indicator}]';
/** Skin tones, variation selectors, keycaps and the tags of flags belong to the emoji before them. */
const trailing = '[\\p{Emoji_Modifier}\\ufe0e\\ufe0f\\u20e3\\u{e0020}-\\u{e007f}]*';
/** © ® ™ and the like are text; with a selector behind them they are emoji. */
const writing = '[\\u00a9\\u00ae\\u203c\\u2049\\u2100-\\u21ff](?!\\ufe0f)';

/** Classes by name: the characters removed, and their French words. */
const classes: Readonly<Record<string, { readonly signs: string; readonly french: string }>> = {
  emoji: {
    signs: `(?!${writing})${picture}${trailing}(?:${joiner}${picture}${trailing})*|[\\ufe0f\\u20e3]`,
    french: 'émojis',
  },
  // Line breaks and tabs are text. Joiners and marks of right-to-left scripts change how a word looks: they remain.
  control: {
    signs:
      '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u200b\\u2060\\ufeff\\ufff9-\\uffff]',
    french: 'caractères de contrôle',
  },
  // The utf8 of older MySQL databases ends at three bytes.
  '4bytes': { signs: '[\\u{10000}-\\u{10ffff}]', french: 'caractères de quatre octets' },
};

export const removalNames: readonly string[] = Object.keys(classes);

/** Compiles the names of `remove:`, or says why one cannot be removed. */
export function compileRemoval(option: unknown): ((text: string) => string) | Both {
  const named: readonly unknown[] = [option].flat();
  if (named.length === 0) return says.nothingToRemove;
  const parts: string[] = [];
  for (const name of named) {
    if (typeof name !== 'string' || name === '') return says.nothingToRemove;
    const known = classes[name];
    if (known === undefined && /[\p{L}\p{M}\p{N}\s]/u.test(name))
      return says.notRemovable(name, removalNames);
    parts.push(
      known?.signs ??
        `[${Array.from(name, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`).join('')}]`,
    );
  }
  const signs = new RegExp(`(?:${parts.join('|')})+`, 'gu');
  const plain = named.includes('4bytes');
  return (text) => withoutSigns(plain ? plainLetters(text) : text, signs);
}

/** Styled letters (𝐉𝐞𝐚𝐧) are letters: they are written plainly, not removed from a name. */
const plainLetters = (text: string): string =>
  text.replaceAll(/[\u{1d400}-\u{1d7ff}]/gu, (letter) => letter.normalize('NFKC'));

/** Leaves one of the blanks around a removed sign; none at the end of a line. */
function withoutSigns(text: string, signs: RegExp): string {
  const found = text.replaceAll(signs, gap);
  if (!found.includes(gap)) return text;
  const edge = (sign: string | undefined): boolean => sign === undefined || /[\r\n]/.test(sign);
  return found.replaceAll(gaps, (whole: string, at: number) =>
    edge(found[at - 1]) || edge(found[at + whole.length]) ? '' : (/[^\S\r\n]/.exec(whole)?.[0] ?? ''),
  );
}

/** A noncharacter: no text contains it. */
const gap = '\ufdd0';
const gaps = /[^\S\r\n]?\ufdd0(?:[^\S\r\n]?\ufdd0)*[^\S\r\n]?/g;

export function removalWords(option: unknown): string | undefined {
  const named: readonly unknown[] = [option].flat();
  const words = named.map((name) =>
    typeof name === 'string' ? (classes[name]?.french ?? `caractères « ${name} »`) : undefined,
  );
  return words.length === 0 || words.includes(undefined) ? undefined : `sans ${words.join(', ')}`;
}
