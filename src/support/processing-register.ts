// The operator's register of processing as a page: for all clients, or for one of them.
// Invariant: a client's page names no other client.
import { RelaisError } from '../errors.ts';
import { readRegister, registerPage } from '../privacy/papers/processing-register.ts';
import type { ProofDeps } from '../privacy/proofs/prove.ts';
import type { Database } from '../store/database.ts';
import { clientIds, findClient } from '../store/destinations/destinations.ts';

export interface RegisterPlace {
  readonly database: Database;
  readonly proofs: Pick<ProofDeps, 'contact'>;
  readonly config: { readonly registerFile: string | undefined };
}

/** @throws CONFIG-001 where RELAIS_REGISTER_FILE is not set, or its file has a mistake */
export async function processingRegister(
  { database, proofs: { contact }, config: { registerFile } }: RegisterPlace,
  clientId?: string,
): Promise<string> {
  if (registerFile === undefined)
    throw new RelaisError('CONFIG-001', [
      'RELAIS_REGISTER_FILE ne nomme aucun registre des traitements.',
      'RELAIS_REGISTER_FILE names no register of processing.',
    ]);
  const register = readRegister(registerFile);
  const clients = [];
  for (const id of clientId === undefined ? await clientIds(database) : [clientId]) {
    const client = await findClient(database, id);
    if (client !== undefined) clients.push(client);
  }
  return registerPage(register, { clients, contact, at: database.now() });
}
