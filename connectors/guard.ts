// Opens the sockets of every connector: decides which addresses may be reached, and verifies TLS.
// Invariant: a socket is returned only after its real peer address was checked; proxies of the environment are never read.
// Literal addresses are checked here because an agent's `lookup` is not called for them.
import { promises as dns, type LookupAddress } from 'node:dns';
import { connect as netConnect, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import {
  connect as tlsConnect,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { Resolver } from 'node:dns/promises';
import { bareHost, isReachable, literalAddress, parseRanges } from './guard/addresses.ts';
import { connectCodeOf, connectFailure } from './guard/failures.ts';

export { bareHost, literalAddress } from './guard/addresses.ts';
export { connectCodeOf, connectFailureOf, needsRepair } from './guard/failures.ts';
export type { ConnectFailureCode } from './guard/failures.ts';
export { endingOf, startDeadline } from './guard/deadline.ts';
export type { Deadline, Ending } from './guard/deadline.ts';
export {
  clearTextProblem,
  masked,
  namesAmong,
  secretName,
  secretOrText,
  secretSchema,
  shownSetting,
} from './guard/secrets.ts';

/** The fields of the contract's NetworkPolicy about addresses and trust. */
export interface GuardPolicy {
  readonly allowedRanges: readonly string[];
  readonly extraCa?: string;
  readonly connectTo?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** Our identity in TLS; connections of one identity are never used with another. */
  readonly identity?: TlsIdentity;
}

/** Our certificate and key, PEM, both or none; `ca`: an additional trusted authority, for this identity only. */
export interface TlsIdentity {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

/** The operating system's resolver and sockets; replaced in tests. */
export interface GuardDeps {
  readonly resolve: (hostname: string) => Promise<readonly LookupAddress[]>;
  readonly dial: (options: TcpNetConnectOpts) => Socket;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** DNS, TCP and TLS together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Application protocol offered in TLS, e.g. `http/1.1`. */
  readonly alpn?: string;
}

export interface Guard {
  readonly permits: (address: string) => boolean;
  /** `lookup` for sockets made elsewhere: returns permitted addresses only. */
  readonly lookup: LookupFunction;
  /** A connected, checked socket without Nagle's delay (ssh2 stalls 44 ms a round trip with it). Rejects with a ConnectFailure. */
  readonly connect: (to: Endpoint) => Promise<Socket>;
  /** The same with verified TLS on top. */
  readonly connectTls: (to: Endpoint) => Promise<TLSSocket>;
  /** Trust for protocols that start TLS themselves (STARTTLS). */
  readonly secureContext: () => SecureContext;
}

const systemDeps: GuardDeps = {
  resolve: (hostname) => dns.lookup(hostname, { all: true }),
  dial: (options) => netConnect(options),
};

export function createGuard(policy: GuardPolicy, deps: GuardDeps = systemDeps): Guard {
  const ranges = parseRanges(policy.allowedRanges);
  const permits = (address: string): boolean => isReachable(address, ranges);
  let context: SecureContext | undefined;
  // Building it parses some 140 certificates: once per policy, not once per connection.
  const secureContext = (): SecureContext =>
    (context ??= createSecureContext({
      minVersion: 'TLSv1.2',
      ca: [...getCACertificates('default'), ...given(policy.extraCa), ...given(policy.identity?.ca)],
      ...(policy.identity?.cert === undefined ? {} : { cert: policy.identity.cert }),
      ...(policy.identity?.key === undefined ? {} : { key: policy.identity.key }),
    }));

  const lookup = permittedLookup(permits, deps.resolve);

  async function connect(to: Endpoint): Promise<Socket> {
    // The operator's own routing changes only the address we dial, which is checked like any other.
    const route = policy.connectTo?.[bareHost(to.host).toLowerCase()] ?? to;
    const literal = literalAddress(route.host);
    if (literal !== undefined && !permits(literal)) throw connectFailure('ADDRESS_NOT_ALLOWED');
    if (to.signal?.aborted === true) throw connectFailure('CONNECT_ABORTED');
    const socket = deps.dial({
      host: literal ?? bareHost(route.host),
      port: route.port,
      lookup,
      noDelay: true,
      keepAlive: true,
    });
    await settled(socket, 'connect', to, to.timeoutMs);
    // The name may have changed, and a socket may have been made without our lookup: the real peer is checked.
    if (socket.remoteAddress === undefined || !permits(socket.remoteAddress)) {
      socket.destroy();
      throw connectFailure(socket.remoteAddress === undefined ? 'CONNECT_RESET' : 'ADDRESS_NOT_ALLOWED');
    }
    return socket;
  }

  async function connectTls(to: Endpoint): Promise<TLSSocket> {
    const startedAt = performance.now();
    const plain = await connect(to);
    const host = bareHost(to.host);
    const socket = tlsConnect({
      socket: plain,
      secureContext: secureContext(),
      rejectUnauthorized: true,
      host,
      ...(literalAddress(host) === undefined ? { servername: host } : {}),
      ...(to.alpn === undefined ? {} : { ALPNProtocols: [to.alpn] }),
    });
    await settled(socket, 'secureConnect', to, Math.max(1, to.timeoutMs - (performance.now() - startedAt)));
    return socket;
  }

  return { permits, lookup, connect, connectTls, secureContext };
}

const given = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);

/** Resolves a name to permitted addresses only. */
function permittedLookup(permits: Guard['permits'], resolve: GuardDeps['resolve']): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const permitted = found.filter(({ address }) => permits(address));
        const [first] = permitted;
        if (first === undefined) callback(connectFailure('ADDRESS_NOT_ALLOWED'), '', 0);
        else if (options.all === true) callback(null, permitted);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

/** Waits for the socket's event; destroys the socket and rejects with a code on error, close, timeout or abort. */
function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  to: Endpoint,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      to.signal?.removeEventListener('abort', onAbort);
      socket.removeListener(event, onReady);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      if (error === undefined) return resolve();
      // An unhandled late error of the socket would end the process.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onReady = (): void => finish();
    const onError = (error: unknown): void => finish(connectFailure(connectCodeOf(error)));
    const onClose = (): void => finish(connectFailure('CONNECT_RESET'));
    const onAbort = (): void => finish(connectFailure('CONNECT_ABORTED'));
    const timer = setTimeout(() => finish(connectFailure('CONNECT_TIMEOUT')), timeoutMs);
    socket.once(event, onReady);
    socket.once('error', onError);
    socket.once('close', onClose);
    to.signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const guards = new Map<string, Guard>();

/** The guard of a policy; cached by content, since a process uses one or two policies, and some identities. */
export function guardOf(policy: GuardPolicy): Guard {
  const { allowedRanges, extraCa = '', connectTo = {}, identity = {} } = policy;
  const key = JSON.stringify([allowedRanges, extraCa, connectTo, identity]);
  const known = guards.get(key);
  if (known !== undefined) return known;
  const guard = createGuard({
    allowedRanges: policy.allowedRanges,
    extraCa: policy.extraCa,
    connectTo: policy.connectTo,
    identity: policy.identity,
  });
  guards.set(key, guard);
  return guard;
}

/** Records, each joined from its strings; `silent`: no resolver answered. */
export type TextRecords = readonly string[] | 'silent';

/**
 * Reads TXT records by DNS, for tests of a destination. Never throws; a missing answer is not taken for a missing
 * record.
 * @param nameServers `address:port` of resolvers to ask; the system's when absent
 */
export async function textRecords(name: string, nameServers?: readonly string[]): Promise<TextRecords> {
  const resolver = new Resolver({ timeout: 1_500, tries: 1 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  try {
    return (await resolver.resolveTxt(name)).map((strings) => strings.join(''));
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : 'silent';
  }
}
