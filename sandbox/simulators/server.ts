// Serves a simulated CRM by HTTPS on loopback, with the mischief between a CRM and its caller that no CRM can help: a proxy that gives
// up, a lost answer, a broken connection, a missing database.
// Invariant: mischief meets the first request it was planned for, once; keeping a request and answering it are independent.
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../recipients/identity.ts';
import { page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm } from './simulator.ts';

export type Mischief =
  /** Nothing is kept; the CRM's own answer to a caller who is too fast. */
  | 'busy'
  /** Nothing is kept; the connection breaks while the request is read. */
  | 'cut before'
  /** It is kept, and the connection breaks before the answer. */
  | 'cut after'
  /** It is kept, and the next step in the CRM fails: 500. */
  | 'fails after'
  /** It is kept, and the proxy answers 504. */
  | 'proxy gives up'
  /** It is kept, and the answer never comes. */
  | 'silence'
  /** The answer never comes, and it is kept a while after the caller gave up. */
  | 'kept late';

export interface RunningSimulator {
  readonly crm: SimulatedCrm;
  readonly port: number;
  /** The first request that contains this text, in its address or its body, meets this mischief. */
  readonly plan: (text: string, mischief: Mischief) => void;
  /** Mischief whose request has not come. */
  readonly unmet: () => readonly string[];
  readonly databaseIsAway: (away: boolean) => void;
  /** Requests received while its database was away, this last time. */
  readonly metWhileAway: () => number;
  /** It answers, and no request is being read or kept, those of callers that gave up included. */
  readonly isQuiet: () => boolean;
  /** Sets the thinking time, ms. */
  readonly thinksFor: (ms: number) => void;
  /** Switches the whole machine off: it answers no request. */
  readonly machineIsOff: (off: boolean) => void;
  readonly close: () => Promise<void>;
}

export interface DoorOptions {
  readonly certificate: Certificate;
  /** Ordinary thinking time, ms. */
  readonly latencyMs: number;
  /** How long after the request a late row is kept, ms. */
  readonly keptAfterMs: number;
}

interface Door {
  readonly crm: SimulatedCrm;
  readonly planned: Map<string, Mischief>;
  /** Requests under way, by method and path. */
  readonly underWay: Map<string, number>;
  readonly keptAfterMs: number;
  latencyMs: number;
  away: boolean;
  asked: number;
  off: boolean;
  /** Requests that were not yet answered, or not yet kept. */
  serving: number;
}

export async function startSimulator(crm: SimulatedCrm, options: DoorOptions): Promise<RunningSimulator> {
  const door: Door = {
    crm,
    planned: new Map(),
    underWay: new Map(),
    keptAfterMs: options.keptAfterMs,
    latencyMs: options.latencyMs,
    away: false,
    asked: 0,
    off: false,
    serving: 0,
  };
  const sockets = new Set<Socket>();
  const server = https.createServer(
    { key: options.certificate.key, cert: options.certificate.cert },
    (raw, response) => {
      door.serving += 1;
      void serve(door, raw, response)
        .catch(() => raw.socket.destroy())
        .finally(() => (door.serving -= 1));
    },
  );
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    if (door.off) return void socket.destroy();
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    crm,
    port: (server.address() as AddressInfo).port,
    plan: (text, mischief) => void door.planned.set(text, mischief),
    unmet: () => [...door.planned].map(([text, mischief]) => `${text}: ${mischief}`),
    databaseIsAway: (away) => {
      door.away = away;
      door.asked = 0;
    },
    metWhileAway: () => door.asked,
    isQuiet: () => door.serving === 0 && !door.away && !door.off,
    thinksFor: (ms) => {
      door.latencyMs = ms;
    },
    machineIsOff: (off) => {
      door.off = off;
      if (off) for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(door: Door, raw: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => undefined);
  const read = await readRequest(raw);
  if (door.off) return void raw.socket.destroy();
  const beside = await besides(door, `${read.method} ${read.path}`);
  const request = { ...read, beside };
  const mischief = door.away ? undefined : mischiefFor(door, request);
  if (door.away) {
    const said = door.crm.whenDown[Math.min(door.asked, door.crm.whenDown.length - 1)];
    door.asked += 1;
    return said === undefined || said === 'hangs' ? undefined : tell(response, said);
  }
  switch (mischief) {
    case undefined:
      return tell(response, door.crm.answer(request));
    case 'busy':
      return tell(response, door.crm.whenBusy);
    case 'cut before':
      return void raw.socket.destroy();
    case 'cut after':
      door.crm.answer(request);
      return void raw.socket.destroy();
    case 'fails after':
      door.crm.answer(request);
      return tell(response, { status: 500 });
    case 'proxy gives up':
      door.crm.answer(request);
      return tell(response, page(504, 'Gateway Time-out'));
    case 'silence':
      return void door.crm.answer(request);
    case 'kept late':
      await sleep(door.keptAfterMs);
      return void door.crm.answer(request);
  }
}

/** Thinks for a while; returns how many other requests of the same method and path are under way. */
async function besides(door: Door, place: string): Promise<number> {
  const { underWay } = door;
  underWay.set(place, (underWay.get(place) ?? 0) + 1);
  await sleep(door.latencyMs);
  const others = (underWay.get(place) ?? 1) - 1;
  underWay.set(place, others);
  return others;
}

function mischiefFor(door: Door, { method, path, query, body }: CrmRequest): Mischief | undefined {
  const whole = `${method} ${path}?${query.toString()}\n${body.toString('utf8')}`;
  for (const [text, mischief] of door.planned) {
    if (!whole.includes(text)) continue;
    door.planned.delete(text);
    return mischief;
  }
  return undefined;
}

async function readRequest(raw: IncomingMessage): Promise<Omit<CrmRequest, 'beside'>> {
  const chunks: Buffer[] = [];
  for await (const chunk of raw) chunks.push(chunk as Buffer);
  const url = new URL(raw.url ?? '/', 'https://simulated.example');
  const headers = Object.entries(raw.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  return {
    method: raw.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(chunks),
  };
}

function tell(response: ServerResponse, { status, headers, body }: CrmAnswer): void {
  response.writeHead(status, { ...headers }).end(body ?? '');
}
