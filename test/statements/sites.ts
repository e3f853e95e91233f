// The SQL in the sources of src/store: every literal that holds some, a whole statement or a part of one, with its place.
// Invariant: what stands between the parts of a template may be anything; its parts follow each other in a text that was made of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsed, type Node } from '../architecture/sql-lint.ts';

export interface Site {
  /** From src/store. */
  readonly file: string;
  readonly line: number;
  /** It begins as a statement does, or it is put into others. */
  readonly isStatement: boolean;
  /** Given to the database as it is. */
  readonly isComplete: boolean;
  /** What stands in the source, without what is put in between. */
  readonly parts: readonly string[];
}

const folder = join(import.meta.dirname, '../../src/store');
const statement =
  /^\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|GRANT|REVOKE|SET|SHOW|KILL|ANALYZE)\s+[^\s,]/;
/** In capitals, as nothing else is written here. */
const part =
  /\b(?:SELECT|FROM|WHERE|JOIN|AND|OR|NOT|IN|EXISTS|LIKE|CASE|IS NULL|VALUES|LIMIT|ORDER BY|GROUP BY|FOR UPDATE|FORCE INDEX)\b/;
/** Their words are for people. */
const errors = new Set(['RelaisError', 'Error']);

export function sitesOfStore(): readonly Site[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => sitesIn(name, readFileSync(join(folder, name), 'utf8')));
}

export function sitesIn(file: string, source: string): readonly Site[] {
  const { tree, offsetOf } = parsed(source);
  const sites: Site[] = [];
  const given = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (node['type'] === 'NewExpression' && errors.has(String((node['callee'] as Node)['value']))) return;
    if (node['type'] === 'CallExpression')
      given.add((node['arguments'] as readonly Node[])[textAt(node['callee'] as Node)]?.['expression']);
    const parts = partsOf(node);
    if (parts !== undefined && (statement.test(parts[0] ?? '') || parts.some((one) => part.test(one)))) {
      const offset = offsetOf((node['span'] as { readonly start: number }).start);
      const line = source.slice(0, offset).split('\n').length;
      sites.push({
        file,
        line,
        isStatement: statement.test(parts[0] ?? ''),
        isComplete: given.has(node) && parts.length === 1,
        parts,
      });
    }
    Object.values(node).forEach(visit);
  };
  visit(tree);
  return sites;
}

/** Which argument is the text: the first of `sql.all`, `tx.run`, `owner.text`, the second of `firstRow(sql, ...)`; -1: none. */
function textAt(callee: Node): number {
  if (callee['type'] === 'MemberExpression')
    return doors.has(String((callee['property'] as Node)['value'])) ? 0 : -1;
  return shortDoors.has(String(callee['value'])) ? 1 : -1;
}
const doors = new Set(['all', 'run', 'text']);
const shortDoors = new Set([
  ...['firstRow', 'columnOf', 'firstValue', 'firstNumber', 'mapOf', 'hasRow'],
  ...['changes', 'changesAny', 'changesOne', 'insertedId'],
]);

/** The place of a list, `IN (?)`, parts a text as well. */
function partsOf(node: Node): readonly string[] | undefined {
  const texts = textsOf(node);
  return texts?.flatMap((text) => text.split(/(?<=\bIN \()\?(?=\))/));
}

function textsOf(node: Node): readonly string[] | undefined {
  if (node['type'] === 'StringLiteral') return [String(node['value'])];
  if (node['type'] !== 'TemplateLiteral') return undefined;
  return (node['quasis'] as readonly Node[]).map((part) => String(part['cooked']));
}

/** Whether the text may have been made of it: its parts follow each other; those of a whole statement begin and end the text. */
export function isMadeOf(text: string, { isStatement, parts }: Site): boolean {
  const [first = '', ...others] = parts;
  const last = others.at(-1) ?? first;
  if (isStatement && !(text.startsWith(first) && text.endsWith(last))) return false;
  let at = isStatement ? first.length : text.indexOf(first) + first.length;
  if (at < first.length) return false;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return !isStatement || others.length > 0 || text === first;
}
