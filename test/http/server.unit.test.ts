// What no route sees is refused as the server says, on real connections; and a server that closes refuses nobody.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpServer } from '../../src/http/server.ts';
import { askRaw, bodyIn, openRaw, statusIn, type RawConnection } from './raw.ts';

let close: () => Promise<unknown> = () => Promise.resolve();
afterEach(() => close());

/** Answers what is asked at /held. */
let letGo: () => void = () => undefined;

async function listening(requestTimeoutMs = 30_000, keepAliveTimeoutMs?: number): Promise<number> {
  const server = createHttpServer({
    bodyLimit: 1_024,
    requestTimeoutMs,
    ...(keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeoutMs }),
    proxies: [],
    refusal: (status, reason, requestId) => ({
      headers: { 'content-type': 'application/problem+json', 'x-request-id': requestId },
      body: JSON.stringify({ status, reason }),
    }),
  });
  server.get('/', () => 'served');
  server.post('/', () => 'served');
  const held = new Promise<string>((done) => (letGo = () => done('held')));
  server.get('/held', () => held);
  server.post(
    '/refused',
    { onRequest: async (_request, reply) => reply.code(401).send('refused') },
    () => '',
  );
  close = () => server.close();
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return Number(new URL(address).port);
}

const host = 'Host: relais.example\r\n';

test.each([
  ['no HTTP at all', 'GARBAGE\r\n\r\n', 400, 'HPE_INVALID_METHOD'],
  ['a method nobody knows', `FETCH / HTTP/1.1\r\n${host}\r\n`, 400, 'HPE_INVALID_METHOD'],
  ['a header with a NUL', `GET / HTTP/1.1\r\n${host}x: a\0b\r\n\r\n`, 400, 'HPE_INVALID_HEADER_TOKEN'],
  [
    'a length that is none',
    `POST / HTTP/1.1\r\n${host}Content-Length: ten\r\n\r\n`,
    400,
    'HPE_INVALID_CONTENT_LENGTH',
  ],
  [
    'two ways to say where it ends',
    `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'HPE_INVALID_TRANSFER_ENCODING',
  ],
  ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'HOST'],
  [
    'an address of broken percent signs',
    `GET /%zz HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    400,
    'FST_ERR_BAD_URL',
  ],
  [
    'headers of 40 KB',
    `GET / HTTP/1.1\r\n${host}x: ${'a'.repeat(40_000)}\r\n\r\n`,
    431,
    'HPE_HEADER_OVERFLOW',
  ],
  ['an expectation nobody has', `GET / HTTP/1.1\r\n${host}Expect: a-miracle\r\n\r\n`, 417, 'EXPECT'],
  ['a way through to elsewhere', `CONNECT boese.example:443 HTTP/1.1\r\n${host}\r\n`, 405, 'CONNECT'],
])('%s is refused in the words of the server', async (_what, bytes, status, reason) => {
  const answer = await askRaw(await listening(), bytes);
  expect([statusIn(answer), JSON.parse(bodyIn(answer))]).toEqual([status, { status, reason }]);
  expect(answer).toMatch(/content-type: application\/problem\+json/i);
  expect(answer).toMatch(/x-request-id: [0-9a-f-]{36}\r\n/i);
});

test.each([
  ['a body', `POST / HTTP/1.1\r\n${host}Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n`],
  ['headers', `POST / HTTP/1.1\r\n${host}`],
])(
  '%s that trickles ends at the limit that is set',
  async (_what, start) => {
    const { send, answer, socket } = await openRaw(await listening(300));
    send(start);
    const trickle = setInterval(() => send('x'), 20);
    socket.on('close', () => clearInterval(trickle));
    const answered = await answer;
    expect([statusIn(answered), JSON.parse(bodyIn(answered))]).toEqual([
      408,
      { status: 408, reason: 'ERR_HTTP_REQUEST_TIMEOUT' },
    ]);
  },
  20_000,
);

test('a connection on which nothing came is closed without an answer: a request just sent would take it for its own', async () => {
  const { answer } = await openRaw(await listening(300));
  expect(await answer).toBe('');
}, 20_000);

