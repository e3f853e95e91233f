// Renders the tables and columns changed by an act on a person's data, in words, for a proof and the page of a request.
// Invariant: a name without words of its own is shown as it is; nothing is left out.
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { labelOf, tableWords } from '../privacy/proofs/proof-page.ts';
import type { Both, Language } from '../support/words.ts';
import { changedTables, changes, otherColumns } from './words/changed.ts';

/** The name in words, with the table's own name for readers of the database. */
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

/** Label of a field of the lead, in any table. */
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
