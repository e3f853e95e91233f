// Reads CSS selectors over a recipient's HTML answer; `selector@name` is an attribute.
// Invariant: reading takes one pass over the page whatever the selector: pages and selectors are limited, each part of a
// selector looks at one element, and parts are joined on the way down. Libraries are loaded by the first file that has a selector.
import { createRequire } from 'node:module';
import type * as cssSelect from 'css-select';
import type * as cssWhat from 'css-what';
import type * as htmlparser from 'htmlparser2';
import type { Both } from '../../../connectors/contract.ts';
import { answerTooComplex, mostElements, mostNested } from './answer-budget.ts';
import type { ExpressionFault } from './xpath.ts';

type Html = typeof htmlparser;
export type HtmlDocument = ReturnType<Html['parseDocument']>;
type Nodes = HtmlDocument['children'];
type Element = Parameters<Html['DomUtils']['getAttributeValue']>[0];
type Token = cssWhat.Selector;

/** How a part is linked to the one before it; the first has no link. */
type Link = 'first' | 'descendant' | 'child' | 'adjacent' | 'sibling';

type Part = ReturnType<typeof partsOf>[number];

export interface CssPlace {
  readonly selector: string;
  readonly parts: readonly Part[];
  readonly attribute?: string;
}

const require = createRequire(import.meta.url);
const html = (): Html => require('htmlparser2') as Html;
const css = (): typeof cssSelect => require('css-select') as typeof cssSelect;
const what = (): typeof cssWhat => require('css-what') as typeof cssWhat;

/** Characters of a selector outside its quotes; the library takes others for a part of a name. */
const signs = /^[\p{L}\p{N}\s_\-.#:()[\]=~|^$*>+,\\]*$/u;
const quoted = /"[^"]*"|'[^']*'/g;
const mostParts = 20;

