// An HTTPS (or HTTP) recipient on loopback: remembers what arrived, answers as told.
import http from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Certificate } from './certificate.ts';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpRecipient {
  readonly port: number;
  readonly received: Received[];
  /** Connections made, whether or not a request came. */
  readonly connections: () => number;
  /** Connections open now. */
  readonly openNow: () => Promise<number>;
  /** What the next requests get. */
  answer: (request: Received, response: ServerResponse, raw: IncomingMessage) => void;
  /** Cuts every new connection before TLS. */
  cutAtOnce: boolean;
  /** Takes new connections and says nothing, not even TLS. */
  hangAtOnce: boolean;
  /** Called for each connection, before TLS begins. */
  atDoor: () => void;
  readonly close: () => Promise<void>;
}

export async function startHttpRecipient(certificate?: Certificate): Promise<HttpRecipient> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const onRequest = (raw: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    raw.on('error', () => undefined);
    response.on('error', () => undefined);
    raw.on('data', (chunk: Buffer) => chunks.push(chunk));
    raw.on('end', () => {
      const request: Received = {
        method: raw.method ?? '',
        url: raw.url ?? '',
        headers: raw.headers,
        body: Buffer.concat(chunks),
      };
      recipient.received.push(request);
      recipient.answer(request, response, raw);
    });
  };
  const server =
    certificate === undefined
      ? http.createServer(onRequest)
      : https.createServer({ key: certificate.key, cert: certificate.cert }, onRequest);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  // A door in front of the server: it can slam or stay silent before TLS begins.
  const door = createServer((socket) => {
    recipient.atDoor();
    if (recipient.cutAtOnce) socket.resetAndDestroy();
    else if (recipient.hangAtOnce) sockets.add(socket.on('error', () => undefined).resume());
    else server.emit('connection', socket);
    if (recipient.cutAtOnce || recipient.hangAtOnce) connections += 1;
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const recipient: HttpRecipient = {
    port: (door.address() as AddressInfo).port,
    received: [],
    connections: () => connections,
    openNow: () => new Promise((resolve) => door.getConnections((_error, count) => resolve(count))),
    answer: accept,
    cutAtOnce: false,
    hangAtOnce: false,
    atDoor: () => undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => door.close(resolve));
    },
  };
  return recipient;
}

export function accept(_request: Received, response: ServerResponse): void {
  response
    .writeHead(201, { 'content-type': 'application/json' })
    .end('{"success":true,"id":"CRM-1","said":"Bonjour Zoé Martin"}');
}
