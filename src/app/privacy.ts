// Assembles the parts for the charter's promises that every process needs: signing of proofs, and access.
// Invariant: opens nothing; src/app.ts opens connections and passes them in.
import type { AccessPlace } from '../access/place.ts';
import type { Config } from '../config.ts';
import { derived } from '../domain/keyed.ts';
import type { Keys } from '../privacy/keys.ts';
import type { ProofDeps } from '../privacy/proofs/prove.ts';
import type { Database } from '../store/database.ts';

export const accessWith = (
  database: Database,
  digestKey: Buffer,
  { console: { passwords } }: Pick<Config, 'console'>,
): AccessPlace => ({
  database,
  passwords,
  factorKey: derived(digestKey, 'second factors'),
  tryKey: derived(digestKey, 'sign-in tries'),
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
