// Checks that a client is open before an account or a key is created for it.
// Invariant: a closing client waits for our lock, or we find it closed: no account of an ended contract gets in (C55).
import { RelaisError, type BothSentences } from '../errors.ts';
import { unknownClient } from '../errors/unknown.ts';
import type { Sql } from '../store/database.ts';
import { lockClients } from '../store/same-person.ts';

/** @param refused message where the client's contract has ended. @throws FIND-001, ACCESS-001 */
export async function requireOpenClient(tx: Sql, clientId: string, refused: BothSentences): Promise<void> {
  const found = (await lockClients(tx, [clientId], 'shared')).get(clientId);
  if (found === undefined) throw unknownClient(clientId);
  if (found.closed)
    throw new RelaisError('ACCESS-001', [
      `Le contrat de ${clientId} a pris fin : ${refused[0]}.`,
      `The contract of ${clientId} has ended: ${refused[1]}.`,
    ]);
}
