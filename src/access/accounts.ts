// Creates accounts, gives them roles, resets and ends them, for an administrator; a password is set by its person alone.
// Invariant: every change is an entry of the log; losing a role, a password or the account ends the account's sessions.
import { RelaisError, type BothSentences } from '../errors.ts';
import { unknownAccount } from '../errors/unknown.ts';
import {
  accountById,
  accountOf,
  accountOfSetupCode,
  addAccount,
  endAccount,
  listAccounts,
  replaceRecoveryCodes,
  setFactor,
  setPassword,
  setRoles,
  setSetupCode,
  type AccountRow,
} from '../store/access/accounts.ts';
import type { Sql } from '../store/database.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { endSessions } from '../store/access/sessions.ts';
import {
  accountActor,
  accountIdOf,
  requireOpenClient,
  newToken,
  tokenDigest,
  type AccessPlace,
} from './place.ts';
import { hashPassword, passwordProblem } from './passwords.ts';
import { roles, rolesProblem, type Role } from './permissions.ts';

export type Account = Readonly<ReturnType<typeof toAccount>>;

/** Lifetime of a code for a first or new password. */
const setupLifeMs = 24 * 3_600_000;

export const loginOf = (typed: string): string => typed.trim().normalize('NFKC').toLowerCase();

export const toAccount = (row: AccountRow) => ({
  id: row.id,
  login: row.login,
  clientId: row.clientId ?? undefined,
  roles: row.roles.split(',').filter((role): role is Role => (roles as readonly string[]).includes(role)),
  hasPassword: row.password !== '',
  hasFactor: row.factorSealed !== null,
  createdAt: row.createdAt,
  signedInAt: row.signedInAt ?? undefined,
  endedAt: row.endedAt ?? undefined,
});

export const accounts = async ({ database }: AccessPlace): Promise<readonly Account[]> =>
  (await listAccounts(database)).map(toAccount);

/** True where an actor of the log is an open account with the role; at the terminal RELAIS_ACTOR names the account. */
export async function hasRole(
  { database }: Pick<AccessPlace, 'database'>,
  actor: string,
  role: Role,
): Promise<boolean> {
  const id = accountIdOf(actor);
  const account = id === undefined ? undefined : await accountWithId(database, id);
  return account?.endedAt === undefined && account?.roles.includes(role) === true;
}

/**
 * @returns the code by which the person sets the password; it is shown once
 * @throws ACCESS-001
 */
export async function createAccount(
  { database }: AccessPlace,
  asked: { readonly login: string; readonly roles: readonly Role[]; readonly clientId?: string },
  actor: string,
): Promise<{ readonly id: number; readonly setupCode: string }> {
  const login = loginOf(asked.login);
  if (!/^[a-z0-9][a-z0-9._+@-]{2,189}$/.test(login))
    refuse([
      'Un identifiant a 3 à 190 lettres, chiffres ou . _ + @ - et commence par une lettre ou un chiffre.',
      'A login has 3 to 190 letters, digits or . _ + @ - and begins with a letter or a digit.',
    ]);
  const problem = rolesProblem(asked.roles, asked.clientId);
  if (problem !== undefined) refuse(problem);
  const setupCode = newToken();
  const id = await database.transaction(async (tx) => {
    if (asked.clientId !== undefined)
      await requireOpenClient(tx, asked.clientId, [
        'personne de chez lui ne reçoit de compte',
        'nobody of theirs gets an account',
      ]);
    const made = await addAccount(tx, { login, clientId: asked.clientId, roles: asked.roles.join(',') });
    if (made === undefined) return undefined;
    await setSetupCode(tx, made, tokenDigest(setupCode), setupLifeMs);
    await noteChange(tx, made, 'CREATED', actor, asked.roles);
    return made;
  });
  if (id === undefined)
    return refuse([
      `L’identifiant ${login} est déjà pris ; il n’est jamais réattribué.`,
      `The login ${login} is taken; a login never means another person later.`,
    ]);
  return { id, setupCode };
}

export async function changeRoles(
  place: AccessPlace,
  login: string,
  asked: readonly Role[],
  actor: string,
): Promise<void> {
  await changed(place, login, async (tx, account) => {
    const problem = rolesProblem(asked, account.clientId ?? undefined);
    if (problem !== undefined) refuse(problem);
    if (!asked.includes('admin')) await requireOtherAdmin(tx, account);
    await setRoles(tx, account.id, asked.join(','));
    await noteChange(tx, account.id, 'ROLES', actor, asked);
  });
}

