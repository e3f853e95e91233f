// A worker that lacks the key a lead's secret stands under: what it claimed is not kept from those that have it.
import { startWorker } from '../../src/roles/worker.ts';
import { silentLog } from '../../src/log.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let worker: Role | undefined;
let unreadable = 0;

beforeEach(async () => {
  crm = await startHttpRecipient();
  unreadable = 0;
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({
    files: webhookFiles(crm.port),
    log: {
      ...silentLog,
      error: (_event, fields) => {
        if (fields?.code === 'KEY-001') unreadable += 1;
      },
    },
    environment: { RELAIS_LEASE_MS: '3600000' },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
  await gateway.start('planner');
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await gateway.close();
  await crm.close();
});

test('a claim that cannot read its lead for want of a key is given back, not held until its lease ends', async () => {
  const secrets = `${gateway.config.keysSchema}.lead_secrets`;
  await gateway.send(leadRow('K-1'));
  await gateway.until('queued', async () => (await gateway.states())[0]?.state === 'queued');
  await gateway.owner.run(`UPDATE ${secrets} SET wrapped = REVERSE(wrapped)`);
  worker = await startWorker(gateway.app);
  await gateway.until('claimed, and not readable', () => unreadable > 0);
  await gateway.owner.run(`UPDATE ${secrets} SET wrapped = REVERSE(wrapped)`);
  // Its lease is an hour long.
  await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
  expect(crm.received).toHaveLength(1);
  const entries = (await gateway.entries()).filter(({ delivery }) => delivery > 0);
  expect(entries.map(({ entry }) => entry)).toEqual(['departed', 'outcome']);
});
