// SQL that MySQL 8.4 and MariaDB 10.11+ do not both take, or take differently: one rule each.
// Invariant: rules see a statement without its comments and with its quoted strings blanked, so that neither a
// comment nor a JSON path can set one off. Positions are kept.

import { reservedWords } from './reserved-words.ts';

export type SqlRule = {
  readonly name: string;
  readonly remedy: string;
  /** where the fault starts, or undefined */
  readonly find: (statement: string) => number | undefined;
};

const matching = (name: string, pattern: RegExp, remedy: string): SqlRule => ({
  name,
  remedy,
  find: (statement) => pattern.exec(statement)?.index,
});

export const sqlRules: readonly SqlRule[] = [
  matching(
    'json-arrow',
    /->>?/,
    'MariaDB has no -> and ->>: use JSON_VALUE, or JSON_UNQUOTE(JSON_EXTRACT(...)).',
  ),
  matching(
    'functional-index',
    // The first parenthesis opens the list of parts; a second one that follows no column name opens an expression.
    /\b(?:INDEX|KEY)\s+[\w`]*\s*(?:ON\s+[\w`.]+\s*)?\((?:[^()]|(?<=[\w`]\s*)\(\d+\))*(?<![\w`]\s*)\(/i,
    'MariaDB has no functional index: index a generated column instead.',
  ),
  matching(
    'multi-valued-index',
    /\bAS\s+[\w() ]+?\bARRAY\s*\)/i,
    'MariaDB has no multi-valued index: use a child table.',
  ),
  matching(
    'not-null-generated-column',
    /\b(?:STORED|VIRTUAL|PERSISTENT)\b[^,;)]*\bNOT\s+NULL\b/i,
    'MariaDB refuses NOT NULL on a generated column: leave it out.',
  ),
  matching(
    'upsert-alias',
    /\)\s*AS\s+[\w`]+\s*(?:\([^)]*\)\s*)?ON\s+DUPLICATE\s+KEY/i,
    'MariaDB has no alias in upserts: use VALUES(column) after ON DUPLICATE KEY UPDATE.',
  ),
  matching(
    'for-share',
    /\bFOR\s+SHARE\b/i,
    'MariaDB has no FOR SHARE: use LOCK IN SHARE MODE or FOR UPDATE.',
  ),
  matching(
    'returning',
    /\bRETURNING\b/i,
    'MySQL has no RETURNING: read insertId, or select in the same transaction.',
  ),
  matching(
    'mariadb-type',
    /(?:\(|,|\bADD|\bCOLUMN|\bMODIFY)\s*[\w`]+\s+(?:UUID|INET4|INET6)\b(?!\s*\()/i,
    'MySQL has no such type: use BINARY(16), or CHAR with CHARACTER SET ascii.',
  ),
  matching('drop-check', /\bDROP\s+CHECK\b/i, 'MariaDB has no DROP CHECK: use DROP CONSTRAINT.'),
  matching('member-of', /\bMEMBER\s+OF\s*\(/i, 'MariaDB has no MEMBER OF: use JSON_CONTAINS.'),
  matching(
    'cast-as-json',
    /\bAS\s+JSON\s*\)/i,
    'MariaDB has no CAST AS JSON: pass the text, or use JSON_EXTRACT.',
  ),
  matching(
    'insert-ignore',
    /\b(?:INSERT|UPDATE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY)\s+)?IGNORE\b/i,
    'IGNORE also swallows wrong values and near twins: catch errno 1062, or use ON DUPLICATE KEY UPDATE.',
  ),
  matching(
    'mariadb-if-exists',
    /\b(?:ADD|DROP|MODIFY|CHANGE)\s+(?:COLUMN|INDEX|KEY|CONSTRAINT|FOREIGN\s+KEY)\s+IF\b|\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+IF\b|\bCREATE\s+OR\s+REPLACE\s+(?!(?:ALGORITHM\b|DEFINER\b|SQL\b|\s)*VIEW\b)/i,
    'MySQL takes neither IF (NOT) EXISTS there nor OR REPLACE: migrations run once, say it plainly.',
  ),
  matching(
    'reserved-lead',
    /(?<![\w`.@$:])lead\b(?!\s*\()(?!`)/i,
    '`lead` is a reserved word: tables are plural (leads), aliases are letters.',
  ),
  {
    name: 'reserved-word',
    remedy: 'The word is reserved on one of the servers: use another, or quote it.',
    find: findReservedWord,
  },
  {
    name: 'own-target',
    remedy:
      'MySQL changes no table that a subquery of the statement reads (1093): read it first, or as a derived table.',
    find: findOwnTarget,
  },
  matching(
    'delete-force-index',
    /^\s*DELETE\b(?![\s\S]*JOIN\b)[\s\S]*?\bFORCE\s+INDEX\b/i,
    'MySQL ignores FORCE INDEX in a DELETE of one table: use deleteNamed of src/store/named-rows.ts.',
  ),
  {
    name: 'no-collation',
    remedy: 'Name the COLLATE of the table or of the column: defaults differ.',
    find: findNoCollation,
  },
];

