// Puts files into a bucket of S3-compatible storage: every object appears whole, and only under an unused name.
// Invariant: each request is signed (SigV4) with the digest of its body; one part is in memory, never the file.
import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { identified } from '../../access/tls.ts';
import type { SendContext } from '../../contract.ts';
import type { Deadline } from '../../guard.ts';
import { paced } from '../content.ts';
import { dropFailure, type Content, type Drop } from '../drop.ts';
import { encodedPath } from '../encoded-path.ts';
import { openExchange, type FileExchange, type FileRequest } from '../http-exchange.ts';
import { bucketUrl, type S3Server } from './bucket.ts';
import { failureOf } from './failures.ts';
import { uploadedInParts, type Asked, type Bucket } from './parts.ts';

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export function openS3Drop(server: S3Server, keys: S3Keys, context: SendContext, deadline: Deadline): Drop {
  const own = identified(server.tls, context);
  if (!own.ok) throw dropFailure(own.reason);
  const base = bucketUrl(server);
  if (base.protocol !== 'https:' && !context.network.allowPlaintext)
    throw dropFailure('PLAINTEXT_NOT_ALLOWED');
  const exchange = openExchange(own.context.network, context, deadline);
  const signed = signing(base, server, keys, context);
  const pace = paced(deadline);
  const bucket: Bucket = {
    ask: async (asked) => await exchange.ask(await signed(asked, pace)),
    onlyNew: server.conditional === false ? {} : { 'if-none-match': '*' },
  };
  return dropOver(bucket, exchange, signed, deadline);
}

type Signed = (asked: Asked, pace?: (bytes: number) => void) => Promise<FileRequest>;

function signing(base: URL, { region }: S3Server, keys: S3Keys, { now }: SendContext): Signed {
  return async ({ method, path, query = {}, headers = {}, body }, pace) => {
    const url = new URL(base.href + encodedPath(path));
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signer = new AwsV4Signer({
      ...keys,
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': digest },
      service: 's3',
      region,
      datetime: new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const { headers: own } = await signer.sign();
    const length: Readonly<Record<string, string>> =
      body === undefined ? {} : { 'content-length': String(body.length) };
    const pieces = body === undefined || pace === undefined ? body : sliced(body, pace);
    return {
      method,
      url,
      headers: { ...Object.fromEntries(own.entries()), ...length },
      ...(pieces === undefined ? {} : { body: pieces }),
    };
  };
}

const sliceBytes = 262_144;

async function* sliced(bytes: Uint8Array, pace: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += sliceBytes) {
    const piece = bytes.subarray(start, start + sliceBytes);
    yield await Promise.resolve(piece);
    pace(piece.length);
  }
}

function dropOver(bucket: Bucket, exchange: FileExchange, signed: Signed, deadline: Deadline): Drop {
  return {
    appearsWhole: true,
    async isFolder(path) {
      // A bucket has no folders; the right to list it decides the meaning of "not found" afterwards.
      const prefix = path === '.' ? '' : path.replace(/^\/+/, '');
      const query = { 'list-type': '2', 'max-keys': '1', prefix };
      const answer = await bucket.ask({ method: 'GET', path: '', query });
      if (answer.status === 404) return false;
      if (answer.status !== 200) throw failureOf(answer);
      return true;
    },
    async size(path) {
      const answer = await bucket.ask({ method: 'HEAD', path });
      if (answer.status === 404) return undefined;
      const size = Number(answer.headers['content-length'] ?? Number.NaN);
      if (answer.status !== 200 || Number.isNaN(size)) throw failureOf(answer);
      return size;
    },
    write: (path, content: Content) => uploadedInParts(bucket, path, content, deadline),
    async each(path, most, take) {
      const answer = await exchange.fetch(await signed({ method: 'GET', path }), most, take);
      if (answer.status !== 200) throw failureOf(answer);
      return answer.read;
    },
    moveNew: () => Promise.reject(dropFailure('SERVER_FAILURE')),
    remove: () => Promise.resolve(),
    async close() {
      exchange.close();
      await Promise.resolve();
    },
  };
}
