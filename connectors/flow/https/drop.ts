// Puts files on an HTTPS server: a file has an address of its own, and is put there or posted to another.
// Invariant: a file is looked up before it is sent and read back after; a file at its address is never replaced.
import { identified, type Tls } from '../../access/tls.ts';
import type { Auth } from '../../access/auth.ts';
import type { SendContext } from '../../contract.ts';
import type { Deadline } from '../../guard.ts';
import { pacedPieces } from '../content.ts';
import { dropFailure, type Content, type Drop, type DropCode, type DropFailure } from '../drop.ts';
import { encodedPath } from '../encoded-path.ts';
import { openExchange, type FileRequest } from '../http-exchange.ts';
import { askingWith } from './asking.ts';

export interface HttpsServer {
  readonly url: string;
  readonly post?: { readonly url: string; readonly field?: string };
  readonly auth?: Auth;
  readonly conditional?: boolean;
  readonly tls?: Tls;
}

export function openHttpsDrop(server: HttpsServer, context: SendContext, deadline: Deadline): Drop {
  const own = identified(server.tls, context);
  if (!own.ok) throw dropFailure(own.reason);
  const { url, post } = server;
  if ([url, post?.url ?? url].some((text) => !/^https:/i.test(text)) && !context.network.allowPlaintext)
    throw dropFailure('PLAINTEXT_NOT_ALLOWED');
  const exchange = openExchange(own.context.network, context, deadline);
  const asking = askingWith(server.auth, exchange, own.context);
  const at = (path: string): URL => new URL(`${url.replace(/\/+$/, '')}/${encodedPath(path)}`);
  const sizeAt = async (path: string): Promise<number | undefined> => {
    const answer = await asking(() => ({ method: 'HEAD', url: at(path), headers: {} }));
    if (answer.status === 404 || answer.status === 410) return undefined;
    if (answer.status !== 200) throw failureOf(answer.status);
    const size = Number(answer.headers['content-length'] ?? Number.NaN);
    if (Number.isNaN(size)) throw dropFailure('SIZE_UNTOLD');
    return size;
  };
  return {
    appearsWhole: true,
    async isFolder(path) {
      // Such a server has no folders; a look-up of an unused name reveals if it lets us read.
      const nobody = `${path === '.' ? '' : path}/relais-test`;
      const { status } = await asking(() => ({ method: 'HEAD', url: at(nobody), headers: {} }));
      if (status !== 200 && status !== 404) throw failureOf(status);
      return true;
    },
    size: sizeAt,
    async write(path, content) {
      const answer = await asking(() => requestOf(server, at(path), path, content, deadline));
      if (answer.status < 200 || answer.status >= 300) throw failureOf(answer.status);
    },
    async each(path, most, take) {
      const answer = await asking(() => ({ method: 'GET', url: at(path), headers: {} }), { most, take });
      if (answer.status !== 200) throw failureOf(answer.status);
      return answer.read ?? 'whole';
    },
    moveNew: () => Promise.reject(dropFailure('SERVER_FAILURE')),
    remove: () => Promise.resolve(),
    async close() {
      exchange.close();
      await Promise.resolve();
    },
  };
}

/** A stream of pieces: their total length may not be known beforehand. */
function requestOf(
  { post, conditional }: HttpsServer,
  at: URL,
  path: string,
  content: Content,
  deadline: Deadline,
): FileRequest {
  const name = path.split('/').at(-1) ?? path;
  const headers = { 'idempotency-key': name, 'content-type': 'application/octet-stream' };
  const body = pacedPieces(content, deadline);
  if (post === undefined) {
    const condition: Readonly<Record<string, string>> = conditional === false ? {} : { 'if-none-match': '*' };
    return { method: 'PUT', url: at, headers: { ...headers, ...condition }, body };
  }
  const url = new URL(post.url.replace('{name}', encodeURIComponent(name)));
  const { field } = post;
  if (field === undefined) {
    const disposition = `attachment; filename="${name.replaceAll('"', '_')}"`;
    return { method: 'POST', url, headers: { ...headers, 'content-disposition': disposition }, body };
  }
  const type = `multipart/form-data; boundary=${boundary}`;
  return {
    method: 'POST',
    url,
    headers: { ...headers, 'content-type': type },
    body: inForm(field, name, body),
  };
}

/** Long enough to occur in no file by chance. */
const boundary = 'relais-7f3a0c51d2e94b86a1c7e05d3f9b2468';

async function* inForm(
  field: string,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const disposition = `form-data; name="${field}"; filename="${name.replaceAll('"', '_')}"`;
  yield Buffer.from(
    `--${boundary}\r\ncontent-disposition: ${disposition}\r\ncontent-type: application/octet-stream\r\n\r\n`,
  );
  yield* pieces;
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

const byStatus: Readonly<Record<number, DropCode>> = {
  401: 'HTTP_401',
  403: 'HTTP_403',
  404: 'FOLDER_MISSING',
  405: 'METHOD_REFUSED',
  409: 'FOLDER_MISSING',
  411: 'METHOD_REFUSED',
  412: 'NAME_TAKEN',
  413: 'FILE_TOO_LARGE',
  501: 'CONDITION_UNKNOWN',
  507: 'FOLDER_FULL',
  // A gateway's own answers: the server behind it may have the file.
  502: 'CONNECTION_LOST',
  504: 'CONNECTION_LOST',
};

const failureOf = (status: number): DropFailure => dropFailure(byStatus[status] ?? 'SERVER_FAILURE');
