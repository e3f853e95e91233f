// Reads the page of a test lead: its target, and the results of the latest ones.
// Invariant: reads only, within the reader's scope.
import { unknownDestination } from '../../errors/unknown.ts';
import { findDestination } from '../../store/destinations.ts';
import { recentTestLeads, type TestLeadRow } from '../../store/support-writes.ts';
import type { TestPlace } from '../destination-test.ts';
import { existing, type Scope } from '../scope.ts';
import { carriedAlone } from './send.ts';

export type { TestLeadRow } from '../../store/support-writes.ts';

/** Newest first. @throws FIND-001 */
export async function testLeadsSent(
  { database }: Pick<TestPlace, 'database'>,
  scope: Scope,
  id: string,
  limit = 10,
): Promise<readonly TestLeadRow[]> {
  const found = existing(scope, await findDestination(database, id), unknownDestination(id));
  return recentTestLeads(database, found.id, limit);
}

export interface TestLeadOffer {
  readonly client: string;
  /** Its target; undefined: it may be sent nowhere. */
  readonly to: TestLeadRow['place'] | undefined;
}

/** Facts for the page before a test is sent. @throws FIND-001 */
export async function testLeadOffer(place: TestPlace, scope: Scope, id: string): Promise<TestLeadOffer> {
  const found = existing(scope, await findDestination(place.database, id), unknownDestination(id));
  const mapping = await place.published.version(found.mappingVersionId);
  const to =
    mapping?.sandbox !== undefined
      ? 'sandbox'
      : mapping !== undefined && carriedAlone.includes(mapping.connector)
        ? 'production'
        : undefined;
  return { client: found.clientId, to };
}
