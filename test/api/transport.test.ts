// The HTTP interface that ends TLS itself: answered under its certificate, and in clear to nobody.
import { get } from 'node:https';
import { generate } from 'selfsigned';
import { openGateway, webhookFiles } from '../trip/gateway.ts';
import { openInterface } from './interface.ts';

test('with a certificate of its own it answers over TLS alone', async () => {
  const gateway = await openGateway({ files: webhookFiles(1) });
  const made = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
  const api = await openInterface(gateway.app, { pem: `${made.cert}\n${made.private}\n` });
  try {
    const status = await new Promise((done, fail) => {
      get(
        {
          ...{ host: '127.0.0.1', port: api.port, path: '/v1/deliveries', ca: made.cert },
          checkServerIdentity: () => undefined,
        },
        (response) => {
          response.resume();
          done(response.statusCode);
        },
      ).on('error', fail);
    });
    // Nobody without a key, but answered.
    expect(status).toBe(401);
    await expect(fetch(`http://127.0.0.1:${api.port}/v1/deliveries`)).rejects.toThrow();
  } finally {
    await api.close();
    await gateway.close();
  }
});
