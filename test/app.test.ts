// What a start refuses before anything is opened for work, against a real server's accounts.
import { openApp } from '../src/app.ts';
import { silentLog } from '../src/log.ts';
import { openGateway, type Gateway } from './trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

test('C40: production does not start as an account that may come from any address, nor of a pattern, and does once it is bound to one', async () => {
  const start = async () => {
    const app = await openApp({ ...gateway.config, env: 'production' }, { log: silentLog });
    await app.close();
  };
  const refused = {
    code: 'CONFIG-002',
    message: expect.stringContaining('may come from more than one address') as string,
  };
  const [ours] = await gateway.owner.all<{ host: string }>("SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host");
  const account = new URL(gateway.config.mysql.gatewayUrl).username;
  const host = ours?.host ?? '';
  let before = '%';
  // `%.%` is no pattern of `localhost`.
  const dotted = host.includes('.') ? ['%.%'] : [];
  for (const pattern of ['%', `${host.slice(0, -1)}%`, ...dotted, `${host.slice(0, -1)}_`]) {
    if (pattern !== before)
      await gateway.owner.text(`RENAME USER '${account}'@'${before}' TO '${account}'@'${pattern}'`);
    before = pattern;
    await expect(start()).rejects.toMatchObject(refused);
  }
  await gateway.owner.text(`RENAME USER '${account}'@'${before}' TO '${account}'@'${host}'`);
  await expect(start()).resolves.toBeUndefined();
});
