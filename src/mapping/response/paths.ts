// Walks paths into an answer: `error.code`, `errors[0].code`, and `leads[ref=asked].id`, the record of a list whose `ref`
// is the reference of the look-up.
// Invariant: never throws; a path that does not exist gives undefined.
import { namesReference } from './comparison.ts';

const askedStep = /^\[([A-Za-z0-9_-]{1,60})=asked\]$/;

/** True for a place that names the record of the look-up. */
export const looksForAsked = (place: unknown): boolean =>
  typeof place === 'string' && /\[[A-Za-z0-9_-]{1,60}=asked\]/.test(place);

/** `error.code`, `errors[0].code` or `$.error.code` to its steps; undefined when badly written. */
export function parsePath(text: string): readonly string[] | undefined {
  const body = text
    .replace(/^\$\.?/, '')
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .replaceAll(/\[([A-Za-z0-9_-]{1,60}=asked)\]/g, '.[$1]')
    .replace(/^\./, '');
  if (body === '') return text === '$' ? [] : undefined;
  const steps = body.split('.');
  return steps.every((step) => askedStep.test(step) || (step !== '' && !/[[\]*?\s]/.test(step)))
    ? steps
    : undefined;
}

/**
 * @param asked the reference of the look-up
 * @param beside offset, in the first list it passes, from the record that the path names
 */
export function walk(root: unknown, path: readonly string[], asked?: string, beside = 0): unknown {
  let value = root;
  let skip = beside;
  for (const step of path) {
    const key = askedStep.exec(step)?.[1];
    if (key !== undefined) value = recordsIn(value, key, asked)[skip];
    else if (Array.isArray(value) && /^\d+$/.test(step)) value = memberOf(value, String(Number(step) + skip));
    else {
      value = memberOf(value, step);
      continue;
    }
    skip = 0;
  }
  return value;
}

/** The steps to the record of a list in which a place is; undefined where the place passes no list. */
export function recordSteps(path: readonly string[] | undefined): readonly string[] | undefined {
  const at = path?.findLastIndex((step) => askedStep.test(step) || /^\d+$/.test(step)) ?? -1;
  return at < 0 ? undefined : path?.slice(0, at + 1);
}

/** True when the lists that a path searches exist: only a list can lack a record. */
export function hasItsLists(root: unknown, path: readonly string[], asked?: string): boolean {
  const at = path.findIndex((step) => askedStep.test(step));
  return at < 0 || (asked !== undefined && Array.isArray(walk(root, path.slice(0, at), asked)));
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

const recordsIn = (list: unknown, key: string, asked: string | undefined): readonly unknown[] =>
  Array.isArray(list)
    ? (list as unknown[]).filter((record) => namesReference(memberOf(record, key), true, asked))
    : [];
