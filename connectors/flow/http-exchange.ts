// Sends one HTTP request of a file and reads its answer, with bodies of any length, over sockets of the guard.
// Invariant: no redirect, no proxy, no retry; an answer's text is read to 64 KB, a file's bytes as far as they are taken.
import { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import type { NetworkPolicy, SendContext } from '../contract.ts';
import { connectCodeOf, connectFailureOf, guardOf, needsRepair, type Deadline } from '../guard.ts';
import { dialler, leaving } from '../guard/http/transport.ts';
import { paced } from './content.ts';
import { dropCodeOf, dropFailure, upTo, type DropFailure, type Take } from './drop.ts';

export interface FileRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces of unknown total length, or with `content-length` among the headers. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface FileAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface FileExchange {
  /** Rejects with a DropFailure where there is no answer. */
  readonly ask: (request: FileRequest) => Promise<FileAnswer>;
  /** Passes the bytes of a successful answer to `take`, at most `most`. */
  readonly fetch: (
    request: FileRequest,
    most: number,
    take: Take,
  ) => Promise<FileAnswer & { readonly read: 'whole' | 'longer' }>;
  readonly close: () => void;
}

const mostText = 64 * 1024;

interface Way {
  readonly agent: Dispatcher;
  readonly timeouts: SendContext['timeouts'];
  readonly deadline: Deadline;
  /** The drop is closed. */
  readonly closing: AbortSignal;
}

export function openExchange(
  network: NetworkPolicy,
  { timeouts }: Pick<SendContext, 'timeouts'>,
  deadline: Deadline,
): FileExchange {
  const closing = new AbortController();
  const agent = new Agent({
    connect: dialler(guardOf(network), timeouts.connectMs, closing.signal),
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const way: Way = { agent: agent.compose(leaving(deadline)), timeouts, deadline, closing: closing.signal };
  return {
    async ask(request) {
      const pieces: Uint8Array[] = [];
      const { status, headers } = await read(
        way,
        request,
        mostText,
        () => (piece) => void pieces.push(piece),
      );
      return { status, headers, text: Buffer.concat(pieces).toString('utf8') };
    },
    async fetch(request, most, take) {
      const pieces: Uint8Array[] = [];
      const keep: Take = (piece) => void pieces.push(piece);
      const answer = await read(way, request, most, (status) => (status === 200 ? take : keep));
      const text = Buffer.concat(pieces).subarray(0, mostText).toString('utf8');
      const { status, headers, isLonger } = answer;
      return { status, headers, text, read: isLonger ? 'longer' : 'whole' };
    },
    close() {
      closing.abort();
      agent.destroy().catch(() => undefined);
    },
  };
}

/** Sends the request and reads the head of its answer. The wait for it begins when the last piece was sent. */
async function asked(
  { agent, timeouts, deadline, closing }: Way,
  { method, url, headers, body }: FileRequest,
): Promise<Dispatcher.ResponseData> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), ms);
  };
  async function* followed(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    clearTimeout(timer);
    for await (const piece of pieces) {
      deadline.leave();
      yield piece;
    }
    // The end of a body of unknown length needs the lease too: without it the server has no file.
    deadline.leave();
    wait(timeouts.responseMs);
  }
  const source = body === undefined || body instanceof Uint8Array ? body : Readable.from(followed(body));
  wait(timeouts.connectMs + timeouts.responseMs);
  try {
    return await deadline.race(
      agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': 'Relais/1', 'accept-encoding': 'identity', ...headers },
        body: source ?? null,
        // A request in flight keeps its socket when only the agent is destroyed.
        signal: AbortSignal.any([silence.signal, closing]),
      }),
    );
  } catch (error) {
    throw deadline.ended() === undefined ? exchangeFailed(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** @param taking returns the reader for an answer of this status */
async function read(
  way: Way,
  request: FileRequest,
  most: number,
  taking: (status: number) => Take,
): Promise<Omit<FileAnswer, 'text'> & { readonly isLonger: boolean }> {
  const { deadline } = way;
  const { statusCode: status, headers, body } = await asked(way, request);
  const given = upTo(most, taking(status));
  const pace = paced(deadline);
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pace(piece.length);
      await deadline.race(given.take(piece));
      if (given.isLonger()) break;
    }
  } catch (error) {
    const untaken = given.untaken();
    if (untaken !== undefined) throw untaken;
    throw deadline.ended() === undefined ? exchangeFailed(error) : error;
  }
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return { status, headers: Object.fromEntries(texts), isLonger: given.isLonger() };
}

function exchangeFailed(error: unknown): DropFailure {
  const known = dropCodeOf(error) ?? connectFailureOf(error);
  if (known !== undefined) return dropFailure(known);
  const code = connectCodeOf(error);
  return dropFailure(needsRepair(code) ? code : 'CONNECTION_LOST');
}