/** As a process that was stopped, or busy: nothing is read meanwhile, and every limit has passed. */
const stopFor = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Bytes of a first request that has been read when this returns: a request on another connection is served after it. */
async function openHalf(port: number, half: string): Promise<RawConnection> {
  const connection = await openRaw(port);
  connection.send(half);
  await askRaw(port, `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  return connection;
}

const halfBody = `POST / HTTP/1.1\r\n${host}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab`;

test.each([
  ['a whole request', '', `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`],
  ['the rest of its headers', `GET / HTTP/1.1\r\n${host}`, 'Connection: close\r\n\r\n'],
  ['the rest of its body', halfBody, 'cd'],
])(
  '%s that came while the process was stopped beyond the limit is served',
  async (_what, half, rest) => {
    const { send, answer } = await openHalf(await listening(1_000), half);
    send(rest);
    stopFor(2_000);
    expect(statusIn(await answer)).toBe(200);
  },
  20_000,
);

test('a request of which a part came while the process was stopped, and the rest never, is refused all the same', async () => {
  const { send, answer } = await openHalf(await listening(1_000), halfBody);
  send('c');
  stopFor(2_000);
  expect(statusIn(await answer)).toBe(408);
}, 20_000);

test('a next request that came while the process was stopped beyond the idle time of its connection is served', async () => {
  const port = await listening(30_000, 100);
  const { send, answer, socket } = await openRaw(port);
  const first = new Promise((done) => socket.once('data', done));
  send(`GET / HTTP/1.1\r\n${host}\r\n`);
  await first;
  send(`GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  stopFor(1_500);
  expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
});

test.each([
  ['no HTTP at all', 'GARBAGE\r\n\r\n', 400],
  ['a length that is none', `POST / HTTP/1.1\r\n${host}Content-Length: ten\r\n\r\n`, 400],
  [
    'a chunk of no length',
    `POST / HTTP/1.1\r\n${host}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    400,
  ],
  ['headers of 40 KB', `GET / HTTP/1.1\r\n${host}x: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  ['a way through to elsewhere', `CONNECT boese.example:443 HTTP/1.1\r\n${host}\r\n`, 405],
  ['a half that stays one', `GET / HTTP/1.1\r\n${host}`, 408],
])('%s behind a request under way is refused after that one is answered', async (_what, bytes, status) => {
  const { answer, socket } = await openHalf(
    await listening(300),
    `GET /held HTTP/1.1\r\n${host}\r\n${bytes}`,
  );
  // Node has seen what is late when another connection, opened after it, is closed for being unused.
  await (
    await openRaw(socket.remotePort ?? 0)
  ).answer;
  letGo();
  expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', `HTTP/1.1 ${status}`]);
});

test('a request that was answered before all of it came is not answered twice', async () => {
  const half = halfBody.replace('POST /', 'POST /refused').replace('Connection: close\r\n', '');
  const { answer } = await openHalf(await listening(300), half);
  expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401']);
});

test('a request that was half here when the server began to close is served, and its connection ends', async () => {
  const { send, answer, socket } = await openRaw(await listening());
  send(`GET / HTTP/1.1\r\n${host}`);
  // What was sent on another connection after it has been served: so the half of the first one is there.
  expect(
    statusIn(await askRaw(socket.remotePort ?? 0, `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)),
  ).toBe(200);
  const closed = close();
  send('\r\n');
  const answered = await answer;
  expect([statusIn(answered), bodyIn(answered)]).toEqual([200, 'served']);
  expect(answered).toMatch(/connection: close\r\n/i);
  await closed;
});

test('a request of which half came, and one that nobody answers, do not keep a server that closes', async () => {
  const port = await listening(300);
  const half = await openHalf(port, `GET / HTTP/1.1\r\n${host}`);
  const held = await openHalf(port, `GET /held HTTP/1.1\r\n${host}\r\n`);
  await close();
  expect([await half.answer, await held.answer]).toEqual(['', '']);
});

test('no other file of the product opens a server of its own, past these rules', () => {
  const src = join(import.meta.dirname, '../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('sandbox/'),
  );
  const opening = files.filter((file) =>
    /\bfastify\(|\bcreate(?:Secure)?Server\(/.test(readFileSync(join(src, file), 'utf8')),
  );
  expect(opening).toEqual(['http/server.ts']);
});
