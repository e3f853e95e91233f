// Who is meant by what the log writes, for people who read it: it holds `account:12` or `key:3`, and no name (C58).
// Invariant: a name is shown as long as it is kept; nothing of this is written anywhere.
import { allNames } from '../store/account-names.ts';
import type { SupportPlace } from './place.ts';
import type { Scope } from './scope.ts';

const actor = /(?<![\w(:])(?:staff|account|key):\d{1,10}(?!\w)/g;

/** What stands in brackets behind a name stays as the log has it. */
export const namedText = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replaceAll(actor, (found) => names.get(found) ?? found);

/** For somebody of the centre the text with names; who belongs to a client is told of none. */
export async function namesFor(
  { database }: Pick<SupportPlace, 'database'>,
  { clientId }: Scope,
): Promise<(text: string) => string> {
  const names = clientId === undefined ? await allNames(database) : new Map<string, string>();
  return (text) => namedText(text, names);
}
