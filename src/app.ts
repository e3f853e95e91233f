// Opens and assembles the program (composition root), and closes what it opened, last in first out.
// Invariant: a command line opens MySQL only; the planner and the worker open Redis.
import { connectors } from '../connectors/index.ts';
import type { AccessPlace } from './access/place.ts';
import { openAccount, refuseHost, requireOneHost } from './app/one-host.ts';
import { partsOnDemand, type Parts } from './app/parts.ts';
import type { Config } from './config.ts';
import type { CredentialsOf } from './delivery/trip/trip.ts';
import { createCredentials } from './delivery/content/credentials.ts';
import { createRotatedSecrets, type RotatedSecrets } from './delivery/content/rotated-secrets.ts';
import { createConsentEnds, type ConsentEnds } from './delivery/background/consent-ends.ts';
import { createFreshPlanner, type FreshPlanner } from './delivery/planning/plan-fresh.ts';
import { createPublished, type Published } from './delivery/trip/mapping-cache.ts';
import { RelaisError } from './errors.ts';
import { createIntake, type Intake, type IntakeDeps } from './intake/accept.ts';
import type { Log } from './log.ts';
import { checkSources, type CheckOptions } from './mapping/check.ts';
import { createKeyRing } from './domain/key-ring.ts';
import { derived } from './domain/keyed.ts';
import { readIntakeKey, recogniseKeys, type Keys } from './privacy/keys.ts';
import type { ProofDeps } from './privacy/proofs/prove.ts';
import { createSealer, type Sealer } from './privacy/seal.ts';
import { createSign } from './privacy/macs.ts';
import type { Nearby } from './queue/worker-pool.ts';
import { openDatabase, type Database, type ReadOnlySql, type Sign, type Sql } from './store/database.ts';
import { createLook, type Look } from './store/look.ts';
import { createSnapshots } from './store/leads/lead-revisions.ts';
import {
  grantRights,
  migrate,
  pendingMigrations,
  requireSchema,
  type Account,
  type Migration,
} from './store/migrate.ts';
import { migrationFailure } from './store/migration-steps.ts';
import { openReplica, type ReadSide } from './store/replica.ts';
import { isRestorePending } from './store/backups/restore-pending.ts';
import { knowsKeys } from './store/keys.ts';
import { createLeadSecrets, type LeadSecrets } from './store/secrets.ts';

const accessWith = (
  database: Database,
  digestKey: Buffer,
  { console: { passwords } }: Pick<Config, 'console'>,
): AccessPlace => ({
  database,
  passwords,
  factorKey: derived(digestKey, 'second factors'),
  tryKey: derived(digestKey, 'sign-in tries'),
});

