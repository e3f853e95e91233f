// Assembles the requests of prospects, loaded when the first one is processed.
// Invariant: opens nothing; src/app.ts opens connections and passes them in.
import type { Config } from '../config.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import { createAnomalyCounter } from '../intake/anomalies.ts';
import { correctWithin } from '../intake/correct.ts';
import type { Log } from '../log.ts';
import type { Keys } from '../privacy/keys.ts';
import { createRequests, type Requests } from '../privacy/requests/requests.ts';
import type { RightsOptions } from '../privacy/rights.ts';
import type { Database } from '../store/database.ts';
import { createRequestSecrets } from '../store/secrets.ts';

export const requestsOf = (
  rights: RightsOptions & { readonly database: Database },
  { keysSchema, console: { url: consoleUrl } }: Config,
  {
    keys,
    digestKey,
    needsOf,
    log,
  }: {
    readonly keys: Keys;
    readonly digestKey: Buffer;
    readonly needsOf: Published['version'];
    readonly log: Log;
  },
): Requests =>
  createRequests({
    ...rights,
    versionOf: needsOf,
    consoleUrl,
    requestSecrets: createRequestSecrets({ masterKeys: keys.master, keysSchema }),
    correct: (tx, correction) =>
      correctWithin(
        tx,
        { ...rights, digestKey, anomalies: createAnomalyCounter({ needsOf, log }) },
        correction,
      ),
  });
