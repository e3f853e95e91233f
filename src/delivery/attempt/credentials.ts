// Tokens and sessions of recipients: in the memory of each process, got by one of them for all, encrypted in MySQL.
// Invariant: a delivery with a good credential asks nobody; a refused login is not tried again by itself; MySQL and the log
// learn nothing of a token.
import { randomBytes } from 'node:crypto';
import type { Credential, CredentialNeed, Credentials, Obtained } from '../../../connectors/contract.ts';
import { mac } from '../../domain/mac.ts';
import {
  aheadMs,
  broken,
  lastMomentsMs,
  obtainFromAll,
  type CredentialLife,
  type CredentialPlace,
  type CredentialsOptions,
} from './get-credential.ts';

export type CredentialsOf = (clientId: string) => Credentials;

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
      .catch((error: unknown): Obtained => ({ ok: false, outcome: broken(error) }))
      .finally(() => underWay.delete(known));
    underWay.set(known, running);
    return running;
  };

  return (clientId) => ({
    async obtain(need): Promise<Obtained> {
      const known = `${clientId} ${need.gotWith}`;
      const get = (): Promise<Obtained> =>
        together(known, () => obtainFromAll(placeOf(clientId, need.gotWith), need));
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
      // Somebody else's request, which may have been satisfied with what we were just refused.
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
    // Read in that time, somebody is renewing it, or has failed to.
    renewAt: Math.max(
      endsAt - ahead,
      remainingMs !== null && remainingMs <= ahead ? readAt + renewAgainMs : 0,
    ),
  };
}
