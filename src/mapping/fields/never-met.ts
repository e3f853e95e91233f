// Reports patterns of `accepts:` and `matches:` that no lead can match, whose rule would be false for every lead.
// Invariant: a reported pattern matches no lead; a pattern that can match one is never reported.
import { departementCode } from '../../domain/lead-limits.ts';
import { compileGlob } from './glob.ts';
import type { Source } from './source.ts';
import type { Path } from '../document/problems.ts';
import { neverOneOf } from './condition-words.ts';
import type { Scope } from '../scope.ts';

export function reportNeverMet(
  { path: name, values: known }: Pick<Source, 'path' | 'values'>,
  values: readonly string[],
  path: Path,
  list: boolean,
  { report }: Scope,
): void {
  if (values.length === 0)
    report.error(path, 'MAP-213', [
      'accepts ne prend aucun lead : cette liste est vide.',
      'accepts takes no lead at all: this list is empty.',
    ]);
  for (const [index, value] of values.entries()) {
    const at = list ? [...path, index] : path;
    if (value !== value.trim())
      report.error(at, 'MAP-213', [
        `« ${value} » commence ou finit par une espace : aucun lead n’a cela.`,
        `"${value}" begins or ends with a space: no lead has that.`,
      ]);
    else if (/^%|%$/.test(value))
      report.error(at, 'MAP-213', [
        `« ${value} » est écrit comme en SQL : ici l’étoile représente un texte quelconque (HZ-*).`,
        `"${value}" is written as in SQL: here the star stands for any text (HZ-*).`,
      ]);
    else if (/^\^|\.\*|\\[dw]|\[.+\]|\$$/.test(value))
      report.error(at, 'MAP-213', [
        `« ${value} » ressemble à une expression régulière : ici seule l’étoile compte, pour un texte quelconque (HZ-*).`,
        `"${value}" looks like a regular expression: here only the star is special, and stands for any text (HZ-*).`,
      ]);
    else if (value.includes('*') && known?.some(compileGlob(value)) === false)
      report.error(at, 'MAP-213', neverOneOf(name, value, known));
    else if (
      name === 'origin.departement' &&
      !value.includes('*') &&
      !departementCode.test(value.toUpperCase())
    )
      report.error(
        at,
        'MAP-213',
        [
          `« ${name} » n’est jamais « ${value} » : c’est un code, 01 à 95, 2A, 2B, 971 à 988.`,
          `"${name}" is never "${value}": it is a code, 01 to 95, 2A, 2B, 971 to 988.`,
        ],
        /^\d$/.test(value) ? { suggestion: `0${value}` } : {},
      );
  }
}
