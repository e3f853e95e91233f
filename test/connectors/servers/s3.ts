// S3-compatible storage on loopback, strict: it verifies every signature with AWS' own signer and knows conditional writes.
import { createHash, createHmac } from 'node:crypto';
import type { BinaryLike } from 'node:crypto';
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Certificate } from './certificate.ts';

export type S3Step = 'connect' | 'asked' | 'put' | 'stored';
/** `lateMs`: it goes on as if nothing were the matter, after so long. */
export type S3Fault =
  | { readonly status: number; readonly code: string }
  | { readonly lateMs: number }
  | 'reset'
  | 'hang'
  | undefined;

export interface S3Recipient {
  readonly port: number;
  readonly objects: Map<string, Buffer>;
  /** Parts of uploads that were neither put together nor given up. */
  readonly open: Map<string, Map<number, Buffer>>;
  /** `METHOD key`, in order. */
  readonly log: string[];
  /** Keys under which an object took the place of another, in order. */
  readonly replaced: string[];
  /** A request signed further from its own time is refused, as AWS does; ms. */
  mostSkewMs: number;
  fault: (step: S3Step, key: string) => S3Fault;
  readonly connections: () => number;
  readonly openNow: () => number;
  readonly close: () => Promise<void>;
}

export const s3Keys = { accessKeyId: 'RELAISTEST', secretAccessKey: 'cle-secrete-du-stockage' };
export const s3Bucket = 'horizon-leads';

class Sha256 {
  readonly #hash;
  constructor(secret?: BinaryLike) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: BinaryLike): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return await Promise.resolve(this.#hash.digest());
  }
}

const signer = new SignatureV4({
  service: 's3',
  region: 'eu-west-3',
  credentials: s3Keys,
  sha256: Sha256 as never,
  uriEscapePath: false,
  applyChecksum: false,
});

const signedAt = ({ headers }: IncomingMessage): Date =>
  new Date(String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));

/** Whether somebody with the secret signed this very request. */
async function isSigned(request: IncomingMessage, url: URL, body: Buffer): Promise<boolean> {
  const { authorization = '', 'x-amz-content-sha256': digest } = request.headers;
  if (digest !== createHash('sha256').update(body).digest('hex')) return false;
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  const conditions = ['if-none-match'].filter((name) => request.headers[name] !== undefined);
  if (!['host', 'x-amz-date', 'x-amz-content-sha256', ...conditions].every((name) => names.includes(name)))
    return false;
  const signed = await signer.sign(
    {
      method: request.method ?? '',
      protocol: 'https:',
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(names.map((name) => [name, String(request.headers[name])])),
    },
    { signingDate: signedAt(request) },
  );
  const own = /Signature=(\w+)/.exec(signed.headers['authorization'] ?? '')?.[1];
  return own !== undefined && own === /Signature=(\w+)/.exec(authorization)?.[1];
}

export async function startS3Recipient(certificate: Certificate): Promise<S3Recipient> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const recipient: Omit<S3Recipient, 'port'> & { port: number } = {
    port: 0,
    objects: new Map(),
    open: new Map(),
    log: [],
    replaced: [],
    mostSkewMs: Infinity,
    fault: () => undefined,
    connections: () => connections,
    openNow: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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
    const fault = recipient.fault('connect', '');
    if (fault === 'reset') socket.resetAndDestroy();
    if (fault === 'hang') socket.pause().removeAllListeners('data');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  recipient.port = (server.address() as AddressInfo).port;
  return recipient;
}

async function served(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  recipient: S3Recipient,
): Promise<void> {
  const url = new URL(request.url ?? '/', `https://${request.headers.host ?? ''}`);
  const say = (status: number, code: string): void =>
    void response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(
        request.method === 'HEAD'
          ? ''
          : `<Error><Code>${code}</Code><Message>Bonjour Zoe Martin</Message></Error>`,
      );
  const isHosted = url.hostname.startsWith(`${s3Bucket}.`);
  const [bucket, ...steps] = isHosted
    ? [s3Bucket, ...url.pathname.slice(1).split('/')]
    : url.pathname.slice(1).split('/');
  const key = decodeURIComponent(steps.join('/'));
  recipient.log.push(`${request.method ?? ''} ${key}`);
  const planted = async (step: S3Step): Promise<boolean> => {
    const fault = recipient.fault(step, key);
    if (typeof fault === 'object' && 'lateMs' in fault) {
      await setTimeout(fault.lateMs);
      return false;
    }
    if (fault === 'reset') request.socket.destroy();
    else if (fault !== undefined && fault !== 'hang') say(fault.status, fault.code);
    return fault !== undefined;
  };
  if (!(request.headers.authorization ?? '').includes(`Credential=${s3Keys.accessKeyId}/`))
    return say(403, 'InvalidAccessKeyId');
  if (!(await isSigned(request, url, body))) return say(403, 'SignatureDoesNotMatch');
  if (Math.abs(signedAt(request).getTime() - Date.now()) > recipient.mostSkewMs)
    return say(403, 'RequestTimeTooSkewed');
  if (bucket !== s3Bucket) return say(404, 'NoSuchBucket');
  if (await planted(request.method === 'PUT' ? 'put' : 'asked')) return;
  await answered({ request, response, body, url, key, say, planted }, recipient);
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly url: URL;
  readonly key: string;
  readonly say: (status: number, code: string) => void;
  readonly planted: (step: S3Step) => Promise<boolean>;
}

async function answered(asked: Asked, recipient: S3Recipient): Promise<void> {
  const { request, response, body, url, key, say } = asked;
  const { objects, open } = recipient;
  const uploadId = url.searchParams.get('uploadId') ?? '';
  const stands = objects.get(key);
  const store = async (bytes: Buffer): Promise<void> => {
    if (request.headers['if-none-match'] === '*' && objects.has(key)) return say(412, 'PreconditionFailed');
    if (objects.has(key)) recipient.replaced.push(key);
    objects.set(key, bytes);
    open.delete(uploadId);
    if (!(await asked.planted('stored'))) response.writeHead(200, { etag: '"e"' }).end();
  };
  if (request.method === 'HEAD' || (request.method === 'GET' && key !== '')) {
    if (stands === undefined) return say(404, 'NoSuchKey');
    response.writeHead(200, { 'content-length': stands.length });
    return void response.end(request.method === 'HEAD' ? '' : stands);
  }
  if (request.method === 'GET') return void response.writeHead(200).end('<ListBucketResult/>');
  if (request.method === 'DELETE') {
    open.delete(uploadId);
    return void response.writeHead(204).end();
  }
  if (request.method === 'POST' && url.searchParams.has('uploads')) {
    open.set(`u${open.size + 1}`, new Map());
    return void response.writeHead(200).end(`<R><UploadId>u${open.size}</UploadId></R>`);
  }
  const parts = open.get(uploadId);
  if (uploadId !== '' && parts === undefined) return say(404, 'NoSuchUpload');
  if (request.method === 'POST') return await store(Buffer.concat([...(parts?.values() ?? [])]));
  if (parts === undefined) return await store(body);
  parts.set(Number(url.searchParams.get('partNumber')), body);
  response.writeHead(200, { etag: `"p${parts.size}"` }).end();
}
