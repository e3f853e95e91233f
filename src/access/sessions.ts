// Manages sessions: the account and lifetime of a cookie's token.
// Invariant: the token changes with every step up, so that one planted before the sign-in opens nothing.
import { accountById } from '../store/access/accounts.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import {
  endSession,
  endSessionById,
  endSessions,
  openSession,
  sessionOf,
  sessionsOf,
  type SessionRow,
  type SessionStage,
} from '../store/access/sessions.ts';
import { accountActor, newToken, tokenDigest, type AccessPlace } from './place.ts';
import { toAccount, type Account } from './accounts.ts';
import { sessionLimits } from './limits.ts';

export interface Caller {
  readonly address: string;
  /** As the browser names itself. */
  readonly agent: string;
}

export interface Session {
  readonly account: Account;
  readonly stage: SessionStage;
  readonly row: SessionRow;
}

/** @returns the token for the cookie */
export async function beginSession(
  tx: Sql,
  accountId: number,
  stage: SessionStage,
  caller: Caller,
): Promise<string> {
  const token = newToken();
  await openSession(tx, {
    digest: tokenDigest(token),
    accountId,
    stage,
    ...caller,
    lifeMs: stage === 'full' ? sessionLimits.lifeMs : sessionLimits.halfwayMs,
  });
  return token;
}

/**
 * Undefined: not signed in, or no longer. The account is read each time, so that a removed role is lost at once.
 * @param isActivity false where a page refreshes by itself: that does not prolong the session
 */
export async function sessionOfToken(
  { database }: Pick<AccessPlace, 'database'>,
  token: string,
  { isActivity }: { readonly isActivity: boolean } = { isActivity: true },
): Promise<Session | undefined> {
  const row = await sessionOf(database, tokenDigest(token), { idleMs: sessionLimits.idleMs, isActivity });
  if (row === undefined) return undefined;
  const account = await accountById(database, row.accountId);
  if (account === undefined || account.endedAt !== null) return undefined;
  return { account: toAccount(account), stage: row.stage, row };
}

export const ownSessions = ({ database }: AccessPlace, accountId: number): Promise<readonly SessionRow[]> =>
  sessionsOf(database, accountId, sessionLimits.idleMs);

export async function signOut({ database }: AccessPlace, accountId: number, token: string): Promise<void> {
  await database.transaction(async (tx) => {
    if (await endSession(tx, tokenDigest(token))) await noteEnd(tx, accountId, 'SIGNED_OUT');
  });
}

/** Ends another of the account's own sessions. False when it was over already. */
export const endOwnSession = ({ database }: AccessPlace, accountId: number, id: number): Promise<boolean> =>
  database.transaction(async (tx) => {
    const ended = await endSessionById(tx, accountId, id);
    if (ended) await noteEnd(tx, accountId, 'REVOKED');
    return ended;
  });

/** Ends all sessions of the account but the caller's. */
export const endOtherSessions = (
  { database }: AccessPlace,
  accountId: number,
  token: string,
): Promise<number> =>
  database.transaction(async (tx) => {
    const ended = await endSessions(tx, accountId, tokenDigest(token));
    if (ended > 0) await noteEnd(tx, accountId, 'REVOKED');
    return ended;
  });

const noteEnd = (tx: Sql, accountId: number, reason: string): Promise<void> =>
  appendHandovers(tx, [{ entry: 'signed_out', clientId: '', actor: accountActor(accountId), reason }]);