export function compileCss(text: string): CssPlace | ExpressionFault {
  const [, selector = '', attribute] = /^(.*?)(?:@([\p{L}_:][\p{L}\p{N}_.:-]*))?$/su.exec(text.trim()) ?? [];
  const bare = selector.replaceAll(quoted, '').trim();
  if (bare === '') return { fault: ['il n’y a rien', 'it is empty'] };
  if (!signs.test(bare)) return noSign(/[^\p{L}\p{N}\s_\-.#:()[\]=~|^$*>+,\\]/u.exec(bare)?.[0] ?? '');
  if (/[>+~,]$|[>+~]\s*[>+~,]/.test(bare))
    return {
      fault: ['il manque une partie après son dernier caractère', 'a part is missing behind its last sign'],
    };
  try {
    const alternatives = what().parse(selector);
    const parts = alternatives.flatMap(partsOf);
    const fault = unbounded(alternatives, parts.length);
    if (fault !== undefined) return { fault };
    return { selector, parts, ...(attribute === undefined ? {} : { attribute: attribute.toLowerCase() }) };
  } catch (error) {
    // The parser's own words.
    const english = error instanceof Error ? error.message.replace(/[\s.]+$/, '') : '';
    return english === ''
      ? { fault: ['ce n’est pas un sélecteur', 'it is no selector'] }
      : { fault: [`ce n’est pas un sélecteur (en anglais : ${english})`, english] };
  }
}

const noSign = (sign: string): ExpressionFault => ({
  fault: [`« ${sign} » n’est pas un caractère de sélecteur`, `"${sign}" is no sign of a selector`],
});

const links: readonly Link[] = ['descendant', 'child', 'adjacent', 'sibling'];
const linkOf = (token: Token): Link | undefined => links.find((link) => link === token.type);

function partsOf(tokens: readonly Token[]) {
  const parts: { readonly link: Link; readonly own: Token[] }[] = [{ link: 'first', own: [] }];
  for (const token of tokens) {
    const link = linkOf(token);
    if (link === undefined) parts.at(-1)?.own.push(token);
    else parts.push({ link, own: [] });
  }
  return parts.map(({ link, own }, index) => ({
    link,
    last: index === parts.length - 1,
    fits: css().compile<Element, Element>([own]),
  }));
}

/** Pseudo-classes that look at one element and its neighbours; `:has` and the like search whole pages for each element. */
const pseudos = new Set([
  'root',
  'empty',
  'contains',
  'icontains',
  'first-child',
  'last-child',
  'only-child',
  'first-of-type',
  'last-of-type',
  'only-of-type',
  'nth-child',
  'nth-last-child',
  'nth-of-type',
  'nth-last-of-type',
]);
const groups = new Set(['not', 'is', 'where', 'matches']);

function unbounded(alternatives: readonly (readonly Token[])[], parts: number): Both | undefined {
  if (parts > mostParts)
    return [
      `il a ${parts} parties, ${mostParts} au plus peuvent être lues`,
      `it has ${parts} parts, ${mostParts} at most can be read`,
    ];
  for (const token of alternatives.flat()) {
    if (token.type !== 'pseudo') continue;
    const { name, data } = token;
    if (groups.has(name) && Array.isArray(data)) {
      if (data.flat().some((inner) => linkOf(inner) !== undefined))
        return [
          `dans « :${name} » un seul élément peut être regardé : écrivez dehors le chemin qui y mène`,
          `inside ":${name}" only one element can be looked at: write the way to it outside`,
        ];
      const fault = unbounded(data, parts);
      if (fault !== undefined) return fault;
    } else if (!pseudos.has(name) || (typeof data === 'string' && / of /i.test(data))) {
      const known = [...pseudos, ...groups].join(', ');
      return [
        `« :${name} » ne peut pas être lu en une durée bornée ; peuvent l’être ${known}`,
        `":${name}" cannot be read in bounded time; those that can are ${known}`,
      ];
    }
  }
  return undefined;
}

/** @throws answerTooComplex for a page beyond the limits of depth or elements */
export function readHtml(text: string): HtmlDocument {
  const { DomHandler, Parser } = html();
  const handler = new DomHandler();
  const open = handler.onopentag.bind(handler);
  const close = handler.onclosetag.bind(handler);
  let elements = 0;
  let nested = 0;
  handler.onopentag = (name, attributes) => {
    elements += 1;
    nested += 1;
    if (elements > mostElements || nested > mostNested) throw answerTooComplex();
    open(name, attributes);
  };
  handler.onclosetag = () => {
    nested -= 1;
    close();
  };
  new Parser(handler).end(text);
  return handler.root;
}

/** Text or attribute of the first element found, with single spaces; undefined when there is none. */
export function readCss(document: HtmlDocument, { parts, attribute }: CssPlace): string | undefined {
  const none = parts.map(() => false);
  const found = firstIn(document.children, parts, none, none);
  if (found === undefined) return undefined;
  const text = attribute === undefined ? html().DomUtils.innerText(found) : found.attribs[attribute];
  return text?.replaceAll(/\s+/g, ' ').trim();
}

type Fits = readonly boolean[];

/** The first element of the page that the whole selector fits. `above` holds the parts that fit some ancestor. */
function firstIn(nodes: Nodes, parts: readonly Part[], parent: Fits, above: Fits): Element | undefined {
  let before: Fits = parts.map(() => false);
  let earlier = before;
  for (const node of nodes) {
    if (!('attribs' in node)) continue;
    const joined = { first: undefined, descendant: above, child: parent, adjacent: before, sibling: earlier };
    const own = parts.map(({ link, fits }, index) => joined[link]?.[index - 1] !== false && fits(node));
    if (own.some((fits, index) => fits && parts[index]?.last === true)) return node;
    const inner = firstIn(node.children, parts, own, either(above, own));
    if (inner !== undefined) return inner;
    before = own;
    earlier = either(earlier, own);
  }
  return undefined;
}

const either = (left: Fits, other: Fits): Fits => left.map((fits, index) => fits || other[index] === true);
