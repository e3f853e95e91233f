// Sends one request and reads its answer within one deadline, for every connector that uses HTTP; also tests a connection alone.
// Invariant: one carrier for each network policy; the result is a value, whatever a recipient or network does.
import { guardOf } from '../../guard.ts';
import { bareHost } from '../addresses.ts';
import { startDeadline } from '../deadline.ts';
import { connectCodeOf, needsRepair, type ConnectFailureCode } from '../failures.ts';
import type { Carried, CarriedRequest, Carrier, HttpPolicy, HttpTimeouts } from './carrier.ts';
import type { Transport } from './transport.ts';

export interface HttpContext {
  readonly network: HttpPolicy;
  readonly timeouts: HttpTimeouts;
  readonly signal: AbortSignal;
  /** See `SendContext.mayLeave`. */
  readonly mayLeave: () => boolean;
}

/** Facts of an exchange, whatever its result. */
export interface Seen {
  readonly host: string;
  readonly durationMs: number;
}

export interface HttpClient {
  readonly exchange: (
    request: CarriedRequest,
    context: HttpContext,
  ) => Promise<{ readonly carried: Carried; readonly seen: Seen }>;
  /** Loads the carrier, which is otherwise loaded on first use. */
  readonly load: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

const load = () => import('./carrier.ts');

/** @param transport of a test that answers in the recipient's place; otherwise sockets come from the guard */
export function createHttpClient(transport?: Transport): HttpClient {
  const carriers = new Map<string, Carrier>();
  // A process has one policy, plus those with a client certificate: a policy is compared as text only when its object is new.
  let seen = new WeakMap<HttpPolicy, Carrier>();
  const madeFor = async (network: HttpPolicy): Promise<Carrier> => {
    const { createCarrier } = await load();
    const key = JSON.stringify(network);
    const carrier = carriers.get(key) ?? createCarrier(network, transport);
    carriers.set(key, carrier);
    seen.set(network, carrier);
    return carrier;
  };
  return {
    async exchange(request, context) {
      const carrier = seen.get(context.network) ?? (await madeFor(context.network));
      const deadline = startDeadline({ ...context, totalMs: context.timeouts.totalMs });
      try {
        const carried = await carrier.carry(request, context.timeouts, deadline);
        return {
          carried,
          seen: { host: bareHost(request.url.hostname), durationMs: deadline.elapsedMs() },
        };
      } finally {
        deadline.clear();
      }
    },
    load,
    async close() {
      for (const carrier of carriers.values()) carrier.close();
      carriers.clear();
      seen = new WeakMap();
      await Promise.resolve();
    },
  };
}

/** An exchange without a readable answer, as an outcome. */
export type Unanswered =
  | { readonly kind: 'unauthorized'; readonly reason: string; readonly evidence: Seen }
  | { readonly kind: 'unknown'; readonly reason: string; readonly evidence: Seen }
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      readonly maybeReceived: false;
      readonly evidence: Seen;
    };

/** @param asked true for a look-up, which contains nothing of a lead: it can simply be repeated */
export function unanswered(
  carried: Exclude<Carried, { readonly kind: 'answer' }>,
  seen: Seen,
  { asked }: { readonly asked: boolean },
): Unanswered {
  if (carried.kind === 'unreached') return unreached(carried.code, seen);
  return asked
    ? { kind: 'unavailable', reason: carried.code, maybeReceived: false, evidence: seen }
    : { kind: 'unknown', reason: carried.code, evidence: seen };
}

const unreached = (code: ConnectFailureCode, evidence: Seen): Unanswered =>
  needsRepair(code)
    ? { kind: 'unauthorized', reason: code, evidence }
    : { kind: 'unavailable', reason: code, maybeReceived: false, evidence };

/** Tests name, network and TLS of an address; no request is made. */
export async function reachHttp(
  url: URL,
  { network, timeouts, signal }: Omit<HttpContext, 'mayLeave'>,
): Promise<{ readonly kind: 'accepted'; readonly evidence: Seen } | Unanswered> {
  const guard = guardOf(network);
  const deadline = startDeadline({ totalMs: timeouts.totalMs, signal, mayLeave: () => true });
  const seen = (): Seen => ({ host: bareHost(url.hostname), durationMs: deadline.elapsedMs() });
  const secure = url.protocol === 'https:';
  const to = {
    host: url.hostname,
    port: Number(url.port) || (secure ? 443 : 80),
    timeoutMs: timeouts.connectMs,
    signal: deadline.signal,
  };
  try {
    const socket = secure ? await guard.connectTls({ ...to, alpn: 'http/1.1' }) : await guard.connect(to);
    socket.on('error', () => undefined).destroy();
    return { kind: 'accepted', evidence: seen() };
  } catch (error) {
    return unreached(connectCodeOf(error), seen());
  } finally {
    deadline.clear();
  }
}
