// Writes the SQL conditions by which a person is looked for by name: case, accents, and the sign between two parts are ignored.
// Invariant: a `%` or `_` of the name is no wildcard; the condition on a column begins with a prefix that an index takes.
import { inList, type SqlValue } from '../database.ts';

export interface NameCondition {
  readonly where: string;
  readonly values: readonly SqlValue[];
}

/** Typed and typographic: O'Brien and O’Brien, Jean-Pierre and Jean Pierre. */
const between = [' ', '\u00a0', '\u202f', '-', '\u2010', '\u2011', '\u2013', "'", '’', 'ʼ', '`', '´'];

const literal = (sign: string): string => sign.replace(/[\\%_]/, (special) => `\\${special}`);
const signsOf = (name: string): readonly string[] => Array.from(name.normalize('NFC'));

/** @param column a column of names, which ignores case and accents */
export function nameBegins(column: string, name: string): NameCondition {
  const signs = signsOf(name);
  const places = signs.flatMap((sign, index) => (between.includes(sign) ? [index + 1] : []));
  const pattern = signs.map((sign) => (between.includes(sign) ? '_' : literal(sign))).join('');
  const { marks, values } = inList(between);
  return {
    where: [`${column} LIKE ?`, ...places.map(() => `SUBSTRING(${column}, ?, 1) IN (${marks})`)].join(
      ' AND ',
    ),
    values: [`${pattern}%`, ...places.flatMap((place) => [place, ...values])],
  };
}

/** @param text SQL of a text that may name the person anywhere */
export function nameIsIn(text: string, name: string): NameCondition {
  const alike = between.slice(1).reduce((sql) => `REPLACE(${sql}, ?, ' ')`, text);
  const pattern = signsOf(name).map((sign) => (between.includes(sign) ? ' ' : literal(sign)));
  return {
    where: `${alike} COLLATE utf8mb4_unicode_ci LIKE ?`,
    values: [...between.slice(1), `%${pattern.join('')}%`],
  };
}
