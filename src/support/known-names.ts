// Names that a filter may hold: a typing mistake is reported, instead of being answered with an empty list.
import { reasons } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import { didYouMean, suggest } from '../mapping/document/suggest.ts';
import type { ReadOnlySql } from '../store/database.ts';
import { allDestinations, clientIds } from '../store/destinations.ts';
import { leadExists, type DeliveryFilter } from '../store/delivery-lists.ts';
import { isWithin, wholeCentre, type Scope } from './scope.ts';

type Names = Pick<DeliveryFilter, 'client' | 'destination' | 'reason' | 'lead'>;

/** @throws FIND-001 with the nearest name */
export const knownNames = (sql: ReadOnlySql, filter: Names): Promise<void> =>
  knownInScope(sql, wholeCentre, filter);

/** The same for whoever may see one client: another's names are neither known nor suggested. */
export async function knownInScope(
  sql: ReadOnlySql,
  scope: Scope,
  { client, destination, reason, lead }: Names,
): Promise<void> {
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
  if (lead !== undefined && !(await leadExists(sql, lead, client)))
    throw new RelaisError(
      'FIND-001',
      client === undefined
        ? `No client has a lead with the reference ${lead}.`
        : `Client ${client} has no lead with the reference ${lead}.`,
    );
}

function known(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new RelaisError('FIND-001', `No ${what} is called ${name}.${didYouMean(suggest(name, names))}`);
}
