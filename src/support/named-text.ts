// Replaces actors of the log, `account:12` or `key:3`, by their names for readers (C58); checks the names in a filter.
// Invariant: a name is shown as long as it is kept; the result is stored nowhere.
import { accountActorOf, allNames, staffActorOf } from '../store/access/accounts.ts';
import type { Sql, ReadOnlySql } from '../store/database.ts';
import { isWithin, withinScope, type SupportPlace, type Scope } from './place.ts';
import type { DeliveryFilter } from '../domain/delivery-filter.ts';
import { reasons } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import { unknownLeadWords } from '../errors/unknown.ts';
import { didYouMean, suggest } from '../mapping/document/suggest.ts';
import { readBulkRun } from '../store/deliveries/bulk-runs.ts';
import { allDestinations, clientIds } from '../store/destinations/destinations.ts';
import { leadExists, leadSpelled } from '../store/deliveries/delivery-lists.ts';
import { seenRun } from './bulk-runs.ts';
import type { Both } from './words.ts';

export { allNames } from '../store/access/accounts.ts';

const actor = /(?<![\w(:])(?:staff|account|key):\d{1,10}(?!\w)/g;

/** A text in brackets after a name stays unchanged. */
export const namedText = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replaceAll(actor, (found) => names.get(found) ?? found);

/**
 * The operator at the terminal as the log names them: by the number of their account, or one of their own; no name (C58).
 * @param isProved false for a name that is only typed, which is no account's
 */
export const actorOf = async (sql: Sql, name: string, isProved: boolean): Promise<string> =>
  (isProved ? await accountActorOf(sql, name) : undefined) ?? (await staffActorOf(sql, name));

/** Readers of the centre get the text with names; a client's get none. */
export async function namesFor(
  { database }: Pick<SupportPlace, 'database'>,
  { clientId }: Scope,
): Promise<(text: string) => string> {
  const names = clientId === undefined ? await allNames(database) : new Map<string, string>();
  return (text) => namedText(text, names);
}

// Checks the names in a filter, so that a typing mistake is reported, instead of being answered with an empty list.

type Names = Pick<DeliveryFilter, 'client' | 'destination' | 'reason' | 'lead' | 'bulkRun'>;

/** A filter narrowed to the scope, each name in it known. @throws FIND-001 */
export async function filterInScope<F extends Names>(sql: ReadOnlySql, scope: Scope, asked: F): Promise<F> {
  const filter = withinScope(scope, asked);
  await knownInScope(sql, scope, filter);
  return filter;
}

/** Another client's names are neither known nor suggested. @throws FIND-001 with the nearest name */
export async function knownInScope(
  sql: ReadOnlySql,
  scope: Scope,
  { client, destination, reason, lead, bulkRun }: Names,
): Promise<void> {
  if (bulkRun !== undefined) seenRun(scope, bulkRun, await readBulkRun(sql, bulkRun));
  if (client !== undefined)
    known(
      'client',
      client,
      (await clientIds(sql)).filter((id) => isWithin(scope, id)),
    );
  if (destination !== undefined) {
    const all = await allDestinations(sql);
    known(
      'destination',
      destination,
      all.filter((row) => isWithin(scope, row.clientId)).map((row) => row.id),
    );
  }
  const [base] = (reason ?? '').split(':');
  if (base !== undefined && base !== '') known('cause', base, Object.keys(reasons));
  if (lead === undefined || (await leadExists(sql, lead, client))) return;
  const words: Both =
    client === undefined
      ? [`Aucun client n’a de lead de référence ${lead}.`, `No client has a lead with the reference ${lead}.`]
      : unknownLeadWords(client, lead);
  throw unknownBut(words, await leadSpelled(sql, lead, client));
}

const nothingCalled = {
  client: ['Aucun client ne s’appelle', 'No client is called'],
  destination: ['Aucune destination ne s’appelle', 'No destination is called'],
  cause: ['Aucune cause ne s’appelle', 'No cause is called'],
} as const;

function known(what: keyof typeof nothingCalled, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const near = suggest(name, names);
  const [french, english] = nothingCalled[what];
  throw unknownBut([`${french} ${name}.`, `${english} ${name}.`], near);
}

const unknownBut = ([french, english]: Both, near: string | undefined): RelaisError =>
  new RelaisError('FIND-001', [
    `${french}${near === undefined ? '' : ` Vouliez-vous dire ${near} ?`}`,
    `${english}${didYouMean(near)}`,
  ]);
