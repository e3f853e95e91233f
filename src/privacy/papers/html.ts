// Builds HTML from templates and escapes every value, except HTML that these functions made.
// Invariant: no text of a person, a client or a file can become a tag, an attribute or a style.
import { escapeHtml } from '../../mapping/spec/blocks.ts';

const made: unique symbol = Symbol('html');

export interface Html {
  readonly [made]: string;
}

/** `false` is a part that a condition leaves out. */
export type Piece = Html | string | number | false | undefined | readonly Piece[];

export const html = (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html => ({
  [made]: strings.map((text, index) => text + textOf(pieces[index])).join(''),
});

/** Only for style sheets of this repository. */
export const styleSheet = (css: string): Html => ({ [made]: `<style>${css}</style>` });

/** undefined and false give nothing; a list gives its pieces one after the other. */
function textOf(piece: Piece): string {
  if (piece === undefined || piece === false) return '';
  if (typeof piece === 'string' || typeof piece === 'number') return escapeHtml(visible(String(piece)));
  if (made in piece) return piece[made];
  return piece.map(textOf).join('');
}

/** Characters that turn the reading direction or are invisible would let a value pass for another. */
const invisible = /(?![\n\t])[\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const visible = (text: string): string => text.replaceAll(invisible, '\ufffd');

/** Line, from 1, of the first invisible character; undefined where there is none. */
export function lineOfInvisible(text: string): number | undefined {
  const at = text.search(invisible);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}

export const written = (piece: Html): string => piece[made];
