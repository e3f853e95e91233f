// Replaces actors of the log, `account:12` or `key:3`, by their names for readers (C58).
// Invariant: a name is shown as long as it is kept; the result is stored nowhere.
import { allNames } from '../store/account-names.ts';
import type { SupportPlace } from './place.ts';
import type { Scope } from './scope.ts';

const actor = /(?<![\w(:])(?:staff|account|key):\d{1,10}(?!\w)/g;

/** A text in brackets after a name stays unchanged. */
export const namedText = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replaceAll(actor, (found) => names.get(found) ?? found);

/** Readers of the centre get the text with names; a client's get none. */
export async function namesFor(
  { database }: Pick<SupportPlace, 'database'>,
  { clientId }: Scope,
): Promise<(text: string) => string> {
  const names = clientId === undefined ? await allNames(database) : new Map<string, string>();
  return (text) => namedText(text, names);
}
