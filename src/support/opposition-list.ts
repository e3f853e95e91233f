// Checks whether a person is on a client's opposition list, and for which opt-ins.
// Invariant: the question is an entry of the log, written before anything is answered (C39).
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import { unknownClient } from '../errors/unknown.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { leadsUnderAddress, oppositionsOf } from '../store/oppositions.ts';
import { refuseNames } from '../store/persons-names.ts';

export interface ListedOpposition {
  /** `marketing.email` */
  readonly optIn: string;
  /** Date of the opposition. */
  readonly since: Date;
}

/** @throws FIND-001 for an unknown client */
export async function findOppositions(
  { database, oppositionKey }: { readonly database: Database; readonly oppositionKey: Buffer },
  asked: { readonly clientId: string; readonly addresses: Addresses },
  by: { readonly actor: string; readonly reason: string },
): Promise<readonly ListedOpposition[]> {
  const { clientId, addresses } = asked;
  if ((await findClient(database, clientId)) === undefined) throw unknownClient(clientId);
  await database.transaction(async (tx) => {
    await refuseNames(tx, await leadsUnderAddress(tx, oppositionKey, clientId, addresses), by.reason);
    await appendHandovers(tx, [{ entry: 'looked_up', clientId, actor: by.actor, purpose: by.reason }]);
  });
  const found = await oppositionsOf(database, clientId, addressDigests(oppositionKey, clientId, addresses));
  const byOptIn = Map.groupBy(found, ({ purpose, channel }) => `${purpose}.${channel}`);
  return [...byOptIn]
    .map(([optIn, rows]) => ({
      optIn,
      since: new Date(Math.max(...rows.map(({ recordedAt }) => recordedAt.getTime()))),
    }))
    .sort((a, b) => (a.optIn < b.optIn ? -1 : 1));
}
