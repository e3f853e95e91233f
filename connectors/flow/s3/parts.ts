// Writes an object: a short one at once, a long one in parts that are joined at the end.
// Invariant: at most one part is in memory; the name is unused until the last request, and an existing object is never replaced.
import type { Deadline } from '../../guard.ts';
import type { Content } from '../drop.ts';
import type { FileAnswer } from '../http-exchange.ts';
import { failureOf } from './failures.ts';

/** A request about one object, or about the bucket where `path` is empty. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Bucket {
  readonly ask: (asked: Asked) => Promise<FileAnswer>;
  /** Headers that refuse an existing name; empty for a server that does not support them. */
  readonly onlyNew: Readonly<Record<string, string>>;
}

/** S3 takes 10,000 parts of 5 MB at least: 80 GB. */
const partBytes = 8 * 1024 * 1024;

export async function uploadedInParts(
  bucket: Bucket,
  path: string,
  content: Content,
  deadline: Pick<Deadline, 'ended'>,
): Promise<void> {
  const parts = inParts(content);
  const first = await parts.next();
  const bytes = first.done === true ? new Uint8Array(0) : first.value;
  if (bytes.length < partBytes) {
    const answer = await bucket.ask({ method: 'PUT', path, headers: bucket.onlyNew, body: bytes });
    if (answer.status !== 200) throw failureOf(answer);
    return;
  }
  const uploadId = await begun(bucket, path);
  try {
    const tags = [await put(bucket, path, uploadId, { number: 1, bytes })];
    for await (const part of parts)
      tags.push(await put(bucket, path, uploadId, { number: tags.length + 1, bytes: part }));
    await completed(bucket, path, uploadId, tags);
  } catch (error) {
    // Abandoned parts cost the client money; a bucket that cannot be reached has its own rule for them.
    if (deadline.ended() === undefined)
      await bucket.ask({ method: 'DELETE', path, query: { uploadId } }).catch(() => undefined);
    throw error;
  }
}

async function begun(bucket: Bucket, path: string): Promise<string> {
  const answer = await bucket.ask({ method: 'POST', path, query: { uploads: '' } });
  const uploadId = /<UploadId>([^<]{1,1024})<\/UploadId>/.exec(answer.text)?.[1];
  if (answer.status !== 200 || uploadId === undefined) throw failureOf(answer);
  return uploadId;
}

async function put(
  bucket: Bucket,
  path: string,
  uploadId: string,
  { number, bytes }: { readonly number: number; readonly bytes: Uint8Array },
): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  const answer = await bucket.ask({ method: 'PUT', path, query, body: bytes });
  const tag = answer.headers['etag'];
  if (answer.status !== 200 || tag === undefined) throw failureOf(answer);
  return tag;
}

async function completed(
  bucket: Bucket,
  path: string,
  uploadId: string,
  tags: readonly string[],
): Promise<void> {
  const list = tags
    .map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`)
    .join('');
  const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`);
  const answer = await bucket.ask({
    method: 'POST',
    path,
    query: { uploadId },
    headers: { 'content-type': 'application/xml', ...bucket.onlyNew },
    body,
  });
  // The server answers 200 before it has joined them; the result is in the text.
  if (answer.status !== 200 || answer.text.includes('<Error>')) throw failureOf(answer);
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The file in parts of one size, the last one shorter or empty. */
async function* inParts(content: Content): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of content.pieces()) {
    let rest = piece;
    while (size + rest.length >= partBytes) {
      const room = partBytes - size;
      yield Buffer.concat([...held, rest.subarray(0, room)]);
      rest = rest.subarray(room);
      held = [];
      size = 0;
    }
    if (rest.length > 0) held.push(rest);
    size += rest.length;
  }
  if (size > 0) yield Buffer.concat(held);
}
