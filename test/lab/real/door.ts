// The recording proxy before a real CRM: a trial's door of HTTPS on loopback, with the trial's mischief between the two, and
// every exchange with the real one kept.
// Invariant: the real key is in this process alone: callers have the trial's, a recording has the placeholder.
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DoorOptions, Mischief, RunningSimulator } from '../../../sandbox/simulators/server.ts';
import type { ChangeByHand, CrmAnswer, CrmRecord } from '../../../sandbox/simulators/simulator.ts';
import {
  bytesOf,
  formClosed,
  headersOf,
  keptBody,
  terse,
  toldOnPage,
  valueOf,
  type Exchange,
} from './exchange.ts';
import type { Answer, Ask, Probe, RealCrm } from './crm.ts';

export interface RealPlace {
  /** e.g. `http://127.0.0.1:8080` */
  readonly base: string;
  readonly key: string;
  /** Of its own people, where they have another one. */
  readonly staffKey?: string;
  /** What it, or the proxy before it, answers a caller who is too fast. */
  readonly busy: CrmAnswer;
  /** Stops and starts its database. */
  readonly database?: { readonly stop: () => Promise<void>; readonly start: () => Promise<void> };
  /** Closes and opens a door that has no key: a public form. */
  readonly form?: { readonly close: () => Promise<void>; readonly open: () => Promise<void> };
}

