// A server that takes files by PUT and POST on loopback, behind a bearer token, and knows If-None-Match.
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Certificate } from './certificate.ts';

export type FileStep = 'connect' | 'asked' | 'sent' | 'stored';
/** `lateMs`: it goes on as if nothing were the matter, after so long. */
export type FileFault = number | { readonly lateMs: number } | 'reset' | 'hang' | undefined;

export interface FileRecipient {
  readonly port: number;
  /** By path. */
  readonly files: Map<string, Buffer>;
  readonly log: string[];
  /** Paths at which a file took the place of another, in order. */
  readonly replaced: string[];
  /** Whether it lets a token in. */
  letsIn: (token: string) => boolean;
  fault: (step: FileStep, path: string) => FileFault;
  readonly connections: () => number;
  readonly openNow: () => number;
  readonly close: () => Promise<void>;
}

export async function startFileRecipient(certificate: Certificate): Promise<FileRecipient> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = https.createServer({ ...certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void served(request, response, Buffer.concat(chunks), recipient));
  });
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket.on('error', () => undefined));
    socket.on('close', () => sockets.delete(socket));
    if (recipient.fault('connect', '') === 'reset') socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const recipient: FileRecipient = {
    port: (server.address() as AddressInfo).port,
    files: new Map(),
    log: [],
    replaced: [],
    letsIn: () => false,
    fault: () => undefined,
    connections: () => connections,
    openNow: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return recipient;
}

async function served(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  { files, log, replaced, letsIn, fault }: FileRecipient,
): Promise<void> {
  const { method = '', headers } = request;
  const path = decodeURIComponent((request.url ?? '').slice(1));
  log.push(`${method} ${path}`);
  const say = (status: number): void => void response.writeHead(status).end('Bonjour Zoe Martin');
  const planted = async (step: FileStep): Promise<boolean> => {
    const planned = fault(step, path);
    if (typeof planned === 'object') {
      await setTimeout(planned.lateMs);
      return false;
    }
    if (planned === 'reset') request.socket.destroy();
    else if (typeof planned === 'number') say(planned);
    return planned !== undefined;
  };
  if (!letsIn((headers.authorization ?? '').replace('Bearer ', ''))) return say(401);
  const isQuestion = method === 'HEAD' || method === 'GET';
  if (await planted(isQuestion ? 'asked' : 'sent')) return;
  if (isQuestion) {
    const stands = files.get(path);
    if (stands === undefined) return say(404);
    response.writeHead(200, { 'content-length': stands.length });
    return void response.end(method === 'HEAD' ? '' : stands);
  }
  const [name, bytes] = method === 'PUT' ? [path, body] : posted(headers, body);
  if (headers['if-none-match'] === '*' && files.has(name)) return say(412);
  if (files.has(name)) replaced.push(name);
  files.set(name, bytes);
  if (!(await planted('stored'))) response.writeHead(201).end();
}

/** Name and bytes of a body, or of the one file of a form. */
function posted(headers: IncomingMessage['headers'], body: Buffer): readonly [string, Buffer] {
  const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
  const text = boundary === undefined ? (headers['content-disposition'] ?? '') : body.toString('latin1');
  const name = `files/in/${/filename="([^"]+)"/.exec(text)?.[1] ?? ''}`;
  if (boundary === undefined) return [name, body];
  const start = body.indexOf('\r\n\r\n') + 4;
  return [name, body.subarray(start, body.lastIndexOf(`\r\n--${boundary}--`))];
}
