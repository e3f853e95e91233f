// Creates the HTTP server of every interface: its limits, its shutdown, and the refusals of requests that no route sees.
// Invariant: no answer is Node's or Fastify's own; each server writes a refusal in one function of its own. A request that arrives
// while the server closes, on an open connection, is answered like any other.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';

/** A refusal as a server writes it. */
export interface Written {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpServerOptions {
  /** Bytes of a body. */
  readonly bodyLimit: number;
  /** From the first byte of a request to its last, ms. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs?: number;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly proxies: readonly string[];
  /** Set when the server terminates TLS itself: certificate, chain and private key. */
  readonly pem?: string;
  readonly exposeHeadRoutes?: boolean;
  /** Options of Fastify's validator. */
  readonly ajv?: NonNullable<FastifyServerOptions['ajv']>;
  /**
   * Writes the refusal of a request that cannot be routed: 400, 405, 408, 414, 417, 431.
   * @param reason Fastify's or Node's code, `HOST` for a request without that header
   */
  readonly refusal: (status: number, reason: string, requestId: string) => Written;
}

/** How often Node looks for requests that are over their time, ms. */
const looksForLateMs = 1_000;

/** A connection that was refused is closed after this at the latest, ms. */
const lingerMs = 1_000;

export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { pem, requestTimeoutMs, keepAliveTimeoutMs, proxies, refusal } = options;
  const http: ServerOptions = {
    connectionsCheckingInterval: Math.min(looksForLateMs, requestTimeoutMs),
    headersTimeout: requestTimeoutMs,
    // Node would answer such a request by itself, with an empty 400.
    requireHostHeader: false,
  };
  const common = {
    logger: false,
    bodyLimit: options.bodyLimit,
    requestTimeout: requestTimeoutMs,
    ...(keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeout: keepAliveTimeoutMs }),
    exposeHeadRoutes: options.exposeHeadRoutes ?? true,
    ...(options.ajv === undefined ? {} : { ajv: options.ajv }),
    trustProxy: proxies.length === 0 ? false : [...proxies],
    genReqId: () => randomUUID(),
    return503OnClosing: false,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      answerRaw(reply.raw, status, refusal(status, error.code, request.id));
    },
    clientErrorHandler: (error: Error & { readonly code: string }, socket: Socket) => {
      const { code } = error;
      if (code === tooLate && socket.bytesRead === 0) {
        endUnused(socket);
        return;
      }
      if (code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      endWith(socket, statusOf(code), (status, id) => refusal(status, code, id));
    },
  };
  const server =
    pem === undefined
      ? fastify({ ...common, http })
      : (fastify({
          ...common,
          https: { ...http, cert: pem, key: pem, minVersion: 'TLSv1.2' },
        }) as unknown as FastifyInstance);
  server.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    answerRaw(response, 417, refusal(417, 'EXPECT', randomUUID()));
  });
  server.server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    endWith(socket, 405, (status, id) => refusal(status, 'CONNECT', id)),
  );
  server.addHook('onRequest', (request, reply, done) => {
    if (request.headers.host !== undefined || request.raw.httpVersion === '1.0') return done();
    const { headers, body } = refusal(400, 'HOST', request.id);
    void reply.code(400).headers(headers).send(body);
  });
  return server;
}

function answerRaw(response: ServerResponse, status: number, { headers, body }: Written): void {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' }).end(body);
}

const tooLate = 'ERR_HTTP_REQUEST_TIMEOUT';

function statusOf(code: string): number {
  if (code === tooLate) return 408;
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
}

/**
 * Closes a connection on which nothing came, without a 408: a client that opened it and sends its first request now would take the 408
 * for the answer. A request that has arrived while this process was busy or stopped is read first, and served.
 */
const endUnused = (socket: Socket): unknown =>
  setImmediate(() => {
    if (socket.bytesRead === 0) socket.destroy();
  });

/** Answers a connection that has no request, and closes it. */
function endWith(
  socket: Duplex,
  status: number,
  written: (status: number, requestId: string) => Written,
): void {
  const { headers, body } = written(status, randomUUID());
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.on('error', () => socket.destroy());
  // Further bytes are read and dropped: a connection closed with unread bytes loses the answer.
  socket.resume();
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
