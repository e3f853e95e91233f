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
  /** From the first byte of a request to its last, ms; twice as long where bytes lay unread when it was over. */
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

/** A server that closes waits so long for requests under way: less than `main.ts` leaves after the drain, ms. */
const closingMs = 8_000;

/** A connection that was refused is closed after this at the latest, ms. */
const lingerMs = 1_000;

export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { pem, requestTimeoutMs, keepAliveTimeoutMs, proxies, refusal } = options;
  const connections = createConnections();
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
      if (code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      const refuse = (): void =>
        connections.refuse(socket, statusOf(code), (status, id) => refusal(status, code, id));
      if (code === tooLate) connections.lookAgain(socket, requestTimeoutMs, refuse);
      else refuse();
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
    connections.refuse(socket, 405, (status, id) => refusal(status, 'CONNECT', id)),
  );
  // Before Fastify's own listener, which may answer at once.
  server.server.prependListener('request', connections.note);
  server.server.on('timeout', endIdle);
  closeInTime(server, Math.min(closingMs, requestTimeoutMs));
  server.addHook('onRequest', (request, reply, done) => {
    if (request.headers.host !== undefined || request.raw.httpVersion === '1.0') return done();
    const { headers, body } = refusal(400, 'HOST', request.id);
    void reply.code(400).headers(headers).send(body);
  });
  return server;
}

/** Node looks at no limit once it closes: a request of which half came would keep the process. */
function closeInTime(server: FastifyInstance, withinMs: number): void {
  server.addHook('preClose', (done) => {
    setTimeout(() => server.server.closeAllConnections(), withinMs).unref();
    done();
  });
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

/** Runs after the bytes that lay unread have been read: a process that was busy or stopped looks at its limits before it reads. */
function afterReading(socket: Socket, then: (hasRead: boolean) => void): void {
  const before = socket.bytesRead;
  setImmediate(() => then(socket.bytesRead > before));
}

/** Closes a connection whose last answer was long ago, unless its next request has come. */
const endIdle = (socket: Socket): void =>
  afterReading(socket, (hasRead) => {
    if (!hasRead) socket.destroy();
  });

/** Requests of a connection, as far as a refusal that is none of their answers has to know them. */
interface Connection {
  request?: IncomingMessage;
  response?: ServerResponse;
  /** The answer to the request before. */
  earlier?: ServerResponse | undefined;
  /** It was over its time when the bytes that lay unread had begun to be read. */
  late?: { request?: IncomingMessage | undefined };
  isRefused?: boolean;
}

function createConnections() {
  const known = new WeakMap<Duplex, Connection>();
  const of = (socket: Duplex): Connection => {
    const connection = known.get(socket) ?? {};
    known.set(socket, connection);
    return connection;
  };
  return {
    note: (request: IncomingMessage, response: ServerResponse): void => {
      const connection = of(request.socket);
      Object.assign(connection, { request, response, earlier: connection.response });
      if (connection.late !== undefined) connection.late.request ??= request;
    },
    /**
     * Decides about a request that is over its time. One whose bytes lay unread has the time once more: this process may have been the
     * late one. A connection on which nothing came is closed without a 408: a client that sends its first request now would take it for
     * the answer.
     */
    lookAgain: (socket: Socket, withinMs: number, refuse: () => void): void => {
      const connection = of(socket);
      const { request } = connection;
      const late = { request: request?.complete === false ? request : undefined };
      connection.late = late;
      afterReading(socket, (hasRead) => {
        if (socket.bytesRead === 0) socket.destroy();
        else if (!hasRead) refuse();
        else
          setTimeout(() => {
            if (late.request?.complete !== true && !socket.destroyed) refuse();
          }, withinMs).unref();
      });
    },
    /** Refuses what no route sees, once the requests before it are answered: each would take the refusal for its own answer. */
    refuse: (
      socket: Duplex,
      status: number,
      written: (status: number, requestId: string) => Written,
    ): void => {
      const connection = of(socket);
      if (connection.isRefused === true) return;
      connection.isRefused = true;
      const { request, response, earlier } = connection;
      const isHalf = request?.complete === false;
      const isAnswered = isHalf && response?.writableEnded === true;
      const owed = isHalf && !isAnswered ? earlier : response;
      const end = (): unknown => (isAnswered ? socket.destroy() : endWith(socket, status, written));
      if (owed === undefined || owed.closed) end();
      else owed.once('close', end);
    },
  };
}

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
