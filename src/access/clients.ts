// Whose an account or a key may be that belongs to a client.
// Invariant: whoever closes the client waits for us, or we find it closed: nobody of a contract that has ended gets in (C55).
import { RelaisError } from '../errors.ts';
import type { Sql } from '../store/database.ts';
import { lockClients } from '../store/same-person.ts';

/** @param refused what is not made for one whose contract has ended. @throws FIND-001, ACCESS-001 */
export async function requireOpenClient(tx: Sql, clientId: string, refused: string): Promise<void> {
  const found = (await lockClients(tx, [clientId], 'shared')).get(clientId);
  if (found === undefined) throw new RelaisError('FIND-001', `Nobody knows the client ${clientId}.`);
  if (found.closed) throw new RelaisError('ACCESS-001', `The contract of ${clientId} has ended: ${refused}.`);
}
