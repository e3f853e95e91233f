// Guards a constant: it may name a channel or a source, never a person (C13).
// Invariant: only reports; what is written does not change.
import { isScalarValue } from './formatters.ts';
import { smellsOfPerson } from './lints.ts';
import type { Path } from './problems.ts';
import type { Scope } from './scope.ts';
import { lastName } from './target.ts';
import type { Target } from './target.ts';

const looksLikeContact = /^\+?\d[\d .-]{8,}$|^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function checkConstant(value: unknown, path: Path, scope: Scope, target: Target): void {
  const name = lastName(target);
  if (smellsOfPerson(name)) {
    scope.report.error(
      [...path, 'value'],
      'MAP-211',
      `"${target.text}" is a person's field by its name: a constant would invent it (C13).`,
    );
  } else if (typeof value === 'string' && looksLikeContact.test(value)) {
    scope.report.error(
      [...path, 'value'],
      'MAP-211',
      `the constant of "${target.text}" looks like a phone number or an address (C13).`,
    );
  } else if (!isScalarValue(value) && value !== null) {
    scope.report.error([...path, 'value'], 'MAP-103', 'value is a text, a number, or true / false.');
  }
}
