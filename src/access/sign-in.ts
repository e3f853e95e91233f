// Signs a person in: password, then the second factor where the account has one or needs one.
// Invariant: a wrong login, a wrong password and an ended account are answered alike, in words and in time; each try is counted first.
import { mac } from '../domain/keyed.ts';
import {
  accountById,
  accountOf,
  noteSignIn,
  rehash,
  replaceRecoveryCodes,
  setFactor,
  takeStep,
  useRecoveryCode,
  type AccountRow,
} from '../store/access/accounts.ts';
import { RelaisError } from '../errors.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers, appendHandover } from '../store/log/handovers.ts';
import {
  endSession,
  keepSessionFactor,
  countTries,
  dropTry,
  forgiveTries,
  noteTry,
  type Try,
  type SessionStage,
} from '../store/access/sessions.ts';
import { accountActor, openFactor, sealFactor, tokenDigest, type AccessPlace } from './place.ts';
import { loginOf, noteChange, toAccount, type Account } from './accounts.ts';
import { networkOf, signInLimits, waitMs } from './limits.ts';
import {
  checkPassword,
  hashPassword,
  enrolment,
  isSameDigest,
  newRecoveryCodes,
  newSecret,
  recoveryDigest,
  stepOfCode,
} from './passwords.ts';
import { secondFactorRoles } from './permissions.ts';
import { beginSession, type Caller, type Session } from './sessions.ts';

export type SignedIn =
  /** `token`: for the cookie; `stage`: how far the sign-in is. */
  | { readonly kind: 'signed_in'; readonly token: string; readonly stage: SessionStage }
  | { readonly kind: 'refused' }
  | { readonly kind: 'wait'; readonly waitMs: number };

export async function signIn(
  place: AccessPlace,
  given: { readonly login: string; readonly password: string; readonly known?: string },
  caller: Caller,
): Promise<SignedIn> {
  const { database } = place;
  const login = loginOf(given.login).slice(0, 190);
  const tried = tryOf(place, login, caller.address);
  const wait = await countedTry(place, tried, isKnown(place, login, given.known));
  if (wait > 0) return { kind: 'wait', waitMs: wait };
  const account = await accountOf(database, login);
  const kept = account?.endedAt === null && account.password !== '' ? account.password : undefined;
  const { isRight, isOutdated } = await checkPassword(given.password.slice(0, 1_024), kept);
  const begun =
    account === undefined || !isRight || isShut(place, account)
      ? undefined
      : await database.transaction((tx) => beginAs(tx, account, tried, caller));
  if (account === undefined || begun === undefined) {
    await noteRefusal(place, account, 'PASSWORD');
    return { kind: 'refused' };
  }
  if (isOutdated) await rehash(database, account.id, account.password, await hashPassword(given.password));
  return { kind: 'signed_in', ...begun };
}

/** Undefined where the account was changed since it was read: that change ended all sessions, and would miss this one. */
async function beginAs(
  tx: Sql,
  read: AccountRow,
  tried: Try,
  caller: Caller,
): Promise<{ readonly token: string; readonly stage: SessionStage } | undefined> {
  const account = await accountById(tx, read.id, true);
  if (account === undefined || account.endedAt !== null) return undefined;
  if (account.password !== read.password || account.roles !== read.roles) return undefined;
  const stage = stageOf(account);
  if (stage === 'full') await admitted(tx, account, tried);
  return { token: await beginSession(tx, account.id, stage, caller), stage };
}

/** Where people sign in by a provider alone, a right password is answered as a wrong one. */
const isShut = ({ passwords }: AccessPlace, { roles }: AccountRow): boolean =>
  passwords === 'admins' && !roles.split(',').includes('admin');

/** The stage after the password: an existing second factor is asked for, a mandatory one is set up first (C38). */
export function stageOf(account: AccountRow): SessionStage {
  const { hasFactor, roles } = toAccount(account);
  if (hasFactor) return 'factor';
  return roles.some((role) => secondFactorRoles.includes(role)) ? 'enrol' : 'full';
}

