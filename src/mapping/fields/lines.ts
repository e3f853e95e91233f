// Compiles texts made of lines: several fields and opt-ins, each a line `Nom : Durand` of one target.
// Invariant: one line remains one line; the text of a person cannot forge another, least of all an opt-in.
import type { Path, Report } from '../document/problems.ts';
import { slotKey } from './target.ts';
import type { Entry } from './values.ts';

export interface LineOf {
  /** The label of the line: `OPTIN E-MAIL` of `OPTIN E-MAIL : {value}`. */
  readonly label: string;
  readonly write: (value: string) => string;
}

/** True when a free text, in a list or without a label, could read as an opt-in beside it. */
export const couldForge = (free: boolean, line: LineOf | undefined): boolean =>
  free && (line === undefined || line.label === '');

const place = '{value}';

/** Compiles `line: 'Nom : {value}'`; undefined when there is none, or after reporting. */
export function compileLineText(raw: unknown, path: Path, report: Report): LineOf | undefined {
  if (typeof raw !== 'string') return undefined;
  const parts = raw.split(place);
  const [before = '', after = ''] = parts;
  if (parts.length !== 2 || /[\r\n]/.test(raw))
    return report.error(path, 'MAP-221', [
      `line est une ligne avec {value} une fois : "Nom : {value}".`,
      `line is one line with {value} once: "Nom : {value}".`,
    ]);
  const label = before.replace(/[\s:=-]+$/u, '').trim();
  return { label, write: (value) => `${before}${oneLine(value)}${after}` };
}

/** Every kind of line break becomes a space. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n\v\f\u0085\u2028\u2029]+/gu, ' ').trim();

/** Joins the lines of one target into one text, in the place of the first. */
export function joinLines(entries: readonly Entry[]): readonly Entry[] {
  const texts = new Map<string, string[]>();
  const joined: (Entry | { readonly lines: string[]; readonly entry: Entry })[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'line') {
      joined.push(entry);
      continue;
    }
    const key = slotKey(entry.target);
    const own = texts.get(key);
    if (own === undefined) {
      const lines = [entry.text];
      texts.set(key, lines);
      joined.push({ lines, entry });
    } else own.push(entry.text);
  }
  return joined.map((item) =>
    'lines' in item ? { target: item.entry.target, kind: 'cell', cell: item.lines.join('\n') } : item,
  );
}
