// The recording proxy before a real CRM: a caller who is planned to be too fast gets that CRM's own answer, and nothing reaches the CRM.
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificateFor } from '../../../sandbox/recipients/identity.ts';
import { page } from '../../../sandbox/simulators/simulator.ts';
import { openRecordingDoor } from './door.ts';
import { tryton } from './tryton.ts';

test('busy is what the CRM says of itself, not always 429, which Tryton says of a locked user', async () => {
  const reached: string[] = [];
  const real = http.createServer((request, response) => {
    reached.push(request.url ?? '');
    response.end('{"id":"lab","result":[7]}');
  });
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  const certificate = await certificateFor('localhost');
  const door = await openRecordingDoor(
    { ...tryton, records: () => Promise.resolve([]) },
    {
      base: `http://127.0.0.1:${(real.address() as AddressInfo).port}`,
      key: 'key',
      busy: page(503, 'Service Temporarily Unavailable'),
    },
    'secret',
    { certificate, latencyMs: 0, keptAfterMs: 0 },
  );
  const ask = (path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const own = { host: '127.0.0.1', servername: 'localhost', port: door.port, ca: certificate.cert };
      https
        .get({ ...own, path }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode)))
        .on('error', reject);
    });
  try {
    door.plan('DM-1', 'busy');
    expect(await ask('/DM-1')).toBe(503);
    expect(reached).toEqual([]);
    expect(await ask('/DM-1')).toBe(200);
    expect(reached).toEqual(['/DM-1']);
  } finally {
    await door.close();
    await new Promise((resolve) => real.close(resolve));
  }
});
