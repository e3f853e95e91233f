// Runs axios' requests by undici, over sockets that come from the guard alone.
// Invariant: one request a connection at a time, no redirect, no proxy, no retry; the caller is notified right before the
// first byte is written, and a cancelled request is never written.
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AxiosError, type AxiosAdapter, type AxiosResponse } from 'axios';
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import { guardOf, type Guard, type GuardPolicy } from '../../guard.ts';
import type { Deadline } from '../deadline.ts';
import { connectFailure, refusesClientCertificate } from '../failures.ts';

/** Progress of a request. `connecting`: nothing of it was sent, and nothing will be once it is cancelled. */
export interface TransferProgress {
  /** Called first, with the function that cancels the request. */
  readonly onStart: (giveUp: () => void) => void;
  /** It waits for a connection: none could take it at once. */
  readonly onWaiting: () => void;
  /** Called right before the request is written. False: it is cancelled, and nothing of it is written. */
  readonly mayLeave: () => boolean;
  /** The request is about to be written: from here on it may have arrived. */
  readonly onSent: () => void;
  readonly onAnswering: () => void;
}

/** The part of a body that was read, unpacked, at most a little over `most` bytes. */
export type ByteStream = readonly Buffer[] | AsyncIterable<Buffer>;

/** The answer as axios' `data`, its headers included. */
export interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: ByteStream;
}

/**
 * A request through axios. Headers bypass axios in both directions, which would copy and compare them six times over: two
 * thirds of its cost for a request.
 */
export interface Transfer {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number;
  readonly most: number;
  readonly progress: TransferProgress;
}

export interface Transport {
  readonly adapterFor: (transfer: Transfer) => AxiosAdapter;
  readonly close: () => void;
}

/** Idle sockets are closed before common servers (5 s) close them: a request written into a closing socket has an unknown outcome. */
const idleMs = 4_000;

/** 1xx answers before the answer; each may have 16 KiB of headers, and nothing else limits their number. */
const mostNotes = 20;

export function createTransport(policy: GuardPolicy): Transport {
  const guard = guardOf(policy);
  const closing = new AbortController();
  // One agent for each connect timeout: a connection attempt ends when its request gives up.
  const agents = new Map<number, Agent>();
  const agentFor = (connectMs: number): Agent => {
    const known = agents.get(connectMs);
    if (known !== undefined) return known;
    const agent = new Agent({
      connect: dialler(guard, connectMs, closing.signal),
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // The carrier's own clocks distinguish connect, response and total.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    agents.set(connectMs, agent);
    return agent;
  };
  return {
    adapterFor: (transfer) => (config) => dispatched(agentFor(transfer.connectMs), transfer, config),
    close() {
      closing.abort();
      for (const agent of agents.values()) agent.destroy().catch(() => undefined);
      agents.clear();
    },
  };
}

export type Connect = (
  options: { readonly hostname: string; readonly port: string; readonly protocol: string },
  callback: (...outcome: [null, Awaited<ReturnType<Guard['connect']>>] | [Error, null]) => void,
) => void;

export function dialler(guard: Guard, timeoutMs: number, signal: AbortSignal): Connect {
  return ({ hostname, port, protocol }, callback) => {
    const to = { host: hostname, timeoutMs, signal };
    const dialled =
      protocol === 'https:'
        ? guard.connectTls({ ...to, port: Number(port) || 443, alpn: 'http/1.1' }).then(endedByAlert)
        : guard.connect({ ...to, port: Number(port) || 80 });
    dialled.then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error as Error, null),
    );
  };
}

/** The stream ends after an alert, and undici would report only that end. */
function endedByAlert(socket: TLSSocket): TLSSocket {
  socket.on('error', (error: Error) => {
    if (!socket.destroyed && refusesClientCertificate(error)) socket.destroy(error);
  });
  return socket;
}

/** For an agent of one attempt: the lease is compared right before a request is written; without it nothing is written. */
export const leaving =
  ({ mayLeave }: Pick<Deadline, 'mayLeave'>): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        if (mayLeave()) handler.onRequestStart?.(controller, context);
        else controller.abort(connectFailure('LEASE_LOST'));
      },
      onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
      onResponseStart: (...given) => handler.onResponseStart?.(...given),
      onResponseData: (...given) => handler.onResponseData?.(...given),
      onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
      onResponseError: (...given) => handler.onResponseError?.(...given),
    });

type Config = Parameters<AxiosAdapter>[0];

const requestOf = (
  url: URL,
  headers: Transfer['headers'],
  { method, data }: Config,
): Dispatcher.DispatchOptions => ({
  origin: url.origin,
  path: `${url.pathname}${url.search}`,
  method: (method ?? 'GET').toUpperCase(),
  headers,
  body: (data as Buffer | undefined) ?? null,
});

/** Sends the request, and collects undici's events into a response. */
const dispatched = (
  agent: Agent,
  { url, headers: sent, most, progress }: Transfer,
  config: Config,
): Promise<AxiosResponse<Received>> =>
  new Promise((resolve, reject) => {
    let over = false;
    let controller: Dispatcher.DispatchController | undefined;
    let [status, bytes, notes] = [0, 0, 0];
    let headers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    const fail = (error: Error): void => {
      over = true;
      reject(error);
    };
    const finish = (): void => {
      if (over) return;
      over = true;
      const data: Received = { headers, body: unpacked(chunks, headers['content-encoding']) };
      resolve({ status, statusText: '', headers: {}, config, data });
    };
    progress.onStart(() => {
      fail(new AxiosError('aborted', AxiosError.ERR_CANCELED, config));
      // Not connected yet: the request is dropped when it would be written.
      controller?.abort(new Error('aborted'));
    });
    if (over) return;
    try {
      agent.dispatch(requestOf(url, sent, config), {
        onRequestStart(own) {
          controller = own;
          if (!over && progress.mayLeave()) progress.onSent();
          else own.abort(new Error('aborted'));
        },
        onResponseStart(own, code, answered) {
          if (code < 200) {
            notes += 1;
            if (notes > mostNotes) own.abort(new Error('too many informational answers'));
            return;
          }
          status = code;
          headers = answered;
          progress.onAnswering();
        },
        onResponseData(own, chunk) {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes <= most) return;
          finish();
          own.abort(new Error('enough'));
        },
        onResponseEnd: finish,
        onResponseError: (_controller, error) => fail(error),
      });
      if (controller === undefined) progress.onWaiting();
    } catch (error) {
      fail(error as Error);
    }
  });

/** We ask for no encoding; some servers compress nevertheless. */
function unpacked(chunks: readonly Buffer[], encoding: unknown): ByteStream {
  const unpack = unpackers[typeof encoding === 'string' ? encoding.toLowerCase() : ''];
  if (unpack === undefined || chunks.length === 0) return chunks;
  const stream = unpack();
  stream.end(Buffer.concat(chunks));
  return stream as Readable;
}

const unpackers: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};