/** Issues a code, shown once, for a new password and a new second factor, after the loss of either. */
export async function resetAccount(place: AccessPlace, login: string, actor: string): Promise<string> {
  const setupCode = newToken();
  await changed(place, login, async (tx, account) => {
    await setPassword(tx, account.id, '');
    await setFactor(tx, account.id, undefined, account.factorStep);
    await replaceRecoveryCodes(tx, account.id, []);
    await setSetupCode(tx, account.id, tokenDigest(setupCode), setupLifeMs);
    await noteChange(tx, account.id, 'RESET', actor);
  });
  return setupCode;
}

export async function closeAccount(place: AccessPlace, login: string, actor: string): Promise<void> {
  await changed(place, login, async (tx, account) => {
    await requireOtherAdmin(tx, account);
    await endAccount(tx, account.id);
    await noteChange(tx, account.id, 'ENDED', actor);
  });
}

/** Signs the account out of all browsers; the account stays as it is. */
export const endAllSessions = (place: AccessPlace, login: string, actor: string): Promise<void> =>
  changed(place, login, (tx, account) => noteChange(tx, account.id, 'SESSIONS_ENDED', actor));

/** The person sets the password with the code. @throws ACCESS-001, ACCESS-002 */
export async function setPasswordWithCode(
  { database }: AccessPlace,
  code: string,
  password: string,
): Promise<Account> {
  // Checked first, so that false codes cost no hashing. Hashed outside the transaction, which may be repeated.
  if ((await accountOfSetupCode(database, tokenDigest(code))) === undefined) throw noSuchCode();
  const hashed = await hashPassword(password);
  return database.transaction(async (tx) => {
    const account = await accountOfSetupCode(tx, tokenDigest(code));
    if (account === undefined) throw noSuchCode();
    const problem = passwordProblem(password, account.login);
    if (problem !== undefined) refuse(problem);
    await setPassword(tx, account.id, hashed);
    await endSessions(tx, account.id);
    await noteChange(tx, account.id, 'PASSWORD', accountActor(account.id));
    return toAccount({ ...account, password: hashed });
  });
}

const noSuchCode = (): RelaisError =>
  new RelaisError('ACCESS-002', [
    'Ce code a déjà servi, n’est plus valable ou n’a jamais existé.',
    'This code was used, has run out or never was one.',
  ]);

async function changed(
  { database }: AccessPlace,
  typed: string,
  work: (tx: Sql, account: AccountRow) => Promise<void>,
): Promise<void> {
  await database.transaction(async (tx) => {
    const account = await accountOf(tx, loginOf(typed), true);
    if (account === undefined || account.endedAt !== null) throw unknownAccount(loginOf(typed));
    await work(tx, account);
    await endSessions(tx, account.id);
  });
}

/** The last administrator stays: without one only the operator of the installation could create another. */
async function requireOtherAdmin(tx: Sql, account: AccountRow): Promise<void> {
  const isAdmin = (row: AccountRow): boolean =>
    row.endedAt === null && row.roles.split(',').includes('admin');
  if (!isAdmin(account)) return;
  // Locked, so that of two administrators who end each other at once one is refused.
  const rows = await listAccounts(tx, true);
  if (!rows.some((row) => row.id !== account.id && isAdmin(row)))
    refuse([
      `${account.login} est le dernier administrateur : créez-en un autre d’abord.`,
      `${account.login} is the last administrator: make another one first.`,
    ]);
}

export const noteChange = (
  tx: Sql,
  accountId: number,
  reason: string,
  actor: string,
  given: readonly Role[] = [],
): Promise<void> =>
  appendHandover(tx, {
    entry: 'account_changed',
    clientId: '',
    actor,
    target: accountActor(accountId),
    reason,
    ...(given.length === 0 ? {} : { fields: given }),
  });

function refuse(message: BothSentences): never {
  throw new RelaisError('ACCESS-001', message);
}

export const accountWithId = async (sql: Sql, id: number): Promise<Account | undefined> => {
  const row = await accountById(sql, id);
  return row === undefined ? undefined : toAccount(row);
};
