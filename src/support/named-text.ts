// Replaces actors of the log, `account:12` or `key:3`, by their names for readers (C58).
// Invariant: a name is shown as long as it is kept; the result is stored nowhere.
import { accountActorOf, allNames, staffActorOf } from '../store/accounts.ts';
import type { Sql } from '../store/database.ts';
import type { SupportPlace } from './place.ts';
import type { Scope } from './scope.ts';

export { allNames } from '../store/accounts.ts';

const actor = /(?<![\w(:])(?:staff|account|key):\d{1,10}(?!\w)/g;

/** A text in brackets after a name stays unchanged. */
export const namedText = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replaceAll(actor, (found) => names.get(found) ?? found);

/** The operator at the terminal as the log names them: by the number of their account, or one of their own; no name (C58). */
export const actorOf = async (sql: Sql, typed: string): Promise<string> =>
  (await accountActorOf(sql, typed)) ?? (await staffActorOf(sql, typed));

/** Readers of the centre get the text with names; a client's get none. */
export async function namesFor(
  { database }: Pick<SupportPlace, 'database'>,
  { clientId }: Scope,
): Promise<(text: string) => string> {
  const names = clientId === undefined ? await allNames(database) : new Map<string, string>();
  return (text) => namedText(text, names);
}
