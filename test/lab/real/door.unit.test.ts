// The recording proxy before a real CRM: a caller who is too fast gets that CRM's own answer, and a wrong key is one that it counts.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificateFor } from '../../../sandbox/recipients/identity.ts';
import { page } from '../../../sandbox/simulators/simulator.ts';
import { openRecordingDoor, type RecordingDoor } from './door.ts';
import { tryton } from './tryton.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const [secret, key] = [base64('essai:essai'), base64('relais:mot de passe')];

const trace =
  'Traceback (most recent call last):\n  File "/srv/odoo/http.py", line 1\n    call()\nValueError: x\n';

let real: http.Server;
let door: RecordingDoor;
let certificate: Awaited<ReturnType<typeof certificateFor>>;
/** Paths and credentials that came to the CRM. */
const reached: string[] = [];

beforeAll(async () => {
  real = http.createServer(({ url = '', headers }, response) => {
    reached.push(`${url} ${headers.authorization ?? ''}`);
    response.end(url === '/trace' ? trace : '{"id":"lab","result":[7]}');
  });
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  certificate = await certificateFor('localhost');
  const base = `http://127.0.0.1:${(real.address() as AddressInfo).port}`;
  const busy = page(503, 'Service Temporarily Unavailable');
  const crm = { ...tryton, records: () => Promise.resolve([]) };
  door = await openRecordingDoor(crm, { base, key, busy }, secret, {
    certificate,
    latencyMs: 0,
    keptAfterMs: 0,
  });
});
afterAll(async () => {
  await door.close();
  await new Promise((resolve) => real.close(resolve));
});
beforeEach(() => void (reached.length = 0));

const ask = (path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const own = { host: '127.0.0.1', servername: 'localhost', port: door.port, ca: certificate.cert };
    https
      .get({ ...own, path, headers: { authorization: `Basic ${secret}` } }, (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode)),
      )
      .on('error', reject);
  });

test('busy is what the CRM says of itself, not always 429, which Tryton says of a locked user', async () => {
  door.plan('DM-1', 'busy');
  expect(await ask('/DM-1')).toBe(503);
  expect(reached).toEqual([]);
  expect(await ask('/DM-1')).toBe(200);
  expect(reached).toEqual([`/DM-1 Basic ${key}`]);
});

test('while the key is wrong Tryton gets a wrong password of a user it knows, which alone it counts', async () => {
  door.crm.keyIsGood(false);
  await ask('/DM-2');
  await door.probe([{ method: 'GET', path: '/DM-3', headers: { authorization: 'Basic {wrong}' } }]);
  const wrong = `Basic ${base64('relais:wrong')}`;
  expect(reached).toEqual([`/DM-2 ${wrong}`, `/DM-3 ${wrong}`]);
  const kept = door.exchanges.slice(-2).map(({ request }) => request.headers['authorization']);
  expect(kept).toEqual(['Basic {wrong}', 'Basic {wrong}']);
});

test('a request in XML is kept whole, a trace without the lines that name files of the machine', async () => {
  const body = `<?xml version="1.0"?><methodCall>${'<param/>'.repeat(20)}</methodCall>`;
  await door.probe([{ method: 'POST', path: '/trace', body }]);
  const { request, answer } = door.exchanges.at(-1) ?? {};
  expect(request?.body).toBe(body);
  expect(answer?.body).toBe('Traceback (most recent call last):\nValueError: x\n');
});
