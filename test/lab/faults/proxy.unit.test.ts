// The proxy of the storm: passes, withholds, delays, cuts, forgets, and never changes a byte.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { startProxy, type Proxy } from './proxy.ts';

let echo: Server;
let proxy: Proxy;
const open: Socket[] = [];
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

beforeEach(async () => {
  echo = createServer((socket) =>
    socket.on('error', () => undefined).on('data', (data) => socket.write(data)),
  );
  await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
  proxy = await startProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await proxy.close();
  await new Promise((done) => echo.close(done));
});

interface Line {
  readonly say: (text: string) => void;
  readonly heard: () => string;
  readonly ended: () => boolean;
}
async function dial(): Promise<Line> {
  const socket = connect(proxy.port, '127.0.0.1');
  open.push(socket);
  let text = '';
  let end = false;
  socket.on('data', (data) => (text += data.toString())).on('error', () => undefined);
  socket.on('close', () => (end = true));
  await new Promise((done) => socket.once('connect', done).once('close', done));
  return { say: (word) => void socket.write(word), heard: () => text, ended: () => end };
}
async function until(check: () => boolean): Promise<void> {
  while (!check()) await pause(5);
}

test('passes bytes both ways; frozen or mute it withholds them, and lets them through when it opens', async () => {
  const line = await dial();
  line.say('a');
  await until(() => line.heard() === 'a');
  for (const passage of ['frozen', 'mute'] as const) {
    proxy.set(passage);
    const before = line.heard();
    line.say(passage);
    await pause(60);
    expect(line.heard()).toBe(before);
    proxy.set('open');
    await until(() => line.heard() === before + passage);
  }
});

test('keeps the order of delayed bytes, also when the delay ends', async () => {
  const line = await dial();
  for (const [word, ms] of [
    ['1', 30],
    ['2', 5],
    ['3', 0],
  ] as const) {
    proxy.delay(ms);
    line.say(word);
    await pause(3);
  }
  await until(() => line.heard() === '123');
});

test('cut and shut end connections, shut refuses new ones', async () => {
  const first = await dial();
  proxy.cut();
  await until(first.ended);
  proxy.set('shut');
  const second = await dial();
  await until(second.ended);
  proxy.set('open');
  const third = await dial();
  third.say('c');
  await until(() => third.heard() === 'c');
});

test('a stranded connection hears nothing and learns of no end; a new one passes', async () => {
  const old = await dial();
  proxy.strand(20);
  old.say('x');
  const fresh = await dial();
  fresh.say('y');
  await until(() => fresh.heard() === 'y');
  await pause(40);
  expect([old.heard(), old.ended()]).toEqual(['', false]);
});

test('what is under way when the service ends the connection arrives, late, before the end', async () => {
  proxy.delay(40);
  echo.removeAllListeners('connection');
  echo.on('connection', (socket) => socket.on('error', () => undefined).end('last words'));
  const last = await dial();
  await until(() => last.ended());
  expect(last.heard()).toBe('last words');
});

test('frayed, it ends a connection in place of a piece of data, and new ones pass once it is mended', async () => {
  const line = await dial();
  line.say('a');
  await until(() => line.heard() === 'a');
  proxy.fray(1);
  line.say('b');
  await until(line.ended);
  expect(line.heard()).toBe('a');
  proxy.fray(0);
  const next = await dial();
  next.say('c');
  await until(() => next.heard() === 'c');
});
