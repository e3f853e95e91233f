// Decides if a record found by a look-up is ours: a database may take dm-1 for DM-1, and a search DM-10 for DM-1.
// Invariant: a record that shows a reference like ours must contain ours byte by byte, or it is another's, whatever the rules say.
import type { Opened } from './answer.ts';

/** The steps to the record that holds a place such as `$.list[0].id`; undefined where the place is no JSON path. */
export const recordAround = (steps: readonly string[] | undefined): readonly string[] | undefined =>
  steps?.slice(0, -1);

/** True when the record shows a similar reference, not ours. @param record steps to the record; the whole answer without */
export function isAnothers(opened: Opened, record: readonly string[] | undefined): boolean {
  const { asked, text } = opened.answer;
  if (asked === undefined || asked === '') return false;
  const whole = opened.is('json') ? opened.json([]) : undefined;
  const found = whole === undefined || record === undefined ? whole : opened.json(record);
  if (names(found ?? text, asked)) return false;
  return holdsAlike(whole ?? text, asked);
}

/** True when the record contains our reference byte by byte; a list in which no record does proves nothing. */
export function isOurs(opened: Opened, record: readonly string[] | undefined): boolean {
  const { asked = '' } = opened.answer;
  return asked !== '' && record !== undefined && names(opened.json(record) ?? '', asked);
}

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** True when the text contains the reference as a whole, not as a part of a longer one. */
function names(value: unknown, reference: string): boolean {
  const text = written(value);
  const own = typeof value === 'string' ? reference : JSON.stringify(reference).slice(1, -1);
  for (let at = text.indexOf(own); at >= 0; at = text.indexOf(own, at + 1))
    if (!joins.test(text.charAt(at - 1)) && !joins.test(text.charAt(at + own.length))) return true;
  return false;
}

const joins = /[\p{L}\p{N}_-]/u;

/** Without letter case and accents, as a database may compare. */
const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

const holdsAlike = (value: unknown, reference: string): boolean =>
  folded(written(value)).includes(folded(JSON.stringify(reference).slice(1, -1)));
