// Obtains tokens and sessions of recipients: one process requests each, all processes share it, encrypted in MySQL.
// Invariant: a delivery with a valid credential requests nothing, and a refused login is not repeated before its time. A credential is
// written before it is used; neither the log nor a stored reference ever contains one.
import { randomBytes } from 'node:crypto';
import type { Credential, CredentialNeed, Got, Obtained, Outcome } from '../../../connectors/contract.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { mac } from '../../domain/keyed.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import {
  beginGetting,
  keepCredential,
  noteNotGot,
  readCredential,
  type CredentialRow,
} from '../../store/destinations/access-credentials.ts';
import type { Sql } from '../../store/database.ts';
import type { CredentialsOf } from '../trip/trip.ts';

/** Read again after so long, so that what another process knows is known here. */
const freshMs = 600_000;

/** Where renewing ahead of its end fails, it is tried again after so long while the old one serves. */
const renewAgainMs = 10_000;
const mostRemembered = 1_000;

interface Remembered {
  readonly credential: Credential;
  /** By `performance.now()`. */
  readonly goodUntil: number;
  readonly readAt: number;
  renewAt: number;
}

export function createCredentials(options: CredentialsOptions): CredentialsOf {
  const remembered = new Map<string, Remembered>();
  const underWay = new Map<string, Promise<Obtained>>();

  const placeOf = (clientId: string, gotWith: string): CredentialPlace => {
    const known = `${clientId} ${gotWith}`;
    return {
      ...options,
      clientId,
      getter: randomBytes(12).toString('hex'),
      name: mac(options.nameKey, Buffer.from(JSON.stringify([clientId, gotWith]))),
      remember: (row, token) => {
        if (remembered.size >= mostRemembered) remembered.clear();
        const entry = rememberedOf(row, token);
        remembered.set(known, entry);
        return entry.credential;
      },
    };
  };

  /** One request at a time for each credential of this process. */
  const together = (known: string, work: () => Promise<Obtained>): Promise<Obtained> => {
    const before = underWay.get(known);
    if (before !== undefined) return before;
    const running = work()
      .catch((error: unknown): Obtained => ({ ok: false, outcome: failedObtaining(error) }))
      .finally(() => underWay.delete(known));
    underWay.set(known, running);
    return running;
  };

  return (clientId) => ({
    async obtain(need): Promise<Obtained> {
      const known = `${clientId} ${need.gotWith}`;
      const get = (): Promise<Obtained> =>
        together(known, () => obtainShared(placeOf(clientId, need.gotWith), need));
      const entry = remembered.get(known);
      if (entry !== undefined && isGood(entry, need)) {
        if (performance.now() >= entry.renewAt) {
          entry.renewAt = performance.now() + renewAgainMs;
          void get();
        }
        return { ok: true, credential: entry.credential };
      }
      remembered.delete(known);
      let obtained = await get();
      // A request of another delivery may have been satisfied with the credential that we were just refused.
      for (let tries = 1; tries < 3 && isStale(obtained, need); tries += 1) obtained = await get();
      return obtained;
    },
  });
}

const isStale = (obtained: Obtained, { refused }: CredentialNeed): boolean =>
  obtained.ok && refused !== undefined && obtained.credential.version <= refused.version;

const isGood = ({ credential, goodUntil, readAt }: Remembered, { refused, anew }: CredentialNeed): boolean =>
  anew !== true &&
  (refused === undefined || credential.version > refused.version) &&
  performance.now() < Math.min(goodUntil, readAt + freshMs);

/** Renewed a tenth of its life before its end, two minutes at most; not used in its last moments. */
function rememberedOf({ version, remainingMs, lifeMs }: CredentialLife, token: string): Remembered {
  const readAt = performance.now();
  const endsAt = remainingMs === null ? Infinity : readAt + remainingMs;
  const ahead = aheadMs(lifeMs);
  return {
    credential: { token, version },
    readAt,
    goodUntil: endsAt - lastMomentsMs(lifeMs),
    // A credential read in that time is being renewed, or its renewal has failed.
    renewAt: Math.max(
      endsAt - ahead,
      remainingMs !== null && remainingMs <= ahead ? readAt + renewAgainMs : 0,
    ),
  };
}

