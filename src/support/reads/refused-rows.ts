// Rows of `lead_intake` that were refused: column and reason, no values; and counts of those that were purged.
// Invariant: reads only.
import { listRefusals, type RefusedRow } from '../../store/intake-refusals.ts';
import { refusedCounts, type RefusedCount } from '../../store/refused-rows.ts';
import { knownNames } from '../known-names.ts';
import type { SupportPlace } from '../place.ts';

type Place = Pick<SupportPlace, 'database'>;
type OfClient = { readonly client?: string };

/** Newest first. @param page before: the digits of a row. @throws FIND-001 */
export async function refusedRows(
  { database }: Place,
  { client }: OfClient,
  page: { readonly size: number; readonly before?: string },
): Promise<readonly RefusedRow[]> {
  await knownNames(database, client === undefined ? {} : { client });
  return listRefusals(database, client, page);
}

/** By client, month and first reason. @throws FIND-001 */
export async function purgedCounts(
  { database }: Place,
  { client }: OfClient,
): Promise<readonly RefusedCount[]> {
  await knownNames(database, client === undefined ? {} : { client });
  const counts = await refusedCounts(database);
  return client === undefined ? counts : counts.filter(({ clientId }) => clientId === client);
}
