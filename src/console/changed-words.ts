// Tables and columns that an act on a person's data has changed, in words, as a proof and the page of a request show them.
// Invariant: what has no words of ours stands under its own name; nothing is left out.
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { labelOf, tableWords } from '../privacy/proofs/proof-words.ts';
import type { Both, Language } from '../support/words.ts';
import { changedTables, changes, otherColumns } from './words/changed.ts';

/** The name in words, and the table's own beside it for who looks into the database. */
export const changedTable = (table: string, language: Language): Html =>
  html`${language === 'fr' ? tableWords(table) : (changedTables[table] ?? table)}
    <code class="quiet">${table}</code>`;

/** `all`, `state`, `restricted_at`, or of a correction `last_name=replaced` for each field. */
export const changedColumns = (table: string, columns: string, language: Language): Piece =>
  columns
    .split(/[ ,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [column = '', change] = part.split('=');
      const how = change === undefined ? undefined : changes[change];
      const name = changedColumn(table, column, language);
      return how === undefined ? name : `${name} (${said(how, language)})`;
    })
    .join(', ');

/** A field of the lead by its label, of any table it stands in. */
export function changedColumn(table: string, column: string, language: Language): string {
  const own = otherColumns[`${table}.${column}`] ?? otherColumns[column];
  if (own !== undefined) return said(own, language);
  if (language === 'fr') return labelOf(table, column) || labelOf('lead_intake', column) || column;
  const facts = columnFacts.find(
    (fact) => fact.column === column || (fact.table === table && fact.stored === column),
  );
  return facts?.description ?? column.replaceAll('_', ' ');
}

const said = ([french, english]: Both, language: Language): string => (language === 'fr' ? french : english);