export interface RecordingDoor extends RunningSimulator {
  readonly exchanges: readonly Exchange[];
  /** Asks the real one in order, recorded. */
  readonly probe: (probes: readonly Probe[]) => Promise<void>;
  readonly refresh: () => Promise<void>;
}

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** @param secret the trial's own value of the key, which its callers send */
export async function openRecordingDoor(
  crm: RealCrm,
  place: RealPlace,
  secret: string,
  options: DoorOptions,
): Promise<RecordingDoor> {
  const exchanges: Exchange[] = [];
  const planned = new Map<string, Mischief>();
  const underWay = new Map<string, number>();
  const began = Date.now();
  let { latencyMs } = options;
  let [away, off, good] = [false, false, true];
  let [asked, serving, wrongKeys] = [0, 0, 0];
  let cache: readonly CrmRecord[] = [];
  /** Something was written since the records were read. */
  let [stale, reading] = [true, false];
  /** Acts of the client's people and of the operator, one after another; requests wait for them. */
  let acts: Promise<unknown> = Promise.resolve();
  const act = (work: () => Promise<unknown>): void => {
    acts = acts
      .then(work)
      .catch((error: unknown) => console.error(`lab: ${String(error)}`))
      // What was read meanwhile is older.
      .finally(() => {
        stale = true;
        void readAgain();
      });
    stale = true;
    void readAgain();
  };

  const placeholder = `{${crm.key}}`;
  const wrong = crm.wrong?.(place.key) ?? 'wrong';
  const withKey = (text: string): string =>
    (secret === '' ? text : text.replaceAll(secret, good ? place.key : wrong))
      .replaceAll('{wrong}', wrong)
      .replaceAll(placeholder, place.key)
      .replaceAll('{STAFF_KEY}', place.staffKey ?? '');
  const scrubbed = (text: string): string =>
    secret === ''
      ? text
      : text.replaceAll(secret, good ? placeholder : '{wrong}').replaceAll(place.key, placeholder);

  const ask: Ask = async (method, path, body, headers = {}) => {
    const own = { ...(crm.staff ?? crm.headers), ...headers };
    const got = await fetchFrom({ method, path, headers: own, body: bytesOf(body) });
    return { status: got.status, body: valueOf(got.bytes.toString('utf8')) };
  };
  const fetchFrom = async ({ method, path, headers, body }: Sent): Promise<Got> => {
    const dropped = [
      'host',
      'connection',
      'content-length',
      'transfer-encoding',
      'expect',
      'accept-encoding',
    ];
    const kept = Object.entries(headers).filter(([name]) => !dropped.includes(name));
    const response = await fetch(new URL(withKey(path), place.base), {
      method,
      redirect: 'manual',
      headers: Object.fromEntries(kept.map(([name, value]) => [name, withKey(value)])),
      ...(body.length === 0 ? {} : { body: Buffer.from(withKey(body.toString('latin1')), 'latin1') }),
    });
    return {
      status: response.status,
      headers: response.headers,
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };

  const record = async (sent: Sent, beside: number): Promise<Got> => {
    const got = await fetchFrom(sent);
    const type = got.headers.get('content-type') ?? '';
    const body = keptBody(Buffer.from(scrubbed(sent.body.toString('latin1')), 'latin1'));
    const answered = terse(valueOf(withoutTrace(scrubbed(got.bytes.toString('utf8'))), type));
    exchanges.push({
      at: Date.now() - began,
      ...(beside > 0 ? { beside } : {}),
      ...(away
        ? { during: 'its database was stopped' }
        : !good && place.form !== undefined
          ? { during: formClosed }
          : {}),
      request: {
        method: sent.method,
        path: scrubbed(sent.path),
        headers: Object.fromEntries(
          Object.entries(headersOf(sent.headers)).map(([name, value]) => [name, scrubbed(value)]),
        ),
        ...(body === undefined ? {} : { body: ofLength(body) }),
      },
      answer: {
        status: got.status,
        headers: headersOf(Object.fromEntries(got.headers)),
        ...(answered === undefined ? {} : { body: short(answered) }),
      },
    });
    if (sent.method !== 'GET' && !away) stale = true;
    return got;
  };
  /** What the client's people do is part of what the CRM was asked. */
  const askNoted: Ask = async (method, path, body, headers = {}) => {
    if (crm.staff !== undefined) return await ask(method, path, body, headers);
    const own = { ...crm.headers, ...headers };
    const got = await record({ method, path, headers: own, body: bytesOf(body) }, 0);
    return { status: got.status, body: valueOf(got.bytes.toString('utf8')) };
  };
  const refresh = async (): Promise<void> => {
    await acts;
    while (stale && !away) {
      stale = false;
      cache = await crm.records(ask);
    }
  };

  async function readAgain(): Promise<void> {
    if (reading) return;
    reading = true;
    await acts;
    await refresh().catch((error: unknown) => console.error(`lab: ${String(error)}`));
    reading = false;
    if (stale && !away && serving === 0) void readAgain();
  }

  async function serve(raw: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await readSent(raw);
    await acts;
    if (off) return void raw.socket.destroy();
    const where = `${sent.method} ${sent.path.split('?')[0] ?? ''}`;
    const beside = underWay.get(where) ?? 0;
    underWay.set(where, beside + 1);
    try {
      await sleep(latencyMs);
      if (away) asked += 1;
      else if (!good) wrongKeys += 1;
      const mischief = away ? undefined : mischiefFor(planned, sent);
      if (mischief === 'busy')
        return void response.writeHead(place.busy.status, place.busy.headers).end(place.busy.body);
      if (mischief === 'cut before') return void raw.socket.destroy();
      if (mischief === 'kept late') await sleep(options.keptAfterMs);
      const got = await record(sent, beside);
      if (mischief === 'cut after') return void raw.socket.destroy();
      if (mischief === 'fails after') return void response.writeHead(500).end();
      if (mischief === 'proxy gives up') return void response.writeHead(504).end('<html>504</html>');
      if (mischief !== undefined) return;
      response.writeHead(got.status, passed(got.headers)).end(got.bytes);
    } finally {
      underWay.set(where, (underWay.get(where) ?? 1) - 1);
    }
  }

  const sockets = new Set<Socket>();
  const { key, cert } = options.certificate;
  const server = https.createServer({ key, cert }, (raw, response) => {
    serving += 1;
    void serve(raw, response)
      .catch(() => raw.socket.destroy())
      .finally(() => {
        serving -= 1;
        if (serving === 0) void readAgain();
      });
  });
  server.on('connection', (socket: Socket) => {
    if (off) return void socket.destroy();
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    exchanges,
    refresh,
    probe: async (probes) => {
      let id = '';
      const filled = (text: string): string => text.replaceAll('{id}', id);
      for (const { method, path, body, headers = crm.headers } of probes) {
        if (headers === crm.staff) {
          await ask(method, path, body);
          continue;
        }
        const text = filled(bytesOf(body).toString('utf8'));
        const own = Object.entries(headers).map(([name, value]) => [name, filled(value)] as const);
        const sent = {
          method,
          path: filled(path),
          headers: Object.fromEntries(own),
          body: Buffer.from(text),
        };
        // A CRM that breaks off in mid-answer has answered nothing that could be kept; the next request is asked all the same.
        const got = await record(sent, 0).catch((error: unknown) => {
          console.error(`lab: ${method} ${sent.path.slice(0, 80)}: ${String(error)}`);
        });
        if (got === undefined) continue;
        const answer: Answer = { status: got.status, body: valueOf(got.bytes.toString('utf8')) };
        if (got.status < 300 && method === 'POST') id = crm.idOf(answer) ?? id;
      }
    },
    crm: {
      answer: () => ({ status: 501 }),
      whenDown: [],
      whenBusy: { status: 429 },
      records: () => cache,
      complaints: () => [],
      ...(crm.addressOf === undefined ? {} : { addressOf: crm.addressOf }),
      wrongKeys: () => wrongKeys,
      ...(crm.copies === undefined
        ? {}
        : { copiedByHand: (id: string) => act(async () => await crm.copies?.(askNoted, id)) }),
      ...(crm.changesByHand === undefined
        ? {}
        : {
            changedByHand: (id: string, change: ChangeByHand) =>
              act(async () => await crm.changesByHand?.(ask, id, change)),
          }),
      deletedByHand: (id) => act(async () => await crm.deletes(askNoted, id)),
      ...(crm.unsubscribes === undefined
        ? {}
        : { unsubscribes: (id: string) => act(async () => await crm.unsubscribes?.(askNoted, id)) }),
      keyIsGood: (isGood) => {
        good = isGood;
        if (place.form !== undefined) act(isGood ? place.form.open : place.form.close);
      },
    },
    port: (server.address() as AddressInfo).port,
    plan: (text, mischief) => void planned.set(text, mischief),
    unmet: () => [...planned].map(([text, mischief]) => `${text}: ${mischief}`),
    databaseIsAway: (isAway) => {
      asked = 0;
      const { stop, start } = place.database ?? {};
      act(async () => await (isAway ? stop : start)?.());
      act(async () => {
        away = isAway && stop !== undefined;
        await Promise.resolve();
      });
    },
    metWhileAway: () => (place.database === undefined ? 2 : asked),
    isQuiet: () => serving === 0 && !stale && !reading,
    thinksFor: (ms) => {
      latencyMs = ms;
    },
    machineIsOff: (isOff) => {
      off = isOff;
      if (isOff) for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      await acts;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Of a page its beginning and its error are kept, since the rest names the machine it came from. */
const short = (body: unknown): unknown =>
  typeof body === 'string' && body.includes('<') ? `${body.slice(0, 60)}${toldOnPage(body)}` : ofLength(body);

/** Of a megabyte its length is kept. */
function ofLength(body: unknown): unknown {
  const { length } = JSON.stringify(body);
  return length > 100_000 ? { letters: length } : body;
}

/** Without the lines of a Python trace that name files of the machine. */
const withoutTrace = (text: string): string =>
  text.includes('Traceback (most recent call last)') ? text.replaceAll(/^ {2}.*\n/gm, '') : text;

const passed = (headers: Headers): Record<string, string> =>
  Object.fromEntries(
    [...headers].filter(
      ([name]) => !/^(connection|transfer-|content-length|content-encoding|keep-)/.test(name),
    ),
  );

function mischiefFor(planned: Map<string, Mischief>, { method, path, body }: Sent): Mischief | undefined {
  const whole = `${method} ${decodeURIComponent(path)}\n${body.toString('utf8')}`;
  for (const [text, mischief] of planned) {
    if (!whole.includes(text)) continue;
    planned.delete(text);
    return mischief;
  }
  return undefined;
}

async function readSent(raw: IncomingMessage): Promise<Sent> {
  const chunks: Buffer[] = [];
  for await (const chunk of raw) chunks.push(chunk as Buffer);
  const headers = Object.entries(raw.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  return {
    method: raw.method ?? '',
    path: raw.url ?? '/',
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(chunks),
  };
}