interface CredentialsOptions {
  readonly database: Sql;
  readonly masterKeys: KeyRing;
  /** Names rows; it outlives the master key, so that a refresh token is found again after a change of key. */
  readonly nameKey: Buffer;
  readonly log: Log;
}

type CredentialLife = Pick<CredentialRow, 'version' | 'remainingMs' | 'lifeMs'>;

interface CredentialPlace extends CredentialsOptions {
  readonly clientId: string;
  readonly name: Buffer;
  /** Distinguishes this request from those of other processes. */
  readonly getter: string;
  readonly remember: (row: CredentialLife, token: string) => Credential;
}

/** The process that requests a credential has this much longer than the request may take. */
const lateMs = 4_000;
const lookAgainMs = 150;

/** The next credential is requested this long before the end of this one. */
const aheadMs = (lifeMs: number | null): number => Math.min(120_000, (lifeMs ?? 0) / 10);

/** In its last moments a credential could end on its way to the recipient. */
const lastMomentsMs = (lifeMs: number | null): number => Math.min(5_000, aheadMs(lifeMs) / 2);

const failedObtaining = (error: unknown): Outcome => ({
  kind: 'unavailable',
  reason: `CREDENTIALS_${foreignCode(error)}`.slice(0, 64),
  maybeReceived: false,
});

/** One process requests the credential; the others wait for the row it writes. */
async function obtainShared(place: CredentialPlace, need: CredentialNeed): Promise<Obtained> {
  const { database, name, masterKeys } = place;
  const giveUpAt = performance.now() + need.longestMs + 2 * lateMs;
  const atStart = await readCredential(database, name, masterKeys);
  for (let row = atStart; ; row = await readCredential(database, name, masterKeys)) {
    const wanted = need.anew === true ? (atStart?.version ?? 0) : (need.refused?.version ?? 0);
    if (row?.kept !== undefined && row.version > wanted && !isNearEnd(row))
      return { ok: true, credential: place.remember(row, row.kept.token) };
    if (row !== undefined && !row.mayBeAsked && need.anew !== true)
      return serving(place, row, wanted) ?? refusedBefore(row);
    const isTurn = row?.isBeingGot !== true && (await reserveRequest(place, row, need));
    const got = isTurn ? await requestNow(place, row, need) : undefined;
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

/** While the next credential is being requested, the previous one serves to its end. */
function serving(place: CredentialPlace, row: CredentialRow, wanted: number): Obtained | undefined {
  if (row.kept === undefined || row.version <= wanted) return undefined;
  if (row.remainingMs !== null && row.remainingMs <= lastMomentsMs(row.lifeMs)) return undefined;
  return { ok: true, credential: place.remember(row, row.kept.token) };
}

const refusedBefore = ({ refusal }: CredentialRow): Obtained => ({
  ok: false,
  outcome: { kind: 'unauthorized', reason: refusal },
});

const reserveRequest = (
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

async function requestNow(
  place: CredentialPlace,
  row: CredentialRow | undefined,
  need: CredentialNeed,
): Promise<Obtained> {
  const { log, clientId } = place;
  const refreshToken = row?.kept?.refreshToken;
  const startedAt = performance.now();
  const got = await need
    .get({ refusals: row?.refusals ?? 0, ...(refreshToken === undefined ? {} : { refreshToken }) })
    .catch((error: unknown): Got => ({ ok: false, outcome: failedObtaining(error) }));
  const durationMs = Math.round(performance.now() - startedAt);
  if (!got.ok) {
    const { outcome } = got;
    const reason = 'reason' in outcome ? outcome.reason : outcome.kind;
    log.warn('credential.not_got', { client: clientId, outcome: outcome.kind, reason, durationMs });
    await noteRefusal(place, got, reason);
    return { ok: false, outcome };
  }
  log.info('credential.got', { client: clientId, durationMs });
  return await keepObtained(place, row, got, durationMs);
}

async function noteRefusal(
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

async function keepObtained(
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
