// Getting a token or a session: of all processes one asks, and the others wait for what it writes.
// Invariant: what was refused is not asked for again by itself before its time; what was got is written before it is used.
import type { Credential, CredentialNeed, Got, Obtained, Outcome } from '../../../connectors/contract.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import {
  beginGetting,
  keepCredential,
  noteNotGot,
  readCredential,
  type CredentialRow,
} from '../../store/access-credentials.ts';
import type { Sql } from '../../store/database.ts';

export interface CredentialsOptions {
  readonly database: Sql;
  readonly masterKeys: KeyRing;
  /** Names rows; it outlives the master key, so that a refresh token is found again after a change of key. */
  readonly nameKey: Buffer;
  readonly log: Log;
}

export type CredentialLife = Pick<CredentialRow, 'version' | 'remainingMs' | 'lifeMs'>;

export interface CredentialPlace extends CredentialsOptions {
  readonly clientId: string;
  readonly name: Buffer;
  /** Names this one request among those of all processes. */
  readonly getter: string;
  readonly remember: (row: CredentialLife, token: string) => Credential;
}

/** Whoever got the right to get one is given so much longer than it may take. */
const lateMs = 4_000;
const lookAgainMs = 150;

/** So long before its end the next one is got. */
export const aheadMs = (lifeMs: number | null): number => Math.min(120_000, (lifeMs ?? 0) / 10);

/** In its last moments it could end on its way. */
export const lastMomentsMs = (lifeMs: number | null): number => Math.min(5_000, aheadMs(lifeMs) / 2);

export const broken = (error: unknown): Outcome => ({
  kind: 'unavailable',
  reason: `CREDENTIALS_${foreignCode(error)}`.slice(0, 64),
  maybeReceived: false,
});

/** Of all processes one gets it; the others wait for what it writes. */
export async function obtainFromAll(place: CredentialPlace, need: CredentialNeed): Promise<Obtained> {
  const { database, name, masterKeys } = place;
  const giveUpAt = performance.now() + need.longestMs + 2 * lateMs;
  const atStart = await readCredential(database, name, masterKeys);
  for (let row = atStart; ; row = await readCredential(database, name, masterKeys)) {
    const wanted = need.anew === true ? (atStart?.version ?? 0) : (need.refused?.version ?? 0);
    if (row?.kept !== undefined && row.version > wanted && !isNearEnd(row))
      return { ok: true, credential: place.remember(row, row.kept.token) };
    if (row !== undefined && !row.mayBeAsked && need.anew !== true)
      return serving(place, row, wanted) ?? refusedBefore(row);
    const isTurn = row?.isBeingGot !== true && (await isOurs(place, row, need));
    const got = isTurn ? await getNow(place, row, need) : undefined;
    if (got?.ok === true) return got;
    const served = row === undefined ? undefined : serving(place, row, wanted);
    if (served !== undefined) return served;
    if (got !== undefined) return got;
    if (performance.now() > giveUpAt)
      return { ok: false, outcome: { kind: 'unavailable', reason: 'TOKEN_AWAITED', maybeReceived: false } };
    await new Promise((done) => setTimeout(done, lookAgainMs * (0.5 + Math.random())));
  }
}

const isNearEnd = ({ remainingMs, lifeMs }: CredentialRow): boolean =>
  remainingMs !== null && remainingMs <= aheadMs(lifeMs);

/** While the next one is being got, the one before serves to its end. */
function serving(place: CredentialPlace, row: CredentialRow, wanted: number): Obtained | undefined {
  if (row.kept === undefined || row.version <= wanted) return undefined;
  if (row.remainingMs !== null && row.remainingMs <= lastMomentsMs(row.lifeMs)) return undefined;
  return { ok: true, credential: place.remember(row, row.kept.token) };
}

const refusedBefore = ({ refusal }: CredentialRow): Obtained => ({
  ok: false,
  outcome: { kind: 'unauthorized', reason: refusal },
});

const isOurs = (
  { database, name, clientId, getter }: CredentialPlace,
  row: CredentialRow | undefined,
  need: CredentialNeed,
): Promise<boolean> =>
  beginGetting(database, name, {
    clientId,
    getter,
    version: row?.version ?? 0,
    refusals: row?.refusals ?? 0,
    ms: need.longestMs + lateMs,
    isRefused: need.refused !== undefined && need.refused.version === row?.version,
  });

async function getNow(
  place: CredentialPlace,
  row: CredentialRow | undefined,
  need: CredentialNeed,
): Promise<Obtained> {
  const { log, clientId } = place;
  const refreshToken = row?.kept?.refreshToken;
  const startedAt = performance.now();
  const got = await need
    .get({ refusals: row?.refusals ?? 0, ...(refreshToken === undefined ? {} : { refreshToken }) })
    .catch((error: unknown): Got => ({ ok: false, outcome: broken(error) }));
  const durationMs = Math.round(performance.now() - startedAt);
  if (!got.ok) {
    const { outcome } = got;
    const reason = 'reason' in outcome ? outcome.reason : outcome.kind;
    log.warn('credential.not_got', { client: clientId, outcome: outcome.kind, reason, durationMs });
    await noted(place, got, reason);
    return { ok: false, outcome };
  }
  log.info('credential.got', { client: clientId, durationMs });
  return await kept(place, row, got, durationMs);
}

async function noted(
  { database, name, getter }: CredentialPlace,
  got: Extract<Got, { readonly ok: false }>,
  reason: string,
): Promise<void> {
  const { againAfterMs } = got;
  await noteNotGot(database, name, {
    getter,
    refusal: againAfterMs === undefined ? '' : reason,
    againMs: typeof againAfterMs === 'number' ? againAfterMs : undefined,
  });
}

/** An outage of MySQL must not lose a refresh token that is good only once. */
const keepTries = 20;

async function kept(
  place: CredentialPlace,
  row: CredentialRow | undefined,
  got: Extract<Got, { readonly ok: true }>,
  durationMs: number,
): Promise<Obtained> {
  const { database, name, masterKeys } = place;
  const after = row?.version ?? 0;
  const refreshToken = got.refreshToken ?? row?.kept?.refreshToken;
  // Its life began when it was made, at the earliest when it was asked for.
  const livesMs = got.livesMs === undefined ? undefined : Math.max(1_000, got.livesMs - durationMs);
  const entry = { token: got.token, after, livesMs, ...(refreshToken === undefined ? {} : { refreshToken }) };
  for (let tries = 1; ; tries += 1) {
    try {
      if (await keepCredential(database, name, masterKeys, entry)) {
        const lifeMs = livesMs ?? null;
        return {
          ok: true,
          credential: place.remember({ version: after + 1, remainingMs: lifeMs, lifeMs }, got.token),
        };
      }
      const now = await readCredential(database, name, masterKeys);
      const token = now?.kept?.token ?? got.token;
      return { ok: true, credential: { token, version: now?.version ?? after + 1 } };
    } catch (error) {
      if (tries >= keepTries) throw error;
      await new Promise((done) => setTimeout(done, 250));
    }
  }
}
