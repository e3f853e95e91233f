// Assembles the parts that most processes never use, or use late: publishing, rights, requests, retention.
// Invariant: opens nothing; src/app.ts opens connections and passes them in.
import type { Config } from '../config.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import type { Log } from '../log.ts';
import type { CheckOptions } from '../mapping/check.ts';
import type { Keys } from '../privacy/keys.ts';
import type { ProofDeps } from '../privacy/proofs/prove.ts';
import type { Requests } from '../privacy/requests/requests.ts';
import type { Rights, RightsOptions } from '../privacy/rights.ts';
import type { Publishing } from '../publishing/publish.ts';
import type { Retention } from '../retention/run.ts';

export interface Opened {
  readonly leads: Pick<RightsOptions, 'database' | 'secrets' | 'snapshot' | 'oppositionKey'>;
  readonly proofs: ProofDeps;
  readonly checkOptions: CheckOptions;
  readonly published: Published;
  readonly keys: Keys;
  readonly digestKey: Buffer;
  readonly log: Log;
}

export interface Parts {
  readonly publishing: Publishing;
  readonly rights: Rights;
  /** Requests of prospects, from the demand to its closing. */
  readonly requests: Requests;
  /** Deletion of leads at the end of their retention. */
  readonly retention: Retention;
}

export const partsOnDemand = (config: Config, opened: Opened): Parts => {
  const { leads, proofs, checkOptions: check, published, keys, digestKey, log } = opened;
  return {
    publishing: onDemand(async () => {
      const { createPublishing } = await import('../publishing/publish.ts');
      const production = config.env === 'production';
      return createPublishing({ ...leads, mappingsDir: config.mappingsDir, check, log, production });
    }),
    rights: onDemand(async () => {
      const { createRights } = await import('../privacy/rights.ts');
      return createRights({ ...leads, proofs });
    }),
    requests: onDemand(async () => {
      const { requestsOf } = await import('./requests.ts');
      return requestsOf({ ...leads, proofs }, config, { keys, digestKey, needsOf: published.version, log });
    }),
    retention: onDemand(async () => {
      const { createRetention } = await import('../retention/run.ts');
      return createRetention({ ...leads, log, phoneProofs: config.phoneProofs });
    }),
  };
};

/** Every function returns a promise, so that loading changes nothing for the caller. */
type Asynchronous<T> = {
  readonly [K in keyof T]: T[K] extends (...args: never[]) => Promise<unknown> ? T[K] : never;
};

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/**
 * Loads parts of the program at their first call: most processes never use them, or use them late. The same
 * functions with the same results; one that cannot be loaded fails at each call.
 * @param load imports the code and makes the part; called once
 */
export function onDemand<T extends Asynchronous<T>>(load: () => Promise<T>): T {
  let loading: Promise<T> | undefined;
  const loaded = (): Promise<T> =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
  const call =
    (name: keyof T): Call =>
    async (...args) =>
      ((await loaded())[name] as Call)(...args);
  return new Proxy({} as T, {
    // A part is no promise: without this, `await` would treat it as one.
    get: (_part, name) => (name === 'then' || typeof name === 'symbol' ? undefined : call(name as keyof T)),
  });
}