/** A code of the app, or a recovery code. On success the halfway session ends and a whole one begins. */
export async function confirmFactor(
  place: AccessPlace,
  session: Session,
  given: { readonly token: string; readonly code: string; readonly known?: string },
  caller: Caller,
): Promise<SignedIn> {
  const { database } = place;
  const { account } = session;
  if (session.stage !== 'factor') return { kind: 'refused' };
  const tried = tryOf(place, account.login, caller.address);
  const wait = await countedTry(place, tried, isKnown(place, account.login, given.known));
  if (wait > 0) return { kind: 'wait', waitMs: wait };
  const token = await database.transaction(async (tx) => {
    const row = await accountById(tx, account.id, true);
    if (row === undefined || row.endedAt !== null) return undefined;
    if (!(await isRightCode(tx, place, row, given.code))) return undefined;
    if (!(await endSession(tx, tokenDigest(given.token)))) return undefined;
    await admitted(tx, row, tried);
    return beginSession(tx, row.id, 'full', caller);
  });
  if (token !== undefined) return { kind: 'signed_in', token, stage: 'full' };
  await noteRefusal(place, { id: account.id }, 'CODE');
  return { kind: 'refused' };
}

async function isRightCode(tx: Sql, place: AccessPlace, row: AccountRow, code: string): Promise<boolean> {
  if (row.factorSealed === null) return false;
  const secret = openFactor(place, row.id, row.factorSealed);
  const at = { now: tx.now().getTime(), lastStep: row.factorStep };
  const step = secret === undefined ? undefined : stepOfCode(secret, code, at);
  if (step !== undefined) return takeStep(tx, row.id, step);
  return code.length >= 16 && code.length <= 40 && useRecoveryCode(tx, row.id, recoveryDigest(code));
}

/** At the terminal: the second factor alone, of an open account that has one; a code counts once. @throws ACCESS-002 */
export async function proveByFactor(place: AccessPlace, typed: string, code: string): Promise<Account> {
  const { database } = place;
  const login = loginOf(typed).slice(0, 190);
  const tried = tryOf(place, login, '127.0.0.1');
  const wait = await countedTry(place, tried, true);
  const account = wait > 0 ? undefined : await accountOf(database, login);
  const proved = await database.transaction(async (tx) => {
    const row = account === undefined ? undefined : await accountById(tx, account.id, true);
    if (row === undefined || row.endedAt !== null || !(await isRightCode(tx, place, row, code)))
      return undefined;
    await admitted(tx, row, tried);
    return toAccount(row);
  });
  if (proved !== undefined) return proved;
  if (wait === 0) await noteRefusal(place, account, 'CODE');
  throw new RelaisError('ACCESS-002', [
    wait > 0
      ? 'Trop d’essais : attendez.'
      : 'Ce code n’est pas celui du second facteur de ce compte, ou il a déjà servi.',
    wait > 0
      ? 'Too many tries: wait.'
      : 'This code is not of the second factor of this account, or was used before.',
  ]);
}

export interface Enrolment {
  readonly address: string;
  readonly typed: string;
}

/** Sets up a first second factor, after the password. Each view makes a new secret, so that an older page shows none that is valid. */
export async function beginEnrolment(
  place: AccessPlace,
  session: Session,
  token: string,
): Promise<Enrolment> {
  if (session.stage !== 'enrol') throw new Error('A second factor is replaced with the password alone.');
  return enrolling(place, session, token);
}

/**
 * Replaces a phone, from a signed-in session: the password is asked for once more, as a try to sign in, so that a stranger at an open
 * browser cannot take the account over.
 */
export async function beginRenewal(
  place: AccessPlace,
  session: Session,
  given: { readonly token: string; readonly password: string },
  caller: Caller,
): Promise<({ readonly kind: 'begun' } & Enrolment) | Exclude<SignedIn, { kind: 'signed_in' }>> {
  const { account } = session;
  if (session.stage !== 'full') return { kind: 'refused' };
  const tried = tryOf(place, account.login, caller.address);
  // A signed-in person is known: strangers who guess elsewhere do not delay them.
  const wait = await countedTry(place, tried, true);
  if (wait > 0) return { kind: 'wait', waitMs: wait };
  const row = await accountById(place.database, account.id);
  const kept = row?.endedAt === null && row.password !== '' ? row.password : undefined;
  const { isRight } = await checkPassword(given.password.slice(0, 1_024), kept);
  if (!isRight) {
    await noteRefusal(place, account, 'PASSWORD');
    return { kind: 'refused' };
  }
  await place.database.transaction((tx) => forgiveTries(tx, tried));
  return { kind: 'begun', ...(await enrolling(place, session, given.token)) };
}

