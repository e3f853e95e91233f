// Carries one HTTP request: axios as interface, node:http underneath, sockets only from the guard.
// Invariant: never follows a redirect, never uses a proxy, reads a bounded answer, and always knows whether a byte of
// the request may have left: a failure while `connecting` is certain not to have reached the recipient.
import http from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import axios from 'axios';
import type { Answer, NetworkPolicy, Timeouts } from '../contract.ts';
import { connectCodeOf, connectFailureOf, guardOf } from '../guard.ts';
import type { ConnectFailureCode, Deadline, Guard } from '../guard.ts';

export const maxAnswerBytes = 64 * 1024;

export interface CarriedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: no body at all. */
  readonly body?: Uint8Array;
}

export type LostCode =
  'RESPONSE_TIMEOUT' | 'TOTAL_TIMEOUT' | 'ABORTED' | 'CONNECTION_RESET' | 'ANSWER_CUT' | 'ANSWER_UNREADABLE';

export type Carried =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly bytes: number }
  /** Nothing of the request left. */
  | { readonly kind: 'unreached'; readonly code: ConnectFailureCode }
  /** Bytes left, no readable answer came. */
  | { readonly kind: 'lost'; readonly code: LostCode };

export interface Carrier {
  readonly carry: (request: CarriedRequest, timeouts: Timeouts, deadline: Deadline) => Promise<Carried>;
  readonly close: () => void;
}

type Stage = 'connecting' | 'sent' | 'answering';

export function createCarrier(policy: NetworkPolicy): Carrier {
  const closing = new AbortController();
  const agents = agentsOf(guardOf(policy), closing.signal);

  async function carry(request: CarriedRequest, timeouts: Timeouts, deadline: Deadline): Promise<Carried> {
    const ending = new AbortController();
    let stage: Stage = 'connecting';
    let ended: LostCode | 'CONNECT_TIMEOUT' | undefined;
    const end = (code: LostCode | 'CONNECT_TIMEOUT'): void => {
      ended ??= code;
      ending.abort();
    };
    const onDeadline = (): void => end(deadline.ended() ?? 'ABORTED');
    if (deadline.ended() !== undefined) return { kind: 'unreached', code: 'CONNECT_ABORTED' };
    deadline.signal.addEventListener('abort', onDeadline, { once: true });
    let timer: NodeJS.Timeout | undefined = setTimeout(() => end('CONNECT_TIMEOUT'), timeouts.connectMs);

    // axios shows neither the socket nor the end of the upload; the transport underneath does.
    const transport = {
      request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest {
        const sending = (options.protocol === 'https:' ? https : http).request(options, onResponse);
        sending.once('socket', () => {
          stage = 'sent';
          clearTimeout(timer);
        });
        sending.once('finish', () => {
          timer = setTimeout(() => end('RESPONSE_TIMEOUT'), timeouts.responseMs);
        });
        sending.once('response', () => {
          stage = 'answering';
          clearTimeout(timer);
        });
        return sending;
      },
    };
    try {
      const response = await axios.request<Readable>({
        url: request.url.href,
        method: request.method,
        headers: { ...request.headers },
        ...(request.body === undefined
          ? {}
          : { data: Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength) }),
        ...agents,
        transport,
        proxy: false,
        maxRedirects: 0,
        validateStatus: () => true,
        responseType: 'stream',
        decompress: true,
        transformRequest: [(data: unknown): unknown => data],
        transformResponse: [(data: unknown): unknown => data],
        signal: ending.signal,
      });
      return await answerOf(response.status, response.headers, response.data);
    } catch (error) {
      if (ended !== undefined) {
        if (stage !== 'connecting')
          return { kind: 'lost', code: ended === 'CONNECT_TIMEOUT' ? 'TOTAL_TIMEOUT' : ended };
        return { kind: 'unreached', code: ended === 'ABORTED' ? 'CONNECT_ABORTED' : 'CONNECT_TIMEOUT' };
      }
      const guarded = connectFailureOf(error);
      if (guarded !== undefined) return { kind: 'unreached', code: guarded };
      if (stage === 'connecting') return { kind: 'unreached', code: connectCodeOf(error) };
      return { kind: 'lost', code: lostCode(error, stage) };
    } finally {
      clearTimeout(timer);
      deadline.signal.removeEventListener('abort', onDeadline);
    }
  }

  return {
    carry,
    close() {
      closing.abort();
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

function agentsOf(
  guard: Guard,
  signal: AbortSignal,
): { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent } {
  // Idle sockets are dropped before common servers (5 s) drop them: a request written into a closing socket has an unknown end.
  const options = { keepAlive: true, maxFreeSockets: 64, timeout: 4_000 };
  const httpAgent = new http.Agent(options);
  const httpsAgent = new https.Agent(options);
  // The request's own connect timeout is shorter; this one ends dials whose request is gone.
  const dialMs = 60_000;
  httpAgent.createConnection = (to, callback) => {
    const { host, port } = to as { host?: string; port?: number | string };
    guard.connect({ host: host ?? '', port: Number(port) || 80, timeoutMs: dialMs, signal }).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => callback?.(error as Error, undefined as never),
    );
    return undefined;
  };
  httpsAgent.createConnection = (to, callback) => {
    const { host, port } = to as { host?: string; port?: number | string };
    guard
      .connectTls({
        host: host ?? '',
        port: Number(port) || 443,
        timeoutMs: dialMs,
        signal,
        alpn: 'http/1.1',
      })
      .then(
        (socket) => callback?.(null, socket),
        (error: unknown) => callback?.(error as Error, undefined as never),
      );
    return undefined;
  };
  return { httpAgent, httpsAgent };
}

/** Reads at most `maxAnswerBytes` of the unpacked answer: an endless or bomb-like one costs no more than that. */
async function answerOf(
  status: number,
  raw: Readonly<Record<string, unknown>>,
  stream: Readable,
): Promise<Carried> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
    else if (Array.isArray(value)) headers[name.toLowerCase()] = value.join(', ');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) break;
  }
  const [mediaType = '', ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim());
  const answer: Answer = {
    status,
    headers,
    mediaType: mediaType.toLowerCase(),
    text: decoderFor(parameters).decode(Buffer.concat(chunks).subarray(0, maxAnswerBytes)),
    truncated: bytes > maxAnswerBytes,
  };
  return { kind: 'answer', answer, bytes };
}

function decoderFor(parameters: readonly string[]): TextDecoder {
  const charset = parameters
    .find((part) => /^charset=/i.test(part))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  try {
    return new TextDecoder(charset ?? 'utf-8');
  } catch {
    return new TextDecoder('utf-8');
  }
}

function lostCode(error: unknown, stage: Stage): LostCode {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string' && /^(HPE_|Z_|ERR_BROTLI|ERR__ERROR|ERR_ZSTD)/.test(code))
    return 'ANSWER_UNREADABLE';
  return stage === 'answering' ? 'ANSWER_CUT' : 'CONNECTION_RESET';
}
