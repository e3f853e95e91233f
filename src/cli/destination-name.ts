// Looks up a destination by its name on the command line.
import { RelaisError } from '../errors.ts';
import type { Sql } from '../store/database.ts';
import { findDestination, type Destination } from '../store/destinations.ts';

/** @throws FIND-001 */
export async function existingDestination(sql: Sql, id: string): Promise<Destination> {
  const found = await findDestination(sql, id);
  if (found === undefined)
    throw new RelaisError('FIND-001', `No destination is called ${id}; relais destination list shows them.`);
  return found;
}
