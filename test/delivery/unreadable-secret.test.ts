// A secret that cannot be read, as a file that an operator has put in under another account: it shows, and stops nothing for longer than that.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { createReader } from '../../src/delivery/content/inputs.ts';
import { createDeliverer } from '../../src/delivery/deliver.ts';
import { silentLog } from '../../src/log.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let folder: string;
const secret = (): string => join(folder, 'TOKEN');
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  folder = mkdtempSync(join(tmpdir(), 'relais-secrets-'));
  const files = webhookFiles(crm.port);
  const mapping = files['essai/crm.yaml'] ?? '';
  gateway = await openGateway({
    environment: { RELAIS_SECRETS_DIR: folder },
    files: {
      ...files,
      'essai/crm.yaml': mapping.replace("/leads' }", "/leads', headers: { X-Token: secret:TOKEN } }"),
    },
  });
  writeFileSync(secret(), 'right');
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
  rmSync(folder, { recursive: true });
});
const tokens = (): readonly unknown[] => crm.received.map(({ headers }) => headers['x-token']);

test('it holds its destination visibly, as one that is missing does, until it can be read', async () => {
  rmSync(secret());
  mkdirSync(secret());
  await gateway.start('worker');
  await gateway.send(strangerRow('U-1'));
  await gateway.until('held', async () => {
    const [row] = await gateway.states();
    return row?.state === 'waiting' && row.reason.includes('SECRET_MISSING');
  });
  rmSync(secret(), { recursive: true });
  writeFileSync(secret(), 'new');
  await gateway.soon('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 1);
  expect(tokens()).toEqual(['new']);
});

test('attempts that break over it take no place from those that come later', async () => {
  await gateway.send(strangerRow('U-2'));
  await gateway.until('queued', async () => (await gateway.states("d.state = 'queued'")).length === 1);
  const { database, published, keys, credentials, secrets } = gateway.app;
  let isBroken = true;
  const deliverer = createDeliverer({
    ...{ database, published, connectors, credentials, masterKeys: keys.master },
    reader: createReader(database, secrets),
    secrets: (name) => {
      if (isBroken) throw new Error(`${name} cannot be read`);
      return gateway.config.secrets(name);
    },
    ...{ network: gateway.config.network, log: silentLog, signal: new AbortController().signal },
    ...{ leaseMs: 30_000, settlingMs: 500, owner: 'first' },
  });
  const [row] = await gateway.states();
  const attempt = (): Promise<void> =>
    deliverer.handle('essai-crm', { deliveryId: row?.id ?? 0, run: 1, attempt: 1 });
  const broken = await Promise.allSettled(Array.from({ length: 256 }, attempt));
  expect(new Set(broken.map(({ status }) => status))).toEqual(new Set(['rejected']));
  isBroken = false;
  await attempt();
  expect(tokens()).toEqual(['right']);
});
