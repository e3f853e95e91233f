// Work that waits too long is answered for, whichever step waits; a body may take its own time.
import { createHttpServer } from '../../src/http/server.ts';
import { answersInTime } from '../../src/http/in-time.ts';
import { askRaw, bodyIn, openRaw, statusIn } from './raw.ts';

let close: () => Promise<unknown> = () => Promise.resolve();
let letGo: () => void = () => undefined;
let port: number;

beforeEach(async () => {
  const server = createHttpServer({
    bodyLimit: 1_024,
    requestTimeoutMs: 30_000,
    proxies: [],
    refusal: () => ({ headers: {}, body: '' }),
  });
  const held = new Promise<void>((done) => (letGo = done));
  answersInTime(
    server,
    ({ url }) => (url === '/patient' ? Infinity : 1),
    (_request, reply) => reply.code(503).send('late'),
  );
  server.addHook('onRequest', (request) => (request.url === '/known' ? held : Promise.resolve()));
  server.post('/', () => 'served');
  server.post('/known', () => 'served');
  for (const path of ['/held', '/patient']) server.post(path, () => held.then(() => 'served'));
  close = async () => {
    letGo();
    await server.close();
  };
  port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterEach(() => close());

const head = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: relais.example\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n`;
const ask = (path: string): Promise<string> => askRaw(port, `${head(path)}ab`);

test.each(['/known', '/held'])(
  '%s is answered for while it waits, and what it does later is not sent',
  async (path) => {
    const answer = await ask(path);
    expect([statusIn(answer), bodyIn(answer)]).toEqual([503, 'late']);
    letGo();
    expect(bodyIn(await ask('/'))).toBe('served');
  },
);

test('a body that comes slowly, and what waits for another system, are not answered for', async () => {
  const slow = await openRaw(port);
  slow.send(`${head('/')}a`);
  const patient = ask('/patient');
  // Those take longer than the limit.
  for (let asked = 0; asked < 5; asked += 1) expect(statusIn(await ask('/held'))).toBe(503);
  slow.send('b');
  letGo();
  expect(bodyIn(await slow.answer)).toBe('served');
  expect(bodyIn(await patient)).toBe('served');
});
