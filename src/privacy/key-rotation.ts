// Rotates a key beside the traffic: registers the new one for writing, and encrypts again the secrets under the earlier one.
// Invariant: at every instant everything is readable with both keys configured; after an interruption, a second call continues.
import { hostname } from 'node:os';
import { checkValue, openWith } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { credentialsByKey, rewrapCredentials } from '../store/destinations/access-credentials.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import {
  filesByKey,
  readWrappedKey,
  registeredKeys,
  registerKey,
  retireBefore,
  rewrapFile,
  rewrapSecrets,
  sealsByKey,
  secretsByKey,
  wrappedKeyNames,
  writeWrappedKey,
  type KeyPurpose,
  type Rewrapped,
} from '../store/keys.ts';
import { processesWithoutKey } from '../store/alerts/processes.ts';
import { keyVariable, ofPurpose, type KeysPlace } from './keys.ts';

/** Secrets encrypted again in one transaction. */
const secretsAtOnce = 500;

/**
 * Registers the configured key as the writing one, once every running process has it; each process writes with it at its next look at
 * the registry. Returns false when it is in force already.
 * @throws KEY-002 when the key was in force before, KEY-004 while a process lacks it
 */
export async function bringIn(place: KeysPlace, purpose: KeyPurpose, actor: string): Promise<boolean> {
  const ring = place.keys[purpose];
  const [key] = ring.keys;
  const known = ofPurpose(await registeredKeys(place.database), purpose);
  const newest = known.at(-1);
  if (key === undefined || newest === undefined || newest.keyId === key.id) return false;
  if (known.some((registered) => registered.keyId === key.id))
    throw new RelaisError('KEY-002', `${keyVariable[purpose]} was in force before; a new key is a new one.`);
  await refuseWhileLacking(place, purpose, key.id);
  await place.database.transaction(async (tx) => {
    await registerKey(tx, {
      purpose,
      generation: newest.generation + 1,
      keyId: key.id,
      checkValue: checkValue(purpose, key),
    });
    await appendHandovers(tx, [
      { entry: 'key_changed', clientId: '', actor, reason: `${purpose}:${newest.keyId}`, target: key.id },
    ]);
  });
  ring.writeWith(key.id);
  return true;
}

/** A process without the key would stop sending the moment the key is in force. */
async function refuseWhileLacking(place: KeysPlace, purpose: KeyPurpose, keyId: string): Promise<void> {
  // A role inside this very process looks at the keys again as soon as they change, as any other does.
  const own = `${hostname().slice(0, 40)}:${process.pid}`;
  const lacking = (await processesWithoutKey(place.database, purpose, keyId)).filter(
    ({ name }) => name !== own,
  );
  if (lacking.length === 0) return;
  const names = lacking.map(({ role, name }) => `${role} ${name}`).join(', ');
  throw new RelaisError(
    'KEY-004',
    `Running without the new key in ${keyVariable[purpose]}: ${names}. Nothing was changed.`,
  );
}

export interface Rewritten {
  readonly secrets: number;
  readonly files: number;
  /** Tokens and sessions of recipients. */
  readonly credentials: number;
  /** Secrets that no configured key opens. */
  readonly unreadable: number;
}

