// Checks that the connected Redis belongs to this installation: at the start, after each reconnection and once a second.
// Invariant: nothing is pushed to, or taken from, a Redis of another installation or of another life of this database. The claim does not
// rely on it: it compares each job with its row in MySQL.
import {
  belongingOf,
  identityText,
  parseIdentity,
  type Belonging,
  type OwnIdentity,
} from '../../domain/installation.ts';
import { isRelaisError, RelaisError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { refusalOfRedis, type RedisClient } from '../../queue/connect.ts';
import { createIdentityKey, type IdentityKey } from '../../queue/identity.ts';
import { isRefusalOfAll, type Database, type Sql } from '../../store/database.ts';
import { beginLife, ownIdentity } from '../../store/installation.ts';
import { startLoop, usualIdleMs } from './poll-loop.ts';
import { createServiceProbe } from './service-probe.ts';

export interface Ownership {
  /** False from the moment it is known that this Redis is not ours. */
  readonly isOurs: () => boolean;
  /** Passes when this Redis is ours. @throws REDIS-001 */
  readonly require: () => Promise<void>;
  /** The reason why this process pauses, or the service that cannot be reached; undefined when all is well. */
  readonly trouble: () => Promise<string | undefined>;
  readonly stop: () => void;
}

type Foreign = Exclude<Belonging, 'ours' | 'unclaimed'>;

const everyMs = 1_000;

interface Asked {
  readonly found: string | undefined;
  readonly own: Promise<OwnIdentity>;
}
const underWay = new WeakMap<Sql, Asked>();

/** The roles of a process ask at the same moment: those that found the same in Redis share the database's answer. */
function ownFor(database: Sql, found: string | undefined, entry: number): Promise<OwnIdentity> {
  const before = underWay.get(database);
  if (before?.found === found && before !== undefined) return before.own;
  const asked: Asked = { found, own: ownIdentity(database, entry) };
  underWay.set(database, asked);
  const forget = (): void => void (underWay.get(database) === asked && underWay.delete(database));
  asked.own.then(forget, forget);
  return asked.own;
}

/** Claims a Redis without a name, follows the log on one that is ours; says whose another one is. */
export async function claimRedis(database: Sql, key: IdentityKey): Promise<Belonging> {
  for (let round = 1; ; round += 1) {
    // Redis first: what it saw had been committed, so a database read afterwards has it, unless it lost it.
    const found = await key.read();
    const seen = found === undefined ? undefined : parseIdentity(found);
    const own = await ownFor(database, found, seen?.entry ?? 0);
    const belonging = belongingOf(found, own);
    if (belonging !== 'unclaimed' && (belonging !== 'ours' || own.entry <= (seen?.entry ?? 0)))
      return belonging;
    // Another process of ours may just have written a later entry: read again.
    if ((await key.replace(found, identityText(own))) || round === 5) return 'ours';
  }
}

/** Begins a new life of this database and gives Redis its name, whatever name it bore. */
export async function adoptRedis(
  database: Sql,
  key: IdentityKey,
  by: { readonly actor: string; readonly reason: string },
): Promise<void> {
  await beginLife(database, by);
  const name = identityText(await ownIdentity(database, 0));
  while (!(await key.replace(await key.read(), name)));
}

export function foreignText(why: Foreign, prefix: string): string {
  const where = `Redis under the prefix "${prefix}"`;
  switch (why) {
    case 'another_installation':
      return `${where} belongs to another installation.`;
    case 'another_life':
      return `${where} belongs to another life of this database: one of them was restored, copied, or adopted another Redis since.`;
    case 'database_behind':
      return `${where} has seen entries of the hand-over log that this database lacks: it was restored from a backup, or is a copy.`;
  }
}

/**
 * Watches MySQL and Redis for one role. Redis may be away at the start: then it is asked when it comes.
 * @throws REDIS-001 when the Redis that answers is not ours
 */
export async function openOwnership(options: OwnershipOptions): Promise<Ownership> {
  const ownership = createOwnership(options);
  try {
    await ownership.require();
  } catch (error) {
    if (!isRelaisError(error) || error.code !== 'REDIS-001') return ownership;
    ownership.stop();
    throw error;
  }
  return ownership;
}

export interface OwnershipOptions {
  readonly database: Sql & Pick<Database, 'refusal' | 'answers'>;
  /** A connection of its own, ended with `stop`: BullMQ's commands must not meet ours in one pipeline. */
  readonly redis: RedisClient;
  /** Writes something on the connection that carries the work. */
  readonly write: () => Promise<unknown>;
  readonly prefix: string;
  readonly role: string;
  readonly log: Log;
}

const nothingMore = (): boolean => false;

/** Reading is not enough: a full disk can still be read. The writes of this process show it. */
async function takenBy(database: OwnershipOptions['database']): Promise<void> {
  if (!database.answers()) await database.all('SELECT 1');
  const refusal = database.refusal();
  if (refusal !== undefined) throw refusal;
}

function createOwnership(options: OwnershipOptions): Ownership {
  const { database, redis, prefix, role, log } = options;
  const key = createIdentityKey({ redis, prefix });
  let state: Belonging | 'unknown' = 'unknown';
  let checking: Promise<void> | undefined;

  const check = async (): Promise<void> => {
    const before = state;
    state = await claimRedis(database, key);
    if (state === before) return;
    if (state !== 'ours') log.error('redis.foreign', { role, reason: state });
    else if (before !== 'unknown') log.warn('redis.ours', { role });
  };
  const checkOnce = (): Promise<void> => {
    checking ??= check().finally(() => {
      checking = undefined;
    });
    return checking;
  };
  const foreign = (): Foreign | undefined =>
    state === 'ours' || state === 'unclaimed' || state === 'unknown' ? undefined : state;
  // Redis or MySQL is away: others report that, and what was known stays until they are back.
  const quietly = async (): Promise<boolean> => await checkOnce().then(nothingMore, nothingMore);
  // Behind the same address there may be another Redis now.
  const onReady = (): void => void quietly();
  redis.on('ready', onReady);
  const loop = startLoop({ name: 'redis', idleMs: everyMs, tickMs: usualIdleMs, work: quietly, log });
  // Nothing is written to a Redis that is not ours.
  const writeIfOurs = async (): Promise<void> => {
    if (foreign() === undefined) await options.write();
  };
  const presence = createServiceProbe({
    services: { mysql: () => takenBy(database), redis: writeIfOurs },
    refusalIn: (error) => (isRefusalOfAll(error) ? error.code : refusalOfRedis(error)),
    role,
    log,
  });

  return {
    isOurs: () => foreign() === undefined,
    require: async () => {
      if (state !== 'ours') await checkOnce();
      const why = foreign();
      if (why !== undefined) throw new RelaisError('REDIS-001', foreignText(why, prefix));
    },
    trouble: async () => {
      const why = foreign();
      return why === undefined ? presence.trouble() : `redis is not ours (${why})`;
    },
    stop: () => {
      presence.stop();
      void loop.stop();
      redis.off('ready', onReady);
      redis.disconnect();
    },
  };
}
