// Makes an installation for one client beside the shared one (C36): number, folder, keys, schemas, accounts, tables, environment file.
// Invariant: every step may be repeated; the file that the service reads is written last, so that nothing half-made starts.
import { readFile, chmod, chown, mkdir, open, rename, stat } from 'node:fs/promises';
import { join, dirname } from 'node:path';
import { instanceNames, type InstanceNames } from '../domain/hosting.ts';
import { RelaisError } from '../errors.ts';
import { alone } from '../store/alone.ts';
import type { Account } from '../store/migrate.ts';
import { type Database, withDatabase } from '../store/database.ts';
import { makeAccount, makeSchemas, requireAddress } from '../store/hosting/instance-accounts.ts';
import { dedicate, markReady, openInstance, readDedication } from '../store/hosting/instances.ts';
import { randomBytes } from 'node:crypto';

export interface InstanceOrder extends InstanceFolder {
  readonly clientId: string;
  /** Address of the gateway's host, for accounts. */
  readonly host: string;
  /** Addresses that send leads. */
  readonly intakeHosts: readonly string[];
  readonly actor: string;
}

export interface InstancePlace {
  /** The shared installation, under its owner's account. */
  readonly shared: Database;
  /** An account that makes schemas and accounts. */
  readonly adminUrl: string;
  readonly redisUrl: string;
  readonly redisPassword: string;
  /** Settings that the new installation takes over as they are. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Brings the schema up to date under these variables, and gives the accounts their rights. */
  readonly migrate: (
    environment: Readonly<Record<string, string>>,
    accounts: { readonly gateway: Account; readonly intake: readonly Account[] },
  ) => Promise<void>;
}

export interface MadeInstance {
  readonly slot: number;
  readonly names: InstanceNames;
  readonly environmentFile: string;
  readonly ownerFile: string;
  /** False where the environment file existed: it was left as it is. */
  readonly isNew: boolean;
  readonly httpPort: number;
}

const firstHttpPort = 8080;

/** @throws INSTANCE-001, USAGE-001, CONFIG-001, DB-001 to DB-005 */
export async function createInstance(place: InstancePlace, order: InstanceOrder): Promise<MadeInstance> {
  const { clientId, host, intakeHosts } = order;
  if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(clientId))
    throw new RelaisError('USAGE-001', `"${clientId}" is no client: small letters, digits, - and _.`);
  for (const address of [host, ...intakeHosts]) requireAddress(address);
  const owned = await readDedication(place.shared);
  if (owned !== undefined)
    throw new RelaisError(
      'INSTANCE-001',
      `This is the installation for ${owned.clientId}: run the command in the shared one.`,
    );
  const made = await alone(place.shared, 'instance', () => make(place, order));
  if (made === undefined)
    throw new RelaisError('INSTANCE-001', [
      'Une installation est en cours de création : relancez la commande ensuite.',
      'An installation is being made by another process: run the command again afterwards.',
    ]);
  return made;
}

async function make(place: InstancePlace, order: InstanceOrder): Promise<MadeInstance> {
  const { clientId, host, intakeHosts, actor, folder } = order;
  const { slot } = await openInstance(place.shared, clientId, actor);
  const names = instanceNames(place.shared.name, clientId, slot);
  const former = await readFile(join(folder, 'relais.env'), 'utf8').catch(() => names.schema);
  if (!former.includes(names.schema))
    throw new RelaisError(
      'INSTANCE-001',
      `${folder} has the keys of a former installation of ${clientId}: move the folder elsewhere first.`,
    );
  const passwords = await prepareFolder(order);
  await makeAccounts(place.adminUrl, names, order, passwords);
  if (place.redisPassword !== '') await writeNew(keyFile(folder, 'redis'), `${place.redisPassword}\n`, 0o640);
  const environment = environmentOf(place, order, names, slot);
  const ownerUrl = urlOf(place.adminUrl, names.owner, names.schema);
  const owner = {
    RELAIS_MYSQL_OWNER_URL: ownerUrl,
    RELAIS_MYSQL_OWNER_PASSWORD_FILE: keyFile(folder, 'mysql_owner'),
  };
  await place.migrate(
    { ...environment, ...owner },
    {
      gateway: { user: names.gateway, host },
      intake: intakeHosts.map((address) => ({ user: names.intake, host: address })),
    },
  );
  const withPassword = new URL(ownerUrl);
  withPassword.password = passwords.owner;
  await withDatabase({ url: withPassword.href, connections: 1 }, (database) =>
    dedicate(database, { clientId, slot }),
  );
  const ownerFile = join(folder, 'owner.env');
  await writeNew(ownerFile, environmentText(owner), 0o600);
  const environmentFile = join(folder, 'relais.env');
  const isNew = await writeNew(environmentFile, environmentText(environment), 0o640);
  await markReady(place.shared, slot);
  return { slot, names, environmentFile, ownerFile, isNew, httpPort: firstHttpPort + slot };
}

async function makeAccounts(
  adminUrl: string,
  names: InstanceNames,
  { host, intakeHosts }: InstanceOrder,
  passwords: InstancePasswords,
): Promise<void> {
  const tls = new URL(adminUrl).searchParams.get('tls') === 'yes';
  await withDatabase({ url: adminUrl, connections: 1 }, async (admin) => {
    const owner = { user: names.owner, host, password: passwords.owner, tls };
    await makeSchemas(admin, [names.schema, names.keysSchema], owner);
    await makeAccount(admin, { user: names.gateway, host, password: passwords.gateway, tls });
    for (const address of intakeHosts)
      await makeAccount(admin, { user: names.intake, host: address, password: passwords.intake, tls });
  });
}

