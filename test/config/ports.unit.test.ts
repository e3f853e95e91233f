// A port that is in use is named with its variable, from the error that Node really gives.
import { createServer, type AddressInfo } from 'node:net';
import { portInUse } from '../../src/config.ts';

test('a port in use is named with its variable and what to do; any other error is not taken for one', async () => {
  const first = createServer();
  await new Promise<void>((done) => first.listen(0, '127.0.0.1', done));
  const { port } = first.address() as AddressInfo;
  const second = createServer();
  const error = await new Promise<Error>((done) => second.once('error', done).listen(port, '127.0.0.1'));
  const config = {
    http: { port: 1 },
    callbacks: { port: 2 },
    api: { port },
    console: { port: 3 },
  } as unknown as Parameters<typeof portInUse>[0];
  expect(portInUse(config, error)).toBe(
    `The port ${port} (RELAIS_API_PORT) is in use by another program.\n→ \`ss -ltnp 'sport = :${port}'\` names it: stop it, or give RELAIS_API_PORT another port.`,
  );
  expect(portInUse(config, new Error('no'))).toBeUndefined();
  await new Promise((done) => first.close(done));
});
