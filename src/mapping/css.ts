// CSS selectors over a recipient's HTML answer; `selector@name` is an attribute.
// Invariant: a selector is understood when the mapping is checked; libraries are loaded by the first file that has one.
import { createRequire } from 'node:module';
import type * as cssSelect from 'css-select';
import type * as htmlparser from 'htmlparser2';
import type { ExpressionFault } from './xpath.ts';

type Html = typeof htmlparser;
export type HtmlDocument = ReturnType<Html['parseDocument']>;
type Element = Parameters<Html['DomUtils']['getAttributeValue']>[0];

export interface CssPlace {
  readonly selector: string;
  readonly attribute?: string;
}

const require = createRequire(import.meta.url);
const html = (): Html => require('htmlparser2') as Html;
const css = (): typeof cssSelect => require('css-select') as typeof cssSelect;

/** Signs of a selector outside its quotes; the library takes others for a part of a name. */
const signs = /^[\p{L}\p{N}\s_\-.#:()[\]=~|^$*>+,\\]*$/u;
const quoted = /"[^"]*"|'[^']*'/g;

export function compileCss(text: string): CssPlace | ExpressionFault {
  const [, selector = '', attribute] = /^(.*?)(?:@([\p{L}_:][\p{L}\p{N}_.:-]*))?$/su.exec(text.trim()) ?? [];
  const bare = selector.replaceAll(quoted, '').trim();
  if (bare === '') return { fault: 'it is empty' };
  if (!signs.test(bare))
    return {
      fault: `"${/[^\p{L}\p{N}\s_\-.#:()[\]=~|^$*>+,\\]/u.exec(bare)?.[0] ?? ''}" is no sign of a selector`,
    };
  if (/[>+~,]$|[>+~]\s*[>+~,]/.test(bare)) return { fault: 'a part is missing behind its last sign' };
  try {
    css().compile(selector);
  } catch (error) {
    return { fault: error instanceof Error ? error.message.replace(/[\s.]+$/, '') : 'it is no selector' };
  }
  return { selector, ...(attribute === undefined ? {} : { attribute: attribute.toLowerCase() }) };
}

export const readHtml = (text: string): HtmlDocument => html().parseDocument(text);

/** Text or attribute of the first element found, with single spaces; undefined when there is none. */
export function readCss(document: HtmlDocument, { selector, attribute }: CssPlace): string | undefined {
  const found = css().selectOne<HtmlDocument | Element, Element>(selector, document);
  if (found === null) return undefined;
  const text = attribute === undefined ? html().DomUtils.innerText(found) : found.attribs[attribute];
  return text?.replaceAll(/\s+/g, ' ').trim();
}
