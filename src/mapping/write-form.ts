// Writes a record as application/x-www-form-urlencoded, in the order of the fields.
// Invariant: names are the targets as written; a list repeats its name.
import { textOf } from './rendering.ts';
import { settle } from './values.ts';
import type { Entry } from './values.ts';

export function formText(entries: readonly Entry[]): string {
  const form = new URLSearchParams();
  for (const entry of entries) {
    const cells = entry.kind === 'cell' ? [entry.cell] : entry.kind === 'cells' ? entry.cells : [];
    for (const cell of cells) form.append(entry.target.text, textOf(settle(cell, undefined)));
  }
  return form.toString();
}
