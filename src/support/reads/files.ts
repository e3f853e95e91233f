// Lists files of flows, newest first: number, rows, state, and whether their recipient acknowledged them.
// Invariant: a name and counts; no row of a file.
import { acknowledgedFiles, listFiles, type FileFilter, type ListedFile } from '../../store/file-lists.ts';
import { knownInScope } from '../known-names.ts';
import { pageOf, type Page, type PageAsked, type SupportPlace } from '../place.ts';
import { withinScope, type Scope } from '../scope.ts';

export interface FileHead extends ListedFile {
  readonly acknowledged: { readonly read: number; readonly unreadable: number };
}

/** @throws FIND-001 */
export async function filesPage(
  { database }: SupportPlace,
  scope: Scope,
  asked: FileFilter,
  { limit, after }: PageAsked,
): Promise<Page<FileHead>> {
  const filter = withinScope(scope, asked);
  await knownInScope(database, scope, filter);
  const { items, next } = pageOf(
    await listFiles(database, filter, limit + 1, after ?? Number.MAX_SAFE_INTEGER),
    limit,
    ({ id }) => id,
  );
  const acknowledged = await acknowledgedFiles(
    database,
    items.map(({ id }) => id),
  );
  return {
    items: items.map((file) => ({
      ...file,
      acknowledged: acknowledged.get(file.id) ?? { read: 0, unreadable: 0 },
    })),
    next,
  };
}
