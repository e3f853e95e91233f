// Sends one HTTP request: axios as interface, undici underneath, sockets only from the guard.
// Invariant: never follows a redirect, never uses a proxy, reads a bounded answer, and always knows if a byte of the
// request may have been sent: a failure while `connecting` is certain not to have reached the recipient.
import { TextDecoder } from 'node:util';
import { Axios } from 'axios';
import type { GuardPolicy } from '../../guard.ts';
import type { Deadline } from '../deadline.ts';
import {
  connectCodeOf,
  connectFailureOf,
  refusesClientCertificate,
  type ConnectFailureCode,
} from '../failures.ts';
import { createTransport, type Received, type TransferProgress, type Transport } from './transport.ts';

/** A form that reports an error inside its own page has some 70 KiB, and the report must be read. */
export const maxAnswerBytes = 128 * 1024;

/** The fields of the contract's NetworkPolicy, Timeouts and Answer about HTTP. */
export interface HttpPolicy extends GuardPolicy {
  readonly allowPlaintext: boolean;
}

export interface HttpTimeouts {
  readonly connectMs: number;
  readonly responseMs: number;
  readonly totalMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: string;
  readonly text: string;
  readonly truncated: boolean;
}

export interface CarriedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: no body at all. */
  readonly body?: Uint8Array;
}

export type LostCode =
  | 'RESPONSE_TIMEOUT'
  | 'TOTAL_TIMEOUT'
  | 'ABORTED'
  | 'CONNECTION_RESET'
  | 'ANSWER_CUT'
  | 'ANSWER_UNREADABLE';

export type Carried =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer; readonly bytes: number }
  /** Nothing of the request was sent. */
  | { readonly kind: 'unreached'; readonly code: ConnectFailureCode }
  /** Bytes were sent, no readable answer came. */
  | { readonly kind: 'lost'; readonly code: LostCode };

export interface Carrier {
  readonly carry: (request: CarriedRequest, timeouts: HttpTimeouts, deadline: Deadline) => Promise<Carried>;
  readonly close: () => void;
}

type Stage = 'connecting' | 'sent' | 'answering';
/** The reason why we ended it ourselves. */
type Ended = LostCode | 'CONNECT_TIMEOUT' | 'LEASE_LOST';

export function createCarrier(policy: HttpPolicy, transport: Transport = createTransport(policy)): Carrier {
  async function carry(
    request: CarriedRequest,
    timeouts: HttpTimeouts,
    deadline: Deadline,
  ): Promise<Carried> {
    let giveUp = (): void => undefined;
    let stage: Stage = 'connecting';
    let ended: Ended | undefined;
    const end = (code: Ended): void => {
      ended ??= code;
      giveUp();
    };
    if (deadline.ended() !== undefined) return { kind: 'unreached', code: 'CONNECT_ABORTED' };
    deadline.onEnd(() => end(deadline.ended() ?? 'ABORTED'));
    let timer: NodeJS.Timeout | undefined;
    const progress: TransferProgress = {
      onStart: (stop) => {
        giveUp = stop;
        if (ended !== undefined) stop();
      },
      onWaiting: (): void => {
        timer = setTimeout(() => end('CONNECT_TIMEOUT'), timeouts.connectMs);
      },
      mayLeave: deadline.mayLeave,
      onSent: (): void => {
        stage = 'sent';
        clearTimeout(timer);
        timer = setTimeout(() => end('RESPONSE_TIMEOUT'), timeouts.responseMs);
      },
      onAnswering: (): void => {
        stage = 'answering';
        clearTimeout(timer);
      },
    };
    try {
      const { url, headers, method, body } = request;
      const { connectMs } = timeouts;
      const response = await client.request<Received>({
        url: url.href,
        method,
        ...(body === undefined ? {} : { data: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }),
        adapter: transport.adapterFor({ url, headers, connectMs, most: maxAnswerBytes, progress }),
      });
      return await answerOf(response.status, response.data);
    } catch (error) {
      return failed(error, stage, ended);
    } finally {
      clearTimeout(timer);
    }
  }

  return { carry, close: () => transport.close() };
}

function failed(error: unknown, stage: Stage, ended: Ended | undefined): Carried {
  if (ended !== undefined) {
    if (ended === 'LEASE_LOST') return { kind: 'unreached', code: ended };
    if (stage !== 'connecting')
      return { kind: 'lost', code: ended === 'CONNECT_TIMEOUT' ? 'TOTAL_TIMEOUT' : ended };
    return { kind: 'unreached', code: ended === 'ABORTED' ? 'CONNECT_ABORTED' : 'CONNECT_TIMEOUT' };
  }
  const guarded = connectFailureOf(error);
  if (guarded !== undefined) return { kind: 'unreached', code: guarded };
  if (stage === 'connecting') return { kind: 'unreached', code: connectCodeOf(error) };
  if (stage === 'sent' && refusesClientCertificate(error))
    return { kind: 'unreached', code: 'CLIENT_CERTIFICATE' };
  return { kind: 'lost', code: lostCode(error, stage) };
}

/**
 * An instance without axios' general defaults: merging those into each request was a third of axios' cost. Every status is
 * an answer; the transport follows no redirect and uses no proxy.
 */
const client = new Axios();

/** Reads at most `maxAnswerBytes` of the unpacked answer: an endless answer or a bomb costs no more. */
async function answerOf(status: number, { headers: raw, body }: Received): Promise<Carried> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
    else if (Array.isArray(value)) headers[name.toLowerCase()] = value.join(', ');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) break;
  }
  const { mediaType, decoder } = mediaOf(headers['content-type'] ?? '');
  const [first] = chunks;
  const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  const answer: HttpAnswer = {
    status,
    headers,
    mediaType,
    text: decoder.decode(whole.subarray(0, maxAnswerBytes)),
    truncated: bytes > maxAnswerBytes,
  };
  return { kind: 'answer', answer, bytes };
}

interface Media {
  readonly mediaType: string;
  readonly decoder: TextDecoder;
}

// A recipient sends the same media type in nearly all answers. Bounded: it may send any.
const media = new Map<string, Media>();
const mostMedia = 200;

function mediaOf(contentType: string): Media {
  const known = media.get(contentType);
  if (known !== undefined) return known;
  const [mediaType = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  const made = { mediaType: mediaType.toLowerCase(), decoder: decoderFor(parameters) };
  if (media.size >= mostMedia) media.clear();
  media.set(contentType, made);
  return made;
}

const utf8 = new TextDecoder('utf-8');

/** A decoder keeps no state between whole answers, so one serves them all. */
function decoderFor(parameters: readonly string[]): TextDecoder {
  const charset = parameters
    .find((part) => /^charset=/i.test(part))
    ?.slice('charset='.length)
    .replaceAll('"', '')
    .toLowerCase();
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return utf8;
  try {
    return new TextDecoder(charset);
  } catch {
    return utf8;
  }
}

function lostCode(error: unknown, stage: Stage): LostCode {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (name === 'HTTPParserError') return 'ANSWER_UNREADABLE';
  if (typeof code === 'string' && /^(HPE_|Z_|ERR_BROTLI|ERR__ERROR|ERR_ZSTD)/.test(code))
    return 'ANSWER_UNREADABLE';
  return stage === 'answering' ? 'ANSWER_CUT' : 'CONNECTION_RESET';
}
