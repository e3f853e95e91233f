// Lists the log entries about accounts and keys for an administrator: sign-ins, refusals, changes.
// Invariant: reads only; entries have numbers of accounts and keys, with names of people only while these are kept (C58).
import { accountNames, accessEntriesBefore, type AccessEntry } from '../store/accounts.ts';
import { accountActor } from './actor.ts';
import type { AccessPlace } from './place.ts';

export type { AccessEntry } from '../store/accounts.ts';

export interface AccessEntries {
  readonly items: readonly AccessEntry[];
  readonly names: ReadonlyMap<string, string>;
  /** The entry number to continue behind; undefined at the end. A page may be empty before it. */
  readonly next: number | undefined;
}

/** Newest first. @param asked.accountId only the acts of this account and the changes to it */
export async function accessEntries(
  { database }: Pick<AccessPlace, 'database'>,
  {
    accountId,
    limit,
    before,
  }: { readonly accountId?: number; readonly limit: number; readonly before?: number },
): Promise<AccessEntries> {
  const { items, next } = await accessEntriesBefore(database, {
    limit,
    ...(before === undefined ? {} : { before }),
    ...(accountId === undefined ? {} : { actor: accountActor(accountId) }),
  });
  const actors = items.flatMap(({ actor, target }) => [actor, target]);
  return { items, next, names: await accountNames(database, actors) };
}
