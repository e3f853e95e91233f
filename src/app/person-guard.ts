// Lets commands of the terminal read persons only for an account that has shown its second factor, where that is required (C39, C58).
// Invariant: every entry of the log of such a read passes here, in whatever command it is written; what is refused is not read.
import { may, reachOf, type Holder, type Permission } from '../access/permissions.ts';
import type { Account } from '../access/accounts.ts';
import { RelaisError } from '../errors.ts';

/** The permission behind each kind of entry that says that a person was read. */
const permissionOf: Readonly<Record<string, Permission>> = {
  looked_up: 'person.find',
  revealed: 'person.reveal',
  person_exported: 'person.reveal',
};

/** An entry's text begins with its id, its time and its kind. */
const kindIn = /^\[\d+,"[^"]*","([a-z_]+)"/;

export interface PersonGuard {
  /** @throws ACCESS-003 @param text the entry to be signed */
  readonly admit: (text: string) => void;
  readonly prove: (account: Account) => void;
}

export function createPersonGuard(): PersonGuard {
  let holder: Holder | undefined;
  return {
    admit: (text) => {
      const permission = permissionOf[kindIn.exec(text)?.[1] ?? ''];
      if (permission === undefined) return;
      if (holder === undefined)
        throw new RelaisError('ACCESS-003', [
          'Cette commande lit une personne : donnez le code de votre second facteur (RELAIS_FACTOR_CODE=123456 relais ...).',
          'This command reads a person: give the code of your second factor (RELAIS_FACTOR_CODE=123456 relais ...).',
        ]);
      if (!may(holder, permission))
        throw new RelaisError('ACCESS-003', [
          `Ce compte n’a pas le droit « ${permission} ».`,
          `This account has no permission ${permission}.`,
        ]);
    },
    prove: ({ roles, clientId }) => {
      holder = { kind: 'account', roles, ...reachOf(clientId, roles) };
    },
  };
}