const STRING_COLUMN = /[\w`]+\s+(?:(?:VAR)?CHAR\s*\(|(?:TINY|MEDIUM|LONG)?TEXT\b|ENUM\s*\(|SET\s*\()/gi;
// One-byte character sets have the same default collation on both; utf8mb4 has not.
const NAMED =
  /\bCOLLATE\b|\bCHARACTER\s+SET\s+(?:ascii|latin1|binary)\b|\bCHARSET\s+(?:ascii|latin1|binary)\b/i;

// Only CREATE TABLE and ALTER TABLE define columns. A table's own COLLATE follows its last parenthesis.
function findNoCollation(statement: string): number | undefined {
  const opening = /^\s*(CREATE\s+(?:TEMPORARY\s+)?TABLE|ALTER\s+TABLE)\b/i.exec(statement);
  if (opening === null) return undefined;
  const isCreate = opening[1]?.toUpperCase().startsWith('CREATE') === true;
  const end = statement.lastIndexOf(')');
  if (isCreate && NAMED.test(statement.slice(end + 1))) return undefined;
  for (const column of statement.matchAll(STRING_COLUMN)) {
    if (!NAMED.test(definitionAt(statement, column.index))) return column.index;
  }
  return undefined;
}

/** From a column's name to the comma that ends its definition. */
function definitionAt(statement: string, start: number): string {
  let depth = 0;
  for (let at = start; at < statement.length; at += 1) {
    const sign = statement[at];
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (depth < 0 || (depth === 0 && sign === ',')) return statement.slice(start, at);
  }
  return statement.slice(start);
}

// Behind AS stands a name, or in CAST a type, which a parenthesis ends or follows.
const NAME = /\b(?:AS|FROM|JOIN|INTO)\s+([a-z_]+)\b(?!\s*[().])/gi;

function findReservedWord(statement: string): number | undefined {
  for (const found of statement.matchAll(NAME)) {
    const word = (found[1] ?? '').toLowerCase();
    if (reservedWords.has(word) && !notNames.has(word)) return found.index;
  }
  return undefined;
}

/** They follow one of those words in plain statements: `IS DISTINCT FROM NULL`, `JOIN LATERAL`, `TRIM(BOTH FROM ...)`. */
const notNames = new Set(['null', 'lateral', 'dual', 'select', 'outfile', 'table']);

function findOwnTarget(statement: string): number | undefined {
  const target = /^\s*(?:UPDATE|DELETE\s+(?:\w+\s+)?FROM)\s+(\w+)/i.exec(statement)?.[1];
  if (target === undefined) return undefined;
  const reads = new RegExp(`\\b(?:FROM|JOIN)\\s+${target}\\b`, 'i');
  // From the inside out: a derived table is read before, so what it reads is blanked; any other subquery becomes part of what is around it.
  let text = statement;
  for (;;) {
    const inner = /\(([^()]*)\)/.exec(text);
    if (inner === null) return undefined;
    const [whole, inside = ''] = inner;
    const isSubquery = /^\s*SELECT\b/i.test(inside);
    const isDerived = isSubquery && /\b(?:FROM|JOIN)\s*$/i.test(text.slice(0, inner.index));
    const read = isSubquery && !isDerived ? reads.exec(inside) : null;
    if (read !== null) return inner.index + 1 + read.index;
    const kept = isDerived ? inside.replace(/[^\n]/g, ' ') : inside;
    text = `${text.slice(0, inner.index)} ${kept} ${text.slice(inner.index + whole.length)}`;
  }
}
