// A Redis whose certificate no authority known here has signed: named as such at the start, with the variable to set.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { openRedis, refuseWrongAccount } from '../../src/queue/connect.ts';

test('a certificate of an unknown authority is named, and RELAIS_CA_FILE with it', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const server = createServer({ key, cert }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const place = { kind: 'single', nodes: [{ host: '127.0.0.1', port }], tls: true, database: 0 } as const;
  const redis = openRedis(place, 'commands', 10_000);
  try {
    await expect(refuseWrongAccount(redis, place)).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:\d+ cannot be reached: certificate not accepted \(self-signed certificate\): .*RELAIS_CA_FILE/,
    );
  } finally {
    redis.disconnect();
    server.close();
  }
});
