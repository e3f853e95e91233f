// Assembles what keeps the charter's promises: requests, proofs, retention; and who may work with it.
// Invariant: opens nothing; src/app.ts opens, and hands in what is open.
import type { AccessPlace } from '../access/place.ts';
import type { Config } from '../config.ts';
import type { Published } from '../delivery/mapping-cache.ts';
import { derived } from '../domain/keyed.ts';
import { createAnomalyCounter } from '../intake/anomalies.ts';
import { correctWithin } from '../intake/correct.ts';
import type { Log } from '../log.ts';
import type { Keys } from '../privacy/keys.ts';
import type { ProofDeps } from '../privacy/proofs/prove.ts';
import { createRequests, type Requests } from '../privacy/requests/requests.ts';
import type { RightsOptions } from '../privacy/rights.ts';
import { createRetention, type Retention, type RetentionNeeds } from '../retention/run.ts';
import type { Database } from '../store/database.ts';
import { createRequestSecrets } from '../store/request-secrets.ts';

export const accessWith = (database: Database, digestKey: Buffer): AccessPlace => ({
  database,
  factorKey: derived(digestKey, 'second factors'),
  tryKey: derived(digestKey, 'sign-in tries'),
});

export const requestsOf = (
  rights: RightsOptions & { readonly database: Database },
  { keysSchema }: Config,
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
    requestSecrets: createRequestSecrets({ masterKeys: keys.master, keysSchema }),
    correct: (tx, correction) =>
      correctWithin(
        tx,
        { ...rights, digestKey, anomalies: createAnomalyCounter({ needsOf, log }) },
        correction,
      ),
  });

export const proofsOf = (
  { keysSchema, centreName, clientMail }: Config,
  keys: Keys,
  oppositionKey: Buffer,
): ProofDeps => ({
  sealKeys: keys.seal,
  oppositionKey,
  keysSchema,
  contact: {
    centre: centreName ?? null,
    dpo: clientMail?.dpoName ?? null,
    mailbox: clientMail?.rightsMailbox ?? null,
  },
});

export const retentionWith = (
  { phoneProofs }: Config,
  needs: Omit<RetentionNeeds, 'phoneProofs'>,
): Retention => createRetention({ ...needs, phoneProofs });
