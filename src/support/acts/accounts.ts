// The acts on accounts and on keys of other systems: made, given roles, linked, signed out, reset, ended (C38, C39).
// Invariant: src/access judges each under its locks and enters it in the log; a code or a key is returned once, and kept nowhere.
import {
  changeRoles,
  closeAccount,
  createAccount,
  endAllSessions,
  resetAccount,
} from '../../access/accounts.ts';
import { createApiKey, endKey } from '../../access/api-keys.ts';
import { linkIdentity } from '../../access/oidc.ts';
import { keyScopes, roles } from '../../access/permissions.ts';
import type { AccessPlace } from '../../access/place.ts';
import { RelaisError } from '../../errors.ts';
import type { Both } from '../words.ts';
import { handedOver, textOf, type Act, type Clocked, type Field } from './act.ts';

interface AccountPlace extends Clocked {
  readonly access: AccessPlace;
}

/** An act on what is named: a login, the name or the number of a key. */
const managing = <Input extends object, Done>(
  fields: Act<Input, Done>['fields'],
  work: (access: AccessPlace, named: string, asked: Input & { readonly actor: string }) => Promise<Done>,
): Act<Input, Done, AccountPlace> => ({
  permission: 'account.manage',
  fields,
  work: ({ place: { access }, by: { actor }, to: [named = ''], input }) =>
    work(access, named.trim(), { ...input, actor }),
});

/** Each once. */
const several = <T extends string>(values: readonly T[], [french, english]: Both): Field<readonly T[]> =>
  handedOver({ type: 'array', items: { type: 'string', enum: values } }, values.join(', '), (given) =>
    [...new Set(given as readonly string[])].map((name) => {
      const found = values.find((value) => value === name);
      if (found === undefined)
        throw new RelaisError('USAGE-001', [
          `« ${name} » n’est pas ${french} : ${values.join(', ')}.`,
          `"${name}" is not ${english}: ${values.join(', ')}.`,
        ]);
      return found;
    }),
  );

const givenRoles = several(roles, ['un rôle', 'a role']);
const client = handedOver<string | undefined>(
  { type: 'string' },
  'whose things alone it sees',
  (given) => textOf(given).trim() || undefined,
);

/** Returns the code for the first password. @throws ACCESS-001, FIND-001 */
export const makeAccount = managing({ roles: givenRoles, client }, (access, login, { actor, ...asked }) =>
  createAccount(access, { login, roles: asked.roles, clientId: asked.client }, actor),
);

/** @throws ACCESS-001, FIND-001 */
export const giveRoles = managing({ roles: givenRoles }, (access, login, asked) =>
  changeRoles(access, login, asked.roles, asked.actor),
);

const plainly = <Done>(work: (access: AccessPlace, named: string, actor: string) => Promise<Done>) =>
  managing({}, (access, named, { actor }) => work(access, named, actor));
/** Returns the code for a new password and a new second factor. @throws FIND-001 */
export const resetAccess = plainly(resetAccount);
/** @throws FIND-001 */
export const signOutAll = plainly(endAllSessions);
/** @throws ACCESS-001 for the last administrator, FIND-001 */
export const endAccount = plainly(closeAccount);
/** A key by its number. @throws FIND-001 where it has ended, or never existed */
export const endApiKey = plainly((access, id, actor) => endKey(access, Number(id), actor));

const issuer = handedOver({ type: 'string' }, 'the identity provider', (given): string => {
  if (typeof given === 'string') return given;
  throw new RelaisError('ACCESS-001', [
    'Aucun fournisseur d’identité n’est configuré.',
    'No provider is configured.',
  ]);
});
const subject = handedOver({ type: 'string' }, 'its subject; empty: unlinked', (given) =>
  textOf(given).trim(),
);

/** @throws ACCESS-001, FIND-001 */
export const linkSubject = managing({ issuer, subject }, (access, login, { actor, ...identity }) =>
  linkIdentity(access, { login, ...identity }, actor),
);

/** A list, or a text with blanks or commas between. */
const addresses = handedOver<readonly string[]>(
  { type: 'array', items: { type: 'string' } },
  'addresses or ranges it comes from; none: from anywhere',
  (given) => (Array.isArray(given) ? given.join(' ') : textOf(given)).split(/[\s,]+/).filter(Boolean),
);
const days = handedOver({ type: 'integer' }, 'how long it lasts', Number);

/** Returns the key. @throws ACCESS-001, FIND-001 */
export const makeKey = managing(
  { scopes: several(keyScopes, ['un droit d’une clé', 'a scope']), addresses, days, client },
  (access, name, { actor, client: clientId, ...asked }) =>
    createApiKey(access, { name, clientId, ...asked }, actor),
);
