// Lends the connections of a pool: to single statements, and to transactions, whose connections go on without autocommit, so that none
// has to be started.
// Invariant: a single statement gets a connection that commits it; nobody waits while a connection lies idle; never more than the limit.
// Every statement has the limit on the server's silence, those of the lending included.
import type { Socket } from 'node:net';
import type { PoolConnection } from 'mysql2';

export interface Lending {
  readonly lend: (use: 'alone' | 'together') => Promise<PoolConnection>;
  /** After COMMIT or ROLLBACK, where it was lent for a transaction. Never fails: what was done is done. */
  readonly takeBack: (raw: PoolConnection, use: 'alone' | 'together') => Promise<void>;
}

/** Connections between two transactions, without autocommit. */
function createBetween(idleMs: number): {
  readonly keep: (raw: PoolConnection) => void;
  /** The last one that can be used; closed ones are given to `release`. */
  readonly next: (release: (raw: PoolConnection) => void) => PoolConnection | undefined;
} {
  const kept: { readonly raw: PoolConnection; readonly since: number }[] = [];
  return {
    keep: (raw) => void kept.push({ raw, since: performance.now() }),
    next: (release) => {
      for (let next = kept.pop(); next !== undefined; next = kept.pop()) {
        if (performance.now() - next.since > idleMs) next.raw.destroy();
        if (!isClosed(next.raw)) return next.raw;
        release(next.raw);
      }
      return undefined;
    },
  };
}

/**
 * @param options `open` waits while `most` are out; a connection that was idle for `silenceMs` is closed instead of lent, and one whose
 *   server is silent for so long during a statement is lost
 */
export function createLending({
  open,
  most,
  silenceMs,
}: {
  readonly open: () => Promise<PoolConnection>;
  readonly most: number;
  readonly silenceMs: number;
}): Lending {
  const between = createBetween(silenceMs);
  /** Connections that the pool has given out, those of `between` included. */
  let out = 0;
  let waiting = 0;
  const fromPool = async (): Promise<PoolConnection> => {
    waiting += 1;
    try {
      const raw = await open();
      out += 1;
      return raw;
    } finally {
      waiting -= 1;
    }
  };
  const release = (raw: PoolConnection): void => {
    out -= 1;
    rest(raw);
    if (!isClosed(raw)) raw.release();
  };
  const turned = async (raw: PoolConnection, autocommit: 0 | 1): Promise<PoolConnection> => {
    streamOf(raw).setTimeout(silenceMs);
    try {
      await queried(raw, `SET autocommit = ${autocommit}`);
      return raw;
    } catch (error) {
      raw.destroy();
      release(raw);
      throw error;
    }
  };
  const lend: Lending['lend'] = async (use) => {
    if (use === 'together') return between.next(release) ?? turned(await fromPool(), 0);
    // Those that wait for the pool will have what it has left.
    const spare = out + waiting < most ? undefined : between.next(release);
    return spare === undefined ? fromPool() : turned(spare, 1);
  };
  return {
    lend: async (use) => {
      const raw = await lend(use);
      streamOf(raw).setTimeout(silenceMs);
      return raw;
    },
    takeBack: async (raw, use) => {
      if (use === 'alone' || isClosed(raw)) return release(raw);
      if (waiting > 0) return turned(raw, 1).then(release, () => undefined);
      rest(raw);
      between.keep(raw);
    },
  };
}

/** An idle connection is silent, and not lost. */
const rest = (raw: PoolConnection): void => void streamOf(raw).setTimeout(0);

/** The socket of a connection; the driver's types do not show it. */
export const streamOf = (raw: PoolConnection): Socket => (raw as unknown as { stream: Socket }).stream;

const isClosed = (raw: PoolConnection): boolean =>
  (raw as unknown as { readonly _closing: boolean })._closing || streamOf(raw).destroyed;

/** The driver's promises capture a stack for each call; its callbacks do not. */
export function called<T>(call: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}

export const queried = (raw: PoolConnection, sql: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    raw.query(sql, (error, result) => (error ? reject(error) : resolve(result)));
  });
