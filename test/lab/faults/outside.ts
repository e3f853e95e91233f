// Other systems in a storm: they hand in leads, act on deliveries and read the feed, over HTTP, with keys of their own.
// Invariant: a request is sent again under its `Idempotency-Key` until it is answered, whichever process answers; what was answered
// is written down, and what an answer must not be.
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createApiKey } from '../../../src/access/api-keys.ts';
import { freePort } from '../../../sandbox/ports.ts';
import { stationsOf, type Role, type Station } from './points.ts';
import type { Gateway } from '../../trip/gateway.ts';
import type { Pace } from './mappings.ts';
import type { Random } from './random.ts';

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a row that was posted was answered. */
export interface PostedLine {
  readonly reference: string;
  readonly state: string;
  /** Number of the lead; 0 where none was given. */
  readonly lead: number;
}

export interface Outside {
  readonly ports: Readonly<Record<'api' | 'console' | 'planner', readonly number[]>>;
  /** Asks once; undefined where nobody answered in time. */
  readonly ask: (method: string, path: string, sent?: Sent) => Promise<Reply | undefined>;
  /** Sends until it is answered; sometimes once more, when the answer must be the same. */
  readonly surely: (path: string, body: unknown) => Promise<Reply>;
  readonly posted: PostedLine[];
  /** Answers that must not be: another one under the same key, a key that was refused, a fault of ours. */
  readonly wrong: string[];
}

interface Sent {
  readonly body?: unknown;
  readonly key?: string;
}

const patienceMs = 6_000;
/** This part of the requests is sent again although it was answered. */
const again = 0.3;

export async function openOutside(
  gateway: Gateway,
  random: Random,
  { pace, roles }: { readonly pace: Pace; readonly roles: readonly Role[] },
): Promise<Outside> {
  const portsFor = (station: Station): Promise<number[]> =>
    Promise.all(roles.filter((role) => stationsOf(role).includes(station)).map(() => freePort()));
  const ports = {
    api: await portsFor('api'),
    console: await portsFor('console'),
    planner: await portsFor('planner'),
  };
  const { key } = await createApiKey(
    gateway.app.access,
    {
      name: 'storm',
      scopes: ['lead.post', 'delivery.read', 'delivery.replay', 'delivery.cancel', 'event.read', 'lead.pull'],
      clientId: 'essai',
      addresses: [],
      days: 1,
    },
    'storm',
  );
  const wrong: string[] = [];
  const ask: Outside['ask'] = async (method, path, sent = {}) => {
    try {
      const response = await fetch(`http://127.0.0.1:${random.pick(ports.api)}${path}`, {
        method,
        signal: AbortSignal.timeout(patienceMs),
        headers: {
          authorization: `Bearer ${key}`,
          ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(sent.key === undefined ? {} : { 'idempotency-key': sent.key }),
        },
        ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      });
      // While a process is dead, somebody else of this machine may have its port for a moment.
      if (!response.headers.has('x-request-id')) return undefined;
      const body = (await response.json()) as Reply['body'];
      // Whatever is wrong with the database or Redis is 503, and passes.
      if ([400, 401, 403, 422, 500].includes(response.status))
        wrong.push(`${path}: ${response.status} ${JSON.stringify(body['detail'])}`);
      return { status: response.status, body };
    } catch {
      return undefined;
    }
  };
  let sent = 0;
  return {
    ports,
    ask,
    posted: [],
    wrong,
    surely: async (path, body) => {
      const name = `storm-${(sent += 1)}`;
      // A process that dies leaves its key under way for a minute: a brisk storm has not the time.
      const key = pace === 'brisk' ? {} : { key: name };
      const post = async (): Promise<Reply | undefined> => {
        const replies = new Map<number, number>();
        const asked = async (): Promise<Reply | undefined> => {
          const reply = await ask('POST', path, { body, ...key });
          const { status } = reply ?? { status: 0 };
          replies.set(status, (replies.get(status) ?? 0) + 1);
          return reply;
        };
        const reply = await answered(asked, patientMs);
        // 0: the connection broke, or no reply in time.
        const counts = [...replies].map(([status, count]) => `${status} × ${count}`).join(', ');
        if (reply === undefined) wrong.push(`${path}: no answer under ${name}: ${counts}`);
        return reply;
      };
      const first = (await post()) ?? { status: 504, body: {} };
      if (pace !== 'brisk' && random.next() < again) {
        const second = await post();
        // What was refused is forgotten and judged anew.
        if (second !== undefined && first.status < 300 && !isDeepStrictEqual(second, first))
          wrong.push(`${path}: another answer under ${name}`);
      }
      return first;
    },
  };
}

/**
 * Longer than the long refusals of a storm together, and than keys of dead processes stay under way between them: in the calm every
 * request is answered.
 */
const patientMs = 900_000;

/** Busy, under way, away or broken: the same once more, until somebody says what became of it. Undefined: nobody does, for so long. */
export async function answered(
  ask: () => Promise<Reply | undefined>,
  forMs: number,
): Promise<Reply | undefined> {
  for (const start = performance.now(); ;) {
    const reply = await ask();
    const isAnswer = reply !== undefined && reply.status < 500 && !isUnderWay(reply);
    if (isAnswer) return reply;
    if (performance.now() - start >= forMs) return undefined;
    await pause(300);
  }
}

const isUnderWay = ({ status, body }: Reply): boolean => status === 409 && body['code'] === undefined;
