// Compiles the patterns of a client's schema for RE2, whose time is linear, instead of JavaScript's backtracking engine.
// Invariant: a compiled pattern takes time in proportion to the text, and means the same as in JavaScript with the u flag,
// as JSON Schema demands; a pattern that RE2 cannot run is refused before any lead.
import { createRequire } from 'node:module';
import type * as re2 from 're2js';
import type { Both } from '../../../connectors/contract.ts';

export interface Pattern {
  readonly test: (text: string) => boolean;
  /** The pattern itself: ajv compares patterns by this text. */
  readonly toString: () => string;
}

export type PatternFault = Error & { readonly pattern: string; readonly why: Both };

export const isPatternFault = (error: unknown): error is PatternFault =>
  error instanceof Error && Object.hasOwn(error, 'pattern');

const require = createRequire(import.meta.url);

/** @throws PatternFault */
export function compilePattern(pattern: string): Pattern {
  try {
    // Parsed by JavaScript first, so that a mistake is refused even where RE2 takes it. It is not run.
    new RegExp(pattern, 'u');
  } catch {
    throw faultIn(pattern, ['n’est pas une expression régulière', 'is no regular expression']);
  }
  try {
    const { RE2JS } = require('re2js') as typeof re2;
    const compiled = RE2JS.compile(RE2JS.translateRegExp(translated(pattern)));
    return { test: (text) => compiled.test(text), toString: () => pattern };
  } catch {
    throw faultIn(pattern, whyNot(pattern));
  }
}

const faultIn = (pattern: string, why: Both): PatternFault =>
  Object.assign(new Error(`the pattern ${JSON.stringify(pattern)} ${why[1]}`), { pattern, why });

function whyNot(pattern: string): Both {
  if (/\(\?<?[=!]/.test(pattern))
    return [
      'regarde autour (?=, ?!, ?<=, ?<!), ce qui n’a pas de durée bornée : écrivez-le sans, ou laissez-le au destinataire',
      'looks around (?=, ?!, ?<=, ?<!), which has no bound in time: write it without, or leave it to the recipient',
    ];
  if (/\\(?:[1-9]|k<)/.test(pattern))
    return [
      'renvoie à un groupe (\\1), ce qui n’a pas de durée bornée : écrivez-le sans, ou laissez-le au destinataire',
      'refers back to a group (\\1), which has no bound in time: write it without, or leave it to the recipient',
    ];
  if (/\{\d*,?\d{4,}\}/.test(pattern))
    return [
      'répète plus de 1000 fois : employez maxLength pour les longs textes',
      'repeats more than 1000 times: use maxLength for long texts',
    ];
  return [
    'a une partie que le moteur à temps linéaire (RE2) ne connaît pas',
    'has a part that the linear-time engine (RE2) does not know',
  ];
}

/** The characters of `\s` in JavaScript; RE2's are ASCII only. */
const blanks =
  '\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const lineEnds = '\\n\\r\\x{2028}\\x{2029}';
const longNames: Readonly<Record<string, string>> = {
  Letter: 'L',
  Uppercase_Letter: 'Lu',
  Lowercase_Letter: 'Ll',
  Titlecase_Letter: 'Lt',
  Mark: 'M',
  Number: 'N',
  Decimal_Number: 'Nd',
  Punctuation: 'P',
  Symbol: 'S',
  Separator: 'Z',
  Space_Separator: 'Zs',
};

const token =
  /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u\{[0-9a-fA-F]+\}|\\[pP]\{[^}]*\}|\\.|[[\].]|[^\\[\].]+/gsu;

/** The pattern in the syntax of RE2. */
function translated(pattern: string): string {
  let inClass = false;
  return (pattern.match(token) ?? [])
    .map((word) => {
      if (word === '[' && !inClass) {
        inClass = true;
        return word;
      }
      if (word === ']') {
        inClass = false;
        return word;
      }
      if (word === '[') return '\\[';
      if (word === '.' && !inClass) return `[^${lineEnds}]`;
      if (word === '\\s') return inClass ? blanks : `[${blanks}]`;
      if (word === '\\S' && !inClass) return `[^${blanks}]`;
      if (word === '\\b' && inClass) return '\\x08';
      if (/^\\u[dD][89abAB]..\\u/.test(word))
        return codePoint((JSON.parse(`"${word}"`) as string).codePointAt(0) ?? 0);
      if (word.startsWith('\\u{')) return codePoint(Number.parseInt(word.slice(3, -1), 16));
      const property = /^\\([pP])\{(?:(?:Script|sc|General_Category|gc)=)?(\w+)\}$/.exec(word);
      if (property === null) return word;
      const [, sign = 'p', name = ''] = property;
      return `\\${sign}{${longNames[name] ?? name}}`;
    })
    .join('');
}

const codePoint = (code: number): string => `\\x{${code.toString(16)}}`;
