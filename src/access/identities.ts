// Links the subject of an identity provider to an account, by an administrator, and signs it in.
// Invariant: only an issuer with its subject identifies an account, never a mail address or a name; an unknown subject and an ended account
// are answered alike.
import { RelaisError } from '../errors.ts';
import { unknownAccount } from '../errors/unknown.ts';
import { accountById, accountOf, noteSignIn } from '../store/accounts.ts';
import { appendHandovers } from '../store/handovers.ts';
import {
  identityNamed,
  identityOf,
  removeIdentity,
  setIdentity,
  type IdentityRow,
  endSessions,
} from '../store/sessions.ts';
import { accountActor } from './actor.ts';
import { noteChange } from './accounts.ts';
import type { ProvedIdentity } from './oidc.ts';
import type { AccessPlace } from './place.ts';
import { beginSession, type Caller } from './sessions.ts';
import { noteRefusal, stageOf, type SignedIn } from './sign-in.ts';

export const identityOfAccount = (
  { database }: Pick<AccessPlace, 'database'>,
  accountId: number,
): Promise<IdentityRow | undefined> => identityOf(database, accountId);

/** @param asked.subject empty: the link is removed. @throws ACCESS-001 where it is another account's, FIND-001 */
export async function linkIdentity(
  { database }: AccessPlace,
  { login, issuer, subject }: { readonly login: string; readonly issuer: string; readonly subject: string },
  actor: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const account = await accountOf(tx, login, true);
    if (account === undefined || account.endedAt !== null) throw unknownAccount(login);
    if (subject === '') await removeIdentity(tx, account.id);
    else if (subject.length > 255 || !(await setIdentity(tx, { accountId: account.id, issuer, subject })))
      throw new RelaisError('ACCESS-001', [
        'L’identifiant du fournisseur est trop long, ou celui d’un autre compte.',
        'The subject is too long, or another account’s.',
      ]);
    await noteChange(tx, account.id, subject === '' ? 'UNLINKED' : 'LINKED', actor);
    await endSessions(tx, account.id);
  });
}

/** A second factor at the provider replaces ours; otherwise ours is asked for where the account has or needs one (C38). */
export async function signInAs(
  place: AccessPlace,
  { issuer, subject, hasSecondFactor }: ProvedIdentity,
  caller: Caller,
): Promise<
  (Extract<SignedIn, { kind: 'signed_in' }> & { readonly login: string }) | { readonly kind: 'refused' }
> {
  const { database } = place;
  const linked = await identityNamed(database, { issuer, subject });
  const token = await database.transaction(async (tx) => {
    const account = linked === undefined ? undefined : await accountById(tx, linked.accountId, true);
    if (account === undefined || account.endedAt !== null) return undefined;
    // Read again under the account's lock: a link removed meanwhile has ended every session but this one.
    if ((await identityNamed(tx, { issuer, subject }))?.accountId !== account.id) return undefined;
    const stage = hasSecondFactor ? 'full' : stageOf(account);
    if (stage === 'full') {
      await noteSignIn(tx, account.id);
      await appendHandovers(tx, [
        { entry: 'signed_in', clientId: '', actor: accountActor(account.id), reason: 'IDENTITY' },
      ]);
    }
    const given = await beginSession(tx, account.id, stage, caller);
    return { kind: 'signed_in' as const, token: given, stage, login: account.login };
  });
  if (token !== undefined) return token;
  await noteRefusal(place, linked === undefined ? undefined : { id: linked.accountId }, 'IDENTITY');
  return { kind: 'refused' };
}
