// What every mischief of a storm may lay hands on, and how it lets go again.
// Invariant: whatever a mischief breaks it mends itself, however often it must try; the calm finds nothing broken.
import type { App } from '../../../src/app.ts';
import { isRelaisError } from '../../../src/errors.ts';
import { SqlFailure, type Database } from '../../../src/store/database.ts';
import type { Gateway } from '../../trip/gateway.ts';
import type { AlertSeen } from './alert-door.ts';
import type { Fleet } from './fleet.ts';
import type { ChangeRow, FormerLine, HandedIn, HostileRow } from './ledgers.ts';
import type { RefusalLine } from './mischief-refusals.ts';
import type { Outside } from './outside.ts';
import type { Proxy } from './proxy.ts';
import type { Random } from './random.ts';
import type { Recipients } from './recipients.ts';
import type { StormServers } from './servers.ts';

export interface Scene {
  readonly gateway: Gateway;
  /** The same gateway over a slow line: what it does to a lead takes a while, under the lead's lock. */
  readonly slow: { readonly app: App; readonly line: Proxy };
  readonly fleet: Fleet;
  /** The account that hands rows in, and may nothing else. */
  readonly intake: Database;
  /** Undefined when the services are not the storm's own: then they are left alone. */
  readonly servers: StormServers | undefined;
  readonly recipients: Recipients;
  /** Other systems and people: what they ask over HTTP. */
  readonly outside: Outside;
  /** Leads handed in so far. */
  readonly handedIn: () => HandedIn[];
  /** Corrections and withdrawals that were handed in as rows, and rows that are to do harm: written down once they are committed. */
  readonly changes: ChangeRow[];
  readonly hostile: HostileRow[];
  /** Alerts that left so far. */
  readonly alerts: readonly AlertSeen[];
  /** Services that refused everything for long, once they are mended. */
  readonly refusals: RefusalLine[];
  /** Requests by an address that was corrected before, each with the lead it must reach. */
  readonly former: FormerLine[];
  /** The longest stop of a process or line, ms: well past a lease, in a storm that has the time. */
  readonly stopMs: number;
  /** The longest outage, ms. */
  readonly outageMs: number;
}

export interface Mischief {
  /** How often, beside the others. */
  readonly weight: number;
  /** Mischiefs of one name exclude each other. */
  readonly alone?: string;
  readonly needs?: 'servers' | 'disk';
  readonly run: (scene: Scene, random: Random) => Promise<void>;
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** An outage of a service, or an answer such as "already suspended": expected in a storm. Anything else is a bug of the harness. */
export function expected(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: string };
  return (
    (isRelaisError(error) && error.code !== 'MAPPING-001') ||
    error instanceof SqlFailure ||
    typeof code === 'string' ||
    /closed state|Connection is closed|LOADING|READONLY|OOM|MISCONF|Command timed out/.test(message ?? '')
  );
}

/** Tries once; an outage is no matter. */
export async function perhaps<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (expected(error)) return undefined;
    throw error;
  }
}

/** Reads until a row is found, or so long. An outage is no matter. */
export async function untilFound(
  { owner }: Gateway,
  sql: string,
  { values, forMs }: { readonly values: readonly string[]; readonly forMs: number },
): Promise<boolean> {
  for (const start = performance.now(); performance.now() - start < forMs;) {
    const rows = await perhaps(() => owner.all(sql, values));
    if (rows !== undefined && rows.length > 0) return true;
    await pause(20);
  }
  return false;
}

/** Tries until it is done, or the service says that it is done already. */
export async function surely(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (isRelaisError(error) && error.code.startsWith('DEST')) return;
      if (!expected(error)) throw error;
      await pause(200);
    }
  }
}