async function enrolling(place: AccessPlace, session: Session, token: string): Promise<Enrolment> {
  const secret = newSecret();
  await keepSessionFactor(place.database, tokenDigest(token), sealFactor(place, session.account.id, secret));
  return enrolment(secret, session.account.login);
}

/** @returns the recovery codes, shown once, and the token of a whole session; undefined where the code is wrong */
export async function finishEnrolment(
  place: AccessPlace,
  session: Session,
  given: { readonly token: string; readonly code: string },
  caller: Caller,
): Promise<{ readonly token: string; readonly recoveryCodes: readonly string[] } | undefined> {
  const { factorSealed } = session.row;
  if (session.stage === 'factor' || factorSealed === null) return undefined;
  const { id } = session.account;
  const secret = openFactor(place, id, factorSealed);
  if (secret === undefined) return undefined;
  const recoveryCodes = newRecoveryCodes();
  return place.database.transaction(async (tx) => {
    const row = await accountById(tx, id, true);
    if (row === undefined || row.endedAt !== null) return undefined;
    // A session that was let in to set up a first factor may not replace one that was set up meanwhile.
    if (session.stage === 'enrol' && row.factorSealed !== null) return undefined;
    const step = stepOfCode(secret, given.code, { now: tx.now().getTime(), lastStep: row.factorStep });
    if (step === undefined || !(await endSession(tx, tokenDigest(given.token)))) return undefined;
    await setFactor(tx, id, sealFactor(place, id, secret), step);
    await replaceRecoveryCodes(tx, id, recoveryCodes.map(recoveryDigest));
    await noteChange(tx, id, 'SECOND_FACTOR', accountActor(id));
    await noteSignIn(tx, id);
    await appendHandovers(tx, [{ entry: 'signed_in', clientId: '', actor: accountActor(id) }]);
    return { token: await beginSession(tx, id, 'full', caller), recoveryCodes };
  });
}

const tryOf = ({ tryKey }: AccessPlace, login: string, address: string): Try => ({
  login: mac(tryKey, Buffer.from(`login:${login}`)),
  address: mac(tryKey, Buffer.from(`address:${networkOf(address)}`)),
});

/** Cookie value of a browser in which the person has signed in before; it opens nothing. */
export const knownBrowser = ({ tryKey }: AccessPlace, login: string): string =>
  mac(tryKey, Buffer.from(`known:${loginOf(login)}`)).toString('base64url');

const isKnown = (place: AccessPlace, login: string, known = ''): boolean =>
  isSameDigest(Buffer.from(known), Buffer.from(knownBrowser(place, login)));

/** Time to wait, in ms; 0: this try is judged. A refused try is not counted: else a guesser would lock the person out everywhere. */
async function countedTry({ database }: AccessPlace, tried: Try, isFromKnown: boolean): Promise<number> {
  const id = await noteTry(database, tried);
  const wait = waitMs(await countTries(database, tried, signInLimits), isFromKnown);
  if (wait > 0) await dropTry(database, id);
  return wait;
}

async function admitted(tx: Sql, account: AccountRow, tried: Try): Promise<void> {
  await forgiveTries(tx, tried);
  await noteSignIn(tx, account.id);
  await appendHandovers(tx, [{ entry: 'signed_in', clientId: '', actor: accountActor(account.id) }]);
}

/** An unknown login is not recorded: it may be a mistyped password. */
export const noteRefusal = (
  { database }: AccessPlace,
  account: Pick<AccountRow, 'id'> | undefined,
  reason: string,
): Promise<void> =>
  database.transaction((tx) =>
    appendHandover(tx, {
      entry: 'sign_in_refused',
      clientId: '',
      actor: account === undefined ? 'unknown' : accountActor(account.id),
      reason,
    }),
  );
