// Verifies the configured keys at start: by their registered check values or, once, by the data they open and prove.
// Invariant: with a wrong key nothing starts; a key is registered only where it proves right on the existing data.
import { checkValue, isCheckValue, openWith, type KeyRing } from '../domain/key-ring.ts';
import { derived } from '../domain/keyed.ts';
import { RelaisError } from '../errors.ts';
import { isDuplicateKey, type Database, type Sql } from '../store/database.ts';
import {
  readWrappedKey,
  registeredKeys,
  registerKey,
  someSecrets,
  writeWrappedKey,
  type KeyPurpose,
  type RegisteredKey,
} from '../store/keys.ts';
import { takeUnsealed } from '../store/log/handovers-unsealed.ts';
import { lastSeal, readEntries } from '../store/log/seals.ts';
import { keyOfSeal } from './macs.ts';
import { addSeal } from './seal.ts';

export interface Keys {
  readonly master: KeyRing;
  readonly seal: KeyRing;
}

export interface KeysPlace {
  readonly database: Database;
  readonly keysSchema: string;
  readonly keys: Keys;
}

export const keyVariable: Readonly<Record<KeyPurpose, string>> = {
  master: 'RELAIS_MASTER_KEY',
  seal: 'RELAIS_SEAL_KEY',
};

/** A key brought in by `relais keys rotate` writes in every process within this time. */
export const keysLookedAtMs = 10_000;

const purposes: readonly KeyPurpose[] = ['master', 'seal'];
/** Its name among the wrapped keys, and the purpose it was derived for from the first master key. */
const intakeKeyName = 'intake';

/**
 * Compares the configured keys with those of this database, and sets each ring to write with the newest of them. A database
 * without registered keys registers these, if they prove right on its data.
 * @throws KEY-002, KEY-003
 */
export async function recogniseKeys(place: KeysPlace): Promise<void> {
  let registered = await registeredKeys(place.database);
  if (registered.length === 0) {
    try {
      await place.database.transaction((tx) => takeFirstKeys(tx, place));
    } catch (error) {
      // Another process registered its keys first; ours are compared with them below.
      if (!isDuplicateKey(error)) throw error;
    }
    registered = await registeredKeys(place.database);
  }
  for (const purpose of purposes) recognise(place.keys[purpose], purpose, ofPurpose(registered, purpose));
}

export const ofPurpose = (all: readonly RegisteredKey[], purpose: KeyPurpose): readonly RegisteredKey[] =>
  all.filter((registered) => registered.purpose === purpose);

function recognise(ring: KeyRing, purpose: KeyPurpose, registered: readonly RegisteredKey[]): void {
  const name = keyVariable[purpose];
  const newest = registered.at(-1);
  if (newest === undefined)
    throw new RelaisError('KEY-002', `The check value of ${name} is missing from installation_keys.`);
  for (const { keyId, checkValue: known } of registered) {
    const key = ring.byId(keyId);
    if (key !== undefined && !isCheckValue(purpose, key, known))
      throw new RelaisError('KEY-002', `The check value of ${name} in installation_keys was altered.`);
  }
  if (!ring.writeWith(newest.keyId)) {
    const earlier = registered.some(({ keyId }) => ring.byId(keyId) !== undefined);
    throw new RelaisError(
      'KEY-002',
      earlier
        ? `${name} is an earlier key of this database: the key in force is ${newest.keyId}, since ${newest.registeredAt.toISOString()}.`
        : `${name} is not the key of this database: it is ${ring.current().id}, the database was given ${newest.keyId}.`,
    );
  }
  // An earlier sealing key may be missing here: another process that has it verifies its seals. An earlier encryption key must be present.
  const missing = registered.find(
    (registered) => registered.retiredAt === null && ring.byId(registered.keyId) === undefined,
  );
  if (purpose === 'master' && missing !== undefined)
    throw new RelaisError(
      'KEY-003',
      `Something is still encrypted under the earlier master key ${missing.keyId}: give it in ${name}_PREVIOUS.`,
    );
}

async function takeFirstKeys(tx: Sql, place: KeysPlace): Promise<void> {
  const { master, seal } = place.keys;
  await proveMaster(tx, place);
  await sealWhatWasNeverSigned(tx, seal);
  for (const purpose of purposes) {
    const key = place.keys[purpose].keys[0];
    if (key === undefined) continue;
    await registerKey(tx, { purpose, generation: 1, keyId: key.id, checkValue: checkValue(purpose, key) });
  }
  const key = master.current();
  await writeWrappedKey(tx, intakeKeyName, key, derived(key.bytes, 'intake'));
}

async function proveMaster(tx: Sql, { keys, keysSchema }: KeysPlace): Promise<void> {
  const [key] = keys.master.keys;
  for (const secret of await someSecrets(tx, keysSchema)) {
    const alone = { ...keys.master, keys: key === undefined ? [] : [key] };
    if (openWith(alone, { keyId: '', bytes: secret.wrapped }) === undefined)
      throw new RelaisError(
        'KEY-002',
        `RELAIS_MASTER_KEY is not the key of this database: the secret of lead ${secret.id} does not open with it.`,
      );
  }
}

/**
 * Seals the entries from before signatures as they are; afterwards only signed entries are sealed. Runs once in the life of a database:
 * once a seal names its key, signatures have begun, and an unsigned entry was not written by the gateway.
 */
async function sealWhatWasNeverSigned(tx: Sql, ring: KeyRing): Promise<void> {
  for (;;) {
    const before = await lastSeal(tx);
    if (before !== undefined) {
      const made = keyOfSeal(ring, before);
      if (made === undefined || made === 'unknown')
        throw new RelaisError(
          'KEY-002',
          `RELAIS_SEAL_KEY is not the key of this database: seal ${before.sequence} was not made with it.`,
        );
    }
    if (before !== undefined && before.keyId !== '') return;
    const entries = (await takeUnsealed(tx, [''], 2_000)).flat();
    const ids = entries.map((entry) => entry.id);
    const rows = await readEntries(tx, ids);
    if (rows.length === 0) return;
    await addSeal(tx, { rows, lines: ids, before, sealKeys: ring, now: tx.now, unsigned: true });
  }
}

/** Takes over the key of another installation's digests, so that what they identify is recognised here too. */
export const adoptIntakeKey = (tx: Sql, { keys }: KeysPlace, bytes: Buffer): Promise<void> =>
  writeWrappedKey(tx, intakeKeyName, keys.master.current(), bytes);

/** The key of the digests that identify a repeated intake row: it outlives the master key it was made from. @throws KEY-001 */
export async function readIntakeKey({ database, keys }: KeysPlace): Promise<Buffer> {
  const row = await readWrappedKey(database, intakeKeyName);
  const bytes =
    row === undefined ? undefined : openWith(keys.master, { keyId: row.keyId, bytes: row.wrapped });
  if (bytes === undefined)
    throw new RelaisError('KEY-001', 'The key of the intake digests does not open with RELAIS_MASTER_KEY.');
  return bytes;
}
