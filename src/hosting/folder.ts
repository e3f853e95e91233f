// Writes the folder of an installation for one client: keys, passwords, environment files, each with its mode (C36).
// Invariant: a key that exists is never written again; each file is whole under its name or absent; the file that the service reads is
// written last, by `publishEnvironment`.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
