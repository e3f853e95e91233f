// Compares one field that a test expects with the value written, a value of a list included.
// Invariant: typed and whole: "0" is no 0, and a list is never taken for its first value.
import type { Path, Report } from '../document/problems.ts';
import { suggest } from '../document/suggest.ts';
import { entryValue } from '../fields/values.ts';
import type { Entry } from '../fields/values.ts';

const absent = '(absent)';

export function compareField(
  field: string,
  wanted: unknown,
  entries: readonly Entry[],
  path: Path,
  report: Report,
): void {
  const own = entries.filter((entry) => entry.target.text === field);
  const actual = own.length === 0 ? placeIn(field, entries) : together(own);
  if (wanted === absent ? actual === undefined : isSame(actual, wanted)) return;
  // `tags[]: web` of a list with one value equals `tags[]: [web]`.
  if (Array.isArray(actual) && actual.length === 1 && isSame(actual[0], wanted)) return;
  // Samples are invented persons: the value may be shown.
  const shown = actual === undefined ? 'nothing' : JSON.stringify(actual);
  const suggestion =
    actual === undefined && wanted !== absent
      ? suggest(
          field,
          entries.map((entry) => entry.target.text),
        )
      : undefined;
  report.error(
    path,
    'MAP-801',
    [
      `« ${field} » s’écrit ${shown}, l’essai attend ${JSON.stringify(wanted)}.`,
      `"${field}" is written as ${shown}, the test expects ${JSON.stringify(wanted)}.`,
    ],
    { suggestion },
  );
}

/** All values that lines of one target write: `tags[]` appends to a list, line by line. */
function together(own: readonly Entry[]): unknown {
  const [first] = own;
  if (first === undefined) return undefined;
  if (first.target.steps.at(-1)?.append !== true) return entryValue(first);
  return own.flatMap((entry) => entryValue(entry));
}

/** `tags[1]`, `tels[1].numero`: a value inside a list, from 0. */
function placeIn(field: string, entries: readonly Entry[]): unknown {
  const match = /^(.*?)\[(\d{1,3})\](?:\.(.+))?$/s.exec(field);
  if (match === null) return undefined;
  const [, list = '', place = '', inner] = match;
  const own = entries.filter(({ target }) => target.text === list || target.text === `${list}[]`);
  const value = own.length === 0 ? undefined : together(own);
  const item: unknown = Array.isArray(value) ? (value as unknown[])[Number(place)] : undefined;
  if (inner === undefined) return item;
  return typeof item === 'object' && item !== null && Object.hasOwn(item, inner)
    ? (item as Record<string, unknown>)[inner]
    : undefined;
}

const isSame = (actual: unknown, wanted: unknown): boolean =>
  JSON.stringify(actual) === JSON.stringify(wanted);