/** Encrypts again all secrets under an earlier master key, in small transactions, from the beginning. */
export async function rewriteAll(
  { database, keysSchema, keys }: KeysPlace,
  progress?: (done: number) => void,
): Promise<Rewritten> {
  const total = { secrets: 0, files: 0, credentials: 0, unreadable: 0 };
  const each = async (kind: 'secrets' | 'files', next: (tx: Sql, after: number) => Promise<Rewrapped>) => {
    for (let after: number | undefined = 0; after !== undefined;) {
      const from: number = after;
      const part: Rewrapped = await database.transaction((tx) => next(tx, from));
      total[kind] += part.changed;
      total.unreadable += part.unreadable;
      progress?.(total.secrets + total.files);
      after = part.last;
    }
  };
  for (const owner of ['lead', 'request'] as const)
    await each('secrets', (tx, after) =>
      rewrapSecrets(tx, { keysSchema, owner, keys: keys.master, after, limit: secretsAtOnce }),
    );
  await each('files', (tx, after) => rewrapFile(tx, keys.master, after));
  const credentials = await database.transaction((tx) => rewrapCredentials(tx, keys.master));
  total.credentials += credentials.changed;
  total.unreadable += credentials.unreadable;
  for (const name of await wrappedKeyNames(database, keys.master.current().id)) {
    const row = await readWrappedKey(database, name);
    const bytes =
      row === undefined ? undefined : openWith(keys.master, { keyId: row.keyId, bytes: row.wrapped });
    if (bytes === undefined) total.unreadable += 1;
    else await writeWrappedKey(database, name, keys.master.current(), bytes);
  }
  return total;
}

export interface KeyState {
  readonly purpose: KeyPurpose;
  readonly keyId: string;
  readonly since: Date;
  readonly writes: boolean;
  readonly retired: Date | null;
  readonly configured: boolean;
  /** Data that still needs the key, in words; empty when there is none. */
  readonly neededBy: readonly string[];
}

/** Every key this database knows, and the data under it. */
export async function keyStates({ database, keysSchema, keys }: KeysPlace): Promise<readonly KeyState[]> {
  const registered = await registeredKeys(database);
  const secrets = await secretsByKey(database, keysSchema, 'lead');
  const demands = await secretsByKey(database, keysSchema, 'request');
  const files = await filesByKey(database);
  const credentials = await credentialsByKey(database);
  const seals = await sealsByKey(database);
  const wrapped = await wrappedKeyNames(database, '');
  const others = new Map<string, string[]>();
  for (const name of wrapped) {
    const id = (await readWrappedKey(database, name))?.keyId ?? '';
    others.set(id, [...(others.get(id) ?? []), `the ${name} key`]);
  }
  return registered.map((key): KeyState => {
    // Secrets that name no key were written under the first.
    const ids = key.generation === 1 ? [key.keyId, ''] : [key.keyId];
    const sum = (counts: ReadonlyMap<string, number>): number =>
      ids.reduce((all, id) => all + (counts.get(id) ?? 0), 0);
    const neededBy =
      key.purpose === 'master'
        ? [
            ...counted(sum(secrets), 'secret of a lead', 'secrets of leads'),
            ...counted(sum(demands), 'key of a request', 'keys of requests'),
            ...counted(sum(files), 'file not accepted yet', 'files not accepted yet'),
            ...counted(sum(credentials), "recipient's token or session", "recipients' tokens and sessions"),
            ...ids.flatMap((id) => others.get(id) ?? []),
          ]
        : ids.flatMap((id) => {
            const range = seals.get(id);
            return range === undefined ? [] : [`seals ${range.first} to ${range.last}`];
          });
    return {
      purpose: key.purpose,
      keyId: key.keyId,
      since: key.registeredAt,
      retired: key.retiredAt,
      neededBy,
      writes: key === ofPurpose(registered, key.purpose).at(-1),
      configured: keys[key.purpose].byId(key.keyId) !== undefined,
    };
  });
}

const counted = (count: number, singular: string, many: string): readonly string[] =>
  count === 0 ? [] : [`${count} ${count === 1 ? singular : many}`];

/** Retires earlier master keys that no secret needs any more. Returns whether they are all retired. */
export async function retireEarlierMaster(place: KeysPlace): Promise<boolean> {
  const states = (await keyStates(place)).filter((state) => state.purpose === 'master');
  if (states.some((state) => !state.writes && state.neededBy.length > 0)) return false;
  const newest = ofPurpose(await registeredKeys(place.database), 'master').at(-1);
  if (newest !== undefined) await retireBefore(place.database, 'master', newest.generation);
  return true;
}
