// Writes the SQL conditions by which a person is looked for by name: case, accents, ligatures, a particle before the name, and the sign
// between two parts are ignored.
// Invariant: a `%` or `_` of the name is no wildcard; the condition on a column begins with a prefix that an index takes.
import { inList, type SqlValue } from '../database.ts';

export interface NameCondition {
  readonly where: string;
  readonly values: readonly SqlValue[];
}

/** Typed and typographic: O'Brien and O’Brien, Jean-Pierre and Jean Pierre. */
const between = [' ', '\u00a0', '\u202f', '-', '\u2010', '\u2011', '\u2013', "'", '’', 'ʼ', '`', '´'];

/** A person who asks for Ornano may be stored as D’Ornano. Their signs are exact: the index takes the whole particle. */
const elided = ["d'", 'd’', 'd ', "l'", 'l’', 'l ', "de l'", 'de l’'];
const particles = ['', ...elided, 'de ', 'de la ', 'du ', 'des ', 'le ', 'la ', 'van ', 'von '];
/** LIKE compares sign by sign, and finds no two letters in one. */
const ligatures = [
  ['œ', 'oe'],
  ['Œ', 'oe'],
  ['æ', 'ae'],
  ['Æ', 'ae'],
] as const;

const literal = (sign: string): string => sign.replace(/[\\%_]/, (special) => `\\${special}`);
const signsOf = (name: string): readonly string[] => Array.from(name.normalize('NFC'));
const withoutLigatures = (name: string): string =>
  ligatures.reduce((text, [one, two]) => text.replaceAll(one, two), name.normalize('NFC'));

/** @param column a column of names, which ignores case and accents */
export function nameBegins(column: string, name: string): NameCondition {
  const withLigatures = withoutLigatures(name).replaceAll(/oe/gi, 'œ').replaceAll(/ae/gi, 'æ');
  const spellings = [...new Set([name, withoutLigatures(name), withLigatures])];
  const conditions = spellings.flatMap((spelling) =>
    particles.map((particle) => begins(column, particle, spelling)),
  );
  return {
    where: `(${conditions.map(({ where }) => where).join(' OR ')})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

function begins(column: string, particle: string, name: string): NameCondition {
  const signs = signsOf(name);
  const places = signs.flatMap((sign, index) =>
    between.includes(sign) ? [particle.length + index + 1] : [],
  );
  const pattern = signs.map((sign) => (between.includes(sign) ? '_' : literal(sign))).join('');
  const { marks, values } = inList(between);
  return {
    where: [`${column} LIKE ?`, ...places.map(() => `SUBSTRING(${column}, ?, 1) IN (${marks})`)].join(
      ' AND ',
    ),
    values: [`${particle}${pattern}%`, ...places.flatMap((place) => [place, ...values])],
  };
}

/** @param text SQL of a text that may name the person anywhere */
export function nameIsIn(text: string, name: string): NameCondition {
  const replaced = [...between.slice(1).map((sign) => [sign, ' '] as const), ...ligatures];
  const alike = replaced.reduce((sql) => `REPLACE(${sql}, ?, ?)`, text);
  const pattern = signsOf(withoutLigatures(name)).map((sign) =>
    between.includes(sign) ? ' ' : literal(sign),
  );
  return {
    where: `${alike} COLLATE utf8mb4_unicode_ci LIKE ?`,
    values: [...replaced.flat(), `%${pattern.join('')}%`],
  };
}
