// C36: every read that a face asks for names whose things it may show: a scope, or that its reader spans clients. The compiler refuses
// an object without either (`Reach` in src/access/permissions.ts); here every read is listed, so that none is without the parameter.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './planted-tree.ts';

interface Read {
  readonly name: string;
  readonly parameters: string;
}

/** Exported functions that are given a database or what has one. */
function readsIn(text: string): readonly Read[] {
  const heads = text.matchAll(
    /^export (?:async )?(?:function\*? (\w+)(?:<[^(]*>)?|const (\w+) = (?:async )?(?:<[^(]*>)?)\(/gm,
  );
  return [...heads].flatMap(({ 0: head, 1: named, 2: constant, index }) => {
    const start = index + head.length;
    let end = start;
    for (let depth = 1; depth > 0; end += 1) {
      if ('([{'.includes(text[end] ?? '')) depth += 1;
      if (')]}'.includes(text[end] ?? ')')) depth -= 1;
    }
    const parameters = text.slice(start, end - 1);
    return /Place|Database|Sql\b/.test(parameters) ? [{ name: named ?? constant ?? '', parameters }] : [];
  });
}

const isScoped = ({ parameters }: Read): boolean => /: (?:Scope|Spanning)\b/.test(parameters);

/** Reads of what another read has already found within the reader's scope, and of what belongs to no client. */
const without: Readonly<Record<string, string>> = {
  bulkFollowed: 'a run that `bulkRun` found within the scope',
  draftPage: 'a draft in the hands of its reader',
  existingDestination: 'whether a name exists, before an act is asked for it',
  notTaking: 'a lead that `leadPage` found within the scope',
};

test('a read without a scope is recognised', () => {
  const [bare, scoped, spanning, ...others] = readsIn(`
export async function bare({ database }: SupportPlace, id: number): Promise<void> {}
export const scoped = async (sql: Sql, scope: Scope, more = f((x) => x)) => 1;
export async function spanning(place: Place, _: Spanning): Promise<void> {}
export const words = (text: string): string => text;
`);
  expect([bare, scoped, spanning].map((read) => [read?.name, read !== undefined && isScoped(read)])).toEqual([
    ['bare', false],
    ['scoped', true],
    ['spanning', true],
  ]);
  expect(others).toEqual([]);
});

test('C36: every read of src/support/reads has a scope, or spans clients by its type', () => {
  const folder = join(root, 'src/support/reads');
  const reads = readdirSync(folder).flatMap((file) => readsIn(readFileSync(join(folder, file), 'utf8')));
  expect(reads.length).toBeGreaterThan(40);
  expect(
    reads
      .filter((read) => !isScoped(read))
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(Object.keys(without).toSorted());
});