/** The server of the administrator's account, as another account, without a password. */
function urlOf(adminUrl: string, user: string, schema: string): string {
  const url = new URL(adminUrl);
  url.username = user;
  url.password = '';
  url.pathname = `/${schema}`;
  return url.href;
}

function environmentOf(
  { adminUrl, redisUrl, redisPassword, inherited }: InstancePlace,
  { folder, data }: InstanceFolder,
  names: InstanceNames,
  slot: number,
): Readonly<Record<string, string>> {
  return {
    ...inherited,
    RELAIS_INSTALLATION: 'dedicated',
    RELAIS_MYSQL_URL: urlOf(adminUrl, names.gateway, names.schema),
    RELAIS_MYSQL_PASSWORD_FILE: keyFile(folder, 'mysql'),
    RELAIS_MYSQL_INTAKE_URL: urlOf(adminUrl, names.intake, names.schema),
    RELAIS_MYSQL_INTAKE_PASSWORD_FILE: keyFile(folder, 'mysql_intake'),
    RELAIS_KEYS_SCHEMA: names.keysSchema,
    RELAIS_REDIS_URL: redisUrl,
    ...(redisPassword === '' ? {} : { RELAIS_REDIS_PASSWORD_FILE: keyFile(folder, 'redis') }),
    RELAIS_REDIS_PREFIX: names.redisPrefix,
    RELAIS_MASTER_KEY_FILE: keyFile(folder, 'master_key'),
    RELAIS_SEAL_KEY_FILE: keyFile(folder, 'seal_key'),
    RELAIS_MAPPINGS_DIR: join(folder, 'mappings'),
    RELAIS_SECRETS_DIR: join(folder, 'secrets'),
    RELAIS_PHONE_PROOFS_DIR: join(data, 'phone-proofs'),
    RELAIS_ERASURE_LEDGER_DIR: join(data, 'ledger'),
    RELAIS_BACKUP_DIR: join(data, 'backups'),
    RELAIS_LOG_ARCHIVES_DIR: join(data, 'log-archives'),
    RELAIS_HTTP_PORT: String(firstHttpPort + slot),
  };
}

// Writes the folder of an installation for one client: keys, passwords, environment files, each with its mode (C36).
// Invariant: a key that exists is never written again; each file is whole under its name or absent; the file that the service reads is
// written last, by `publishEnvironment`.

export interface InstanceFolder {
  /** `/etc/relais/instances/CLIENT` */
  readonly folder: string;
  /** `/var/lib/relais/instances/CLIENT`: what the service writes. */
  readonly data: string;
}

export type InstancePasswords = Awaited<ReturnType<typeof prepareFolder>>;

/** Files of keys/, the mode of each, and the bytes of a new one. */
const keyFiles = {
  master_key: { mode: 0o640, encoding: 'base64' },
  seal_key: { mode: 0o640, encoding: 'base64' },
  mysql: { mode: 0o640, encoding: 'base64url' },
  mysql_intake: { mode: 0o640, encoding: 'base64url' },
  mysql_owner: { mode: 0o600, encoding: 'base64url' },
} as const;

export const keyFile = (folder: string, name: keyof typeof keyFiles | 'redis'): string =>
  join(folder, 'keys', name);

/** Makes what is missing of folders and keys, and reads the passwords. */
export async function prepareFolder({ folder, data }: InstanceFolder) {
  for (const part of ['', 'keys', 'secrets', 'mappings']) await makeFolder(join(folder, part), 0o750);
  for (const part of ['', 'phone-proofs', 'ledger', 'backups', 'log-archives'])
    await makeFolder(join(data, part), 0o770);
  for (const [name, { mode, encoding }] of Object.entries(keyFiles))
    await writeNew(
      keyFile(folder, name as keyof typeof keyFiles),
      `${randomBytes(32).toString(encoding)}\n`,
      mode,
    );
  const read = async (name: keyof typeof keyFiles): Promise<string> =>
    (await readFile(keyFile(folder, name), 'utf8')).trim();
  return {
    gateway: await read('mysql'),
    intake: await read('mysql_intake'),
    owner: await read('mysql_owner'),
  };
}

/** Writes a file that does not exist yet. Returns false where it exists: what an operator changed is kept. */
export async function writeNew(path: string, text: string, mode: number): Promise<boolean> {
  if (await stat(path).catch(() => undefined)) return false;
  const draft = `${path}.part`;
  const file = await open(draft, 'w', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await likeItsFolder(draft);
  await rename(draft, path);
  return true;
}

async function makeFolder(path: string, mode: number): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  await mkdir(path, { recursive: true, mode });
  await likeItsFolder(path);
  // Whatever the umask: the service writes into its data by the group alone. A folder that gives its group on goes on to.
  await chmod(path, mode | ((await stat(path)).mode & 0o2000));
}

/** The group of the folder, in which the service's user is; only root and members of the group may give it. */
async function likeItsFolder(path: string): Promise<void> {
  const { gid } = await stat(dirname(path));
  const { uid } = await stat(path);
  await chown(path, uid, gid).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  });
}

/** `NAME=value` a line, as systemd and a shell read it. */
export const environmentText = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quotedValue(value)}\n`)
    .join('');

const quotedValue = (value: string): string =>
  /^[\w@%+=:,./?-]*$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
