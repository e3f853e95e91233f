// Paths into an answer: `error.code`, `errors[0].code`, and `leads[ref=asked].id`, the record of a list whose `ref` is the reference
// that a look-up asked about. Invariant: never throws; a path that leads nowhere gives undefined.
import { namesReference } from './comparison.ts';

const askedStep = /^\[([A-Za-z0-9_-]{1,60})=asked\]$/;

/** Whether a place as written looks for the record that was asked about. */
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

/** @param asked the reference a look-up was about */
export function walk(root: unknown, path: readonly string[], asked?: string): unknown {
  let value = root;
  for (const step of path) {
    const key = askedStep.exec(step)?.[1];
    value = key === undefined ? memberOf(value, step) : recordIn(value, key, asked);
  }
  return value;
}

/** Whether the lists a path searches are there: only from a list can a record be missing. */
export function hasItsLists(root: unknown, path: readonly string[], asked?: string): boolean {
  const at = path.findIndex((step) => askedStep.test(step));
  return at < 0 || (asked !== undefined && Array.isArray(walk(root, path.slice(0, at), asked)));
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function recordIn(list: unknown, key: string, asked: string | undefined): unknown {
  if (!Array.isArray(list)) return undefined;
  return (list as unknown[]).find((record) => namesReference(memberOf(record, key), true, asked));
}
