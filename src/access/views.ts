// Keeps saved views: a person's own filters under names.
// Invariant: an account sees, changes and removes its own; it has twenty at most.
import { accountById, dropView, putView, viewsOf, type SavedView } from '../store/access/accounts.ts';
import type { AccessPlace } from './place.ts';

export const viewLimits = { views: 20, nameLength: 60, queryLength: 1_000 } as const;
export const viewLists = ['deliveries', 'live'] as const;
export type ViewList = (typeof viewLists)[number];

export type ViewProblem = 'no_name' | 'name_long' | 'query_long' | 'too_many';

type Place = Pick<AccessPlace, 'database'>;

export const ownViews = async (
  { database }: Place,
  accountId: number,
  list: ViewList,
): Promise<readonly SavedView[]> => (await viewsOf(database, accountId)).filter((view) => view.list === list);

/** A view with an existing name replaces the old one. Returns the reason of a refusal; undefined: it is saved. */
export function saveView(
  { database }: Place,
  accountId: number,
  view: { readonly list: ViewList; readonly name: string; readonly query: string },
): Promise<ViewProblem | undefined> {
  const name = view.name.trim();
  return database.transaction(async (tx) => {
    if (name === '') return 'no_name';
    if (Array.from(name).length > viewLimits.nameLength) return 'name_long';
    if (view.query.length > viewLimits.queryLength) return 'query_long';
    // Two saved at once are counted one after the other.
    await accountById(tx, accountId, true);
    const kept = await viewsOf(tx, accountId);
    const isKept = kept.some((one) => one.list === view.list && one.name === name);
    if (!isKept && kept.length >= viewLimits.views) return 'too_many';
    await putView(tx, accountId, { ...view, name });
    return undefined;
  });
}

/** False where the account has no such view. */
export const removeView = ({ database }: Place, accountId: number, id: number): Promise<boolean> =>
  dropView(database, accountId, id);
