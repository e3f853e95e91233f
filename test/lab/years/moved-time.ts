// The time of a world of its own: what MySQL says on our connections and what the monotonic clock counts, moved together.
// Invariant: it goes on by itself as real time does, and jumps forward only; the host's own clock stays where it is.
import { createRequire } from 'node:module';

export interface World {
  readonly now: () => Date;
  /** Nothing may be under way: what is measured across a jump took as long as the jump. */
  readonly jumpTo: (at: Date) => void;
}

type Statement = (this: object, ...values: unknown[]) => unknown;
interface Driver {
  readonly Connection: { readonly prototype: Record<'query' | 'execute', Statement> };
}

/** All connections say the same moment for so long, and none from before the last jump: no two of them see time go back. */
const tickMs = 200;

/** SYSDATE alone does not follow `SET timestamp`: a claim would see every delivery of a past year as expired. */
const inWorld = (text: unknown): unknown =>
  typeof text === 'string' ? text.replaceAll('SYSDATE(3)', 'UTC_TIMESTAMP(3)') : text;

/**
 * Moves the time of this process, of its connections to MySQL and of nothing else. Call it before anything is opened.
 * `SET timestamp` holds for one connection: everybody else on the server keeps the real time.
 */
export function enterWorld(start: Date): World {
  const real = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => real() + ahead;
  const origin = start.getTime() - performance.now();
  const now = (): Date => new Date(Math.floor(origin + performance.now()));
  const told = new WeakMap<object, number>();
  let jumped = 0;
  const { prototype } = (createRequire(import.meta.url)('mysql2') as Driver).Connection;
  const query = prototype.query;
  const tell = (connection: object): void => {
    const at = Math.max(jumped, Math.floor(now().getTime() / tickMs) * tickMs);
    if (told.get(connection) === at) return;
    told.set(connection, at);
    query.call(connection, `SET timestamp = ${(at / 1_000).toFixed(3)}`, () => undefined);
  };
  for (const name of ['query', 'execute'] as const) {
    const statement = prototype[name];
    prototype[name] = function moved(text: unknown, ...values: unknown[]) {
      tell(this);
      return statement.call(this, inWorld(text), ...values);
    };
  }
  return {
    now,
    jumpTo: (at) => {
      ahead += Math.max(0, at.getTime() - now().getTime());
      // Even where it is past already: who jumps wants every connection to know.
      jumped = now().getTime();
    },
  };
}