const proofsOf = (
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

export interface App extends Parts {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** A connection of its own for the marks of items under work: they commit while the transaction of the work is open. */
  readonly marks: Sql;
  /** For support's lists: a replica when one is configured, else `database`. */
  readonly reading: ReadSide;
  /** Which kinds of work may be due, for all loops of this process. */
  readonly look: Look;
  readonly secrets: LeadSecrets;
  /** Keeps the revision that a recipient may have before a lead changes. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  /** Tokens and sessions that authenticate us to a client's recipients. */
  readonly credentials: CredentialsOf;
  /** Signing secrets that clients have rotated by themselves. */
  readonly rotated: RotatedSecrets;
  readonly keys: Keys;
  /** Key of the addresses on the opposition lists. */
  readonly oppositionKey: Buffer;
  /** Key of the marks of recipients' callbacks in the log. */
  readonly callbackKey: Buffer;
  readonly published: Published;
  readonly checkOptions: CheckOptions;
  readonly intake: Intake;
  /** Plans new leads as they are taken in. */
  readonly freshPlanner: FreshPlanner;
  /** Keys and contacts for signing proofs of acts on a person's data. */
  readonly proofs: ProofDeps;
  /** The worker of this process, where it runs one: its planner hands fresh jobs over without Redis. */
  readonly nearby: Nearby;
  /** Ends of grants whose time is over. */
  readonly consentEnds: ConsentEnds;
  readonly sealer: Sealer;
  /** True in production, where leads go to real recipients: the go-live list applies (C49 to C52). */
  readonly holdsList: boolean;
  /** Accounts, sessions and API keys. */
  readonly access: AccessPlace;
  readonly close: () => Promise<void>;
}

/**
 * Opens the gateway; read-only where the configuration says so, or where a person has not opened a restored database yet.
 * @param restoring true for the restore itself, which changes such a database
 * @throws DB-001, DB-002, CONFIG-002, KEY-002, KEY-003
 */
export async function openApp(
  config: Config,
  {
    log,
    restoring = false,
    admit,
  }: {
    readonly log: Log;
    readonly restoring?: boolean;
    /** Called with the text of each entry of the log before it is signed; what it throws refuses the entry. */
    readonly admit?: ((text: string) => void) | undefined;
  },
): Promise<App> {
  let isOpen = false;
  const app = await openWith(config, log, { heedsRestore: () => isOpen, admit });
  if (config.readOnly || restoring) return app;
  if (await isRestorePending(app.database)) {
    await app.close();
    return openWith({ ...config, readOnly: true }, log);
  }
  // From now on: a backup may be restored under a process that runs.
  isOpen = true;
  return app;
}

interface Opening {
  readonly heedsRestore?: () => boolean;
  readonly admit?: ((text: string) => void) | undefined;
}

async function openWith(config: Config, log: Log, opening: Opening = {}): Promise<App> {
  const { heedsRestore = () => false, admit = () => undefined } = opening;
  const keys = keysOf(config);
  const { gatewayUrl: url, connections } = config.mysql;
  const { silenceMs, keysSchema, readOnly } = config;
  const common = { url, silenceMs, readOnly, heedsRestore };
  const database = openDatabase({ ...common, sign: signingAfter(admit, keys), connections });
  const digestKey = await recognised(config, database, keys).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const marks = openDatabase({ ...common, connections: 1 });
  const replica = replicaOf(config);
  const secrets = createLeadSecrets({ masterKeys: keys.master, keysSchema });
  const snapshot = createSnapshots(secrets).keep;
  const oppositionKey = derived(digestKey, 'oppositions');
  const leads = { database, secrets, snapshot, oppositionKey };
  const proofs = proofsOf(config, keys, oppositionKey);
  const checkOptions: CheckOptions = { connectors, now: () => database.now().getTime() };
  const published = publishedMappings(database, checkOptions, log);
  return {
    config,
    log,
    database,
    marks,
    reading: replica ?? database,
    look: lookOf(database, config.planner.idleMs),
    secrets,
    snapshot,
    ...meansOf(config, database, { keys, digestKey, log }),
    keys,
    oppositionKey,
    callbackKey: derived(digestKey, 'callbacks'),
    published,
    checkOptions,
    ...intakeOf({ ...leads, marks, log, digestKey }, published),
    proofs,
    nearby: { begin: undefined },
    consentEnds: createConsentEnds({ database, snapshot, published, log }),
    ...partsOnDemand(config, {
      leads,
      proofs,
      checkOptions,
      published,
      keys,
      digestKey,
      log,
    }),
    sealer: createSealer({ database, sealKeys: keys.seal, secrets, log }),
    holdsList: config.env === 'production',
    access: accessWith(database, digestKey, config),
    close: async () => {
      await replica?.close();
      await marks.close();
      await database.close();
    },
  };
}

const lookOf = (database: Database, everyMs: number): Look =>
  createLook(database, { everyMs, sharedMs: Math.min(250, Math.max(100, 4 * everyMs)) });

const signingAfter = (admit: (text: string) => void, keys: Keys): Sign => {
  const sign = createSign(keys.seal);
  return (text) => {
    admit(text);
    return sign(text);
  };
};

/** Takes rows in, and plans simple leads with them. */
function intakeOf(
  deps: Omit<IntakeDeps, 'needsOf' | 'planFresh'>,
  published: Published,
): Pick<App, 'intake' | 'freshPlanner'> {
  const freshPlanner = createFreshPlanner(published);
  const intake = createIntake({ ...deps, needsOf: published.version, planFresh: freshPlanner.plan });
  return { intake, freshPlanner };
}

/** The credentials for a client's recipients, and the secrets that sign for them. */
const meansOf = (
  { secrets }: Config,
  database: Database,
  { keys, digestKey, log }: { readonly keys: Keys; readonly digestKey: Buffer; readonly log: Log },
): Pick<App, 'credentials' | 'rotated'> => ({
  credentials: createCredentials({
    database,
    log,
    masterKeys: keys.master,
    nameKey: derived(digestKey, 'credentials'),
  }),
  rotated: createRotatedSecrets({ database, key: derived(digestKey, 'rotated secrets'), secrets }),
});

/** Checks schema, account and keys. Returns the key of the intake digests. */
async function recognised(config: Config, database: Database, keys: Keys): Promise<Buffer> {
  await requireSchema(database);
  if (config.env === 'production') await requireOneHost(config, database);
  const place = { database, keysSchema: config.keysSchema, keys };
  await recogniseKeys(place);
  return readIntakeKey(place);
}

function replicaOf({
  mysql: { readUrl: url },
  silenceMs,
  env,
}: Config): ReturnType<typeof openReplica> | undefined {
  if (url === undefined) return undefined;
  const check = (reading: ReadOnlySql): Promise<void> => requireOneHost({ env }, reading);
  return openReplica({ url, silenceMs, ...(env === 'production' ? { check } : {}) });
}

/** The versions in force, compiled; one that no longer compiles is logged. */
export const publishedMappings = (
  database: Database,
  checkOptions: CheckOptions,
  log: Log,
  most?: number,
): Published =>
  createPublished({
    ...(most === undefined ? {} : { most }),
    sql: database,
    compile: (sources) => {
      const checked = checkSources(sources, { ...checkOptions, tests: false });
      if (checked.ok) return checked.mapping;
      log.error('mapping.unusable', { destination: sources.destinationId, count: checked.problems.length });
      return undefined;
    },
  });

/** A change of a large table takes long, and the server is silent meanwhile. */
const migrationSilenceMs = 6 * 3_600_000;

/**
 * Migrates with the owner's account and grants the working accounts their rights. Returns the migrations that ran; with
 * `checkOnly` those that would run, and changes nothing.
 * @throws CONFIG-001, CONFIG-002, DB-001, DB-002, DB-003, DB-004, DB-005, KEY-002, KEY-003
 */
export async function migrateDatabase(
  config: Config,
  accounts: { readonly gateway: Account; readonly intake: readonly Account[] },
  options: { readonly checkOnly?: boolean } = {},
): Promise<readonly Migration[]> {
  if (config.mysql.ownerUrl === undefined)
    throw new RelaisError(
      'CONFIG-001',
      'Configuration:\n  - RELAIS_MYSQL_OWNER_URL is missing (migrations need the owner account)',
    );
  const { gateway, intake } = accounts;
  if (config.env === 'production')
    for (const { user, host } of [gateway, ...intake]) refuseHost(`${user}@${host}`);
  const owner = await openAccount(config, {
    url: config.mysql.ownerUrl,
    connections: 3,
    silenceMs: migrationSilenceMs,
  });
  const place = { database: owner, keysSchema: config.keysSchema, keys: keysOf(config) };
  try {
    if (options.checkOnly === true) {
      const pending = await pendingMigrations(owner);
      // Only its first migration registers our keys in a database that has none.
      if (await knowsKeys(owner)) await recogniseKeys(place);
      return pending;
    }
    const ran = await migrate(owner, config.keysSchema);
    try {
      await grantRights(owner, config.keysSchema, { gateway });
      for (const account of intake) await grantRights(owner, config.keysSchema, { gateway, intake: account });
    } catch (error) {
      throw migrationFailure(error, 'Giving the working accounts their rights');
    }
    await recogniseKeys(place);
    return ran;
  } finally {
    await owner.close();
  }
}

export const keysOf = (config: Config): Keys => ({
  master: createKeyRing([config.masterKey, ...config.earlierKeys.master]),
  seal: createKeyRing([config.sealKey, ...config.earlierKeys.seal]),
});
