// Finds the SQL of src/store, in .sql files and in the string and template literals of .ts files, and holds it to
// the rules of sql-rules.ts. Also finds `.query(` with values: values go through execute().
// Invariant: a literal counts as SQL by its upper-case keywords; anything else is prose and left alone.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';
import { sqlRules } from './sql-rules.ts';

export type SqlFault = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly remedy: string;
};

type Piece = { readonly text: string; readonly offset: number };
export type Node = Readonly<Record<string, unknown>>;

const SQL_WORDS =
  /\b(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|GRANT|FROM|WHERE|JOIN|VALUES|ON DUPLICATE|FOR UPDATE|FOR SHARE|ORDER BY|RETURNING|SET|AND|OR|AS|LIKE|LIMIT|IS NULL|GROUP BY|FORCE INDEX)\b/;

/** @param folder scanned with its subfolders */
export function lintSqlIn(folder: string): SqlFault[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sql') || name.endsWith('.ts'))
    .sort();
  const faults = names.flatMap((name) => {
    const file = join(folder, name);
    const source = readFileSync(file, 'utf8');
    return name.endsWith('.sql') ? lintSql(file, source) : lintTypeScript(file, source);
  });
  return [...faults, ...numberedTwice(names).map((name) => faultAt(join(folder, name), '', 0, NUMBER))];
}

const NUMBER = {
  name: 'migration-number-twice',
  remedy: 'another migration has this number: take the next free one.',
};

/** Of two migrations with one number, which came from two branches, the later name. */
function numberedTwice(names: readonly string[]): readonly string[] {
  const numberOf = (name: string): string => /(?:^|\/)(\d{3})_[^/]*\.sql$/.exec(name)?.[1] ?? '';
  return names.filter(
    (name, at) => numberOf(name) !== '' && numberOf(name) === numberOf(names[at - 1] ?? ''),
  );
}

export const lintSql = (file: string, source: string): SqlFault[] =>
  lintPieces(file, source, statementsOf({ text: bare(source), offset: 0 }));

export function lintTypeScript(file: string, source: string): SqlFault[] {
  const { literals, queries } = readLiterals(source);
  const pieces = literals
    .filter(({ text }) => SQL_WORDS.test(text))
    .flatMap(({ text, offset }) => statementsOf({ text: bare(text.replaceAll('\\n', ' \n')), offset }));
  return [
    ...lintPieces(file, source, pieces),
    ...queries.map((offset) => faultAt(file, source, offset, QUERY)),
  ];
}

const QUERY = {
  name: 'query-with-values',
  remedy: 'query() writes values into the SQL and into err.sql: use execute().',
};

function lintPieces(file: string, source: string, pieces: readonly Piece[]): SqlFault[] {
  return pieces.flatMap(({ text, offset }) =>
    sqlRules.flatMap((rule) => {
      const at = rule.find(text);
      return at === undefined ? [] : [faultAt(file, source, offset + at, rule)];
    }),
  );
}

function faultAt(
  file: string,
  source: string,
  at: number,
  rule: { readonly name: string; readonly remedy: string },
): SqlFault {
  const before = source.slice(0, at).split('\n');
  return {
    file,
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
    rule: rule.name,
    remedy: rule.remedy,
  };
}

/** Comments and the insides of quoted strings become blanks; every position stays where it was. */
function bare(sql: string): string {
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  return sql.replace(
    /--[ \t][^\n]*|--(?=\n|$)|#[^\n{]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'/g,
    (found) => (found.startsWith("'") ? `'${blank(found.slice(1, -1))}'` : blank(found)),
  );
}

function statementsOf({ text, offset }: Piece): Piece[] {
  const statements: Piece[] = [];
  let start = 0;
  for (const statement of text.split(';')) {
    statements.push({ text: statement, offset: offset + start });
    start += statement.length + 1;
  }
  return statements;
}

/** A source as a tree, and where in the source a place of the tree is. */
export function parsed(source: string): { tree: unknown; offsetOf: (position: number) => number } {
  // swc counts bytes over all files it has parsed so far: an empty statement put in front shows where this one
  // begins.
  const bytes = Buffer.from(`;${source}`);
  const tree = parseSync(`;${source}`, { syntax: 'typescript', target: 'es2024' });
  const base = tree.body[0]?.span.start ?? 0;
  const offsetOf = (position: number): number => bytes.subarray(0, position - base).toString().length - 1;
  return { tree, offsetOf };
}

/** Every string and template literal with its place, and the places of query() calls that are given values. */
function readLiterals(source: string): { literals: Piece[]; queries: number[] } {
  const { tree, offsetOf } = parsed(source);
  const literals: Piece[] = [];
  const queries: number[] = [];
  walk(tree, (node) => {
    const span = spanOf(node);
    if (span === undefined) return;
    const [start, end] = [offsetOf(span.start), offsetOf(span.end)];
    if (node['type'] === 'StringLiteral')
      literals.push({ text: source.slice(start + 1, end - 1), offset: start + 1 });
    if (node['type'] === 'TemplateLiteral') {
      // Expressions become question marks: their code is not SQL.
      let text = source.slice(start, end).replace(/[^\n]/g, '?');
      for (const part of node['quasis'] as readonly Node[]) {
        const partSpan = spanOf(part);
        if (partSpan === undefined) continue;
        const [from, to] = [offsetOf(partSpan.start) - start, offsetOf(partSpan.end) - start];
        text = text.slice(0, from) + source.slice(start + from, start + to) + text.slice(to);
      }
      literals.push({ text: text.replace(/^\?|\?$/g, ' '), offset: start });
    }
    if (isQueryWithValues(node)) queries.push(start);
  });
  return { literals, queries };
}

const spanOf = (node: Node): { readonly start: number; readonly end: number } | undefined =>
  node['span'] as { readonly start: number; readonly end: number } | undefined;

function isQueryWithValues(node: Node): boolean {
  if (node['type'] !== 'CallExpression') return false;
  const callee = node['callee'] as Node;
  if (callee['type'] !== 'MemberExpression' || (callee['property'] as Node)['value'] !== 'query')
    return false;
  const [first, second] = node['arguments'] as readonly { readonly expression: Node }[];
  // A callback carries no value into the SQL.
  if (second !== undefined) return second.expression['type'] !== 'ArrowFunctionExpression';
  return first !== undefined && first.expression['type'] === 'ObjectExpression';
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (typeof value === 'object' && value !== null) {
    const node = value as Node;
    if (typeof node['type'] === 'string') visit(node);
    for (const child of Object.values(node)) walk(child, visit);
  }
}
