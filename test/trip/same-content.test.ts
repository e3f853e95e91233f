// What a recipient may have received is written again as it was (guarantee 4), the moment it names included.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
beforeEach(async () => {
  crm = await startHttpRecipient();
  const files = webhookFiles(crm.port);
  const text = (files['essai/crm.yaml'] ?? '').replace(
    '\nresponse:',
    '\n  - { to: envoye, from: delivery.sentAt }\nresponse:',
  );
  gateway = await openGateway({ files: { ...files, 'essai/crm.yaml': text } });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

test('a moment of sending named in the content is that of the first departure', async () => {
  crm.answer = (_request, response) => {
    if (crm.received.length < 3) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('S-1'));
  await gateway.soon('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 1);
  const bodies = crm.received.map((one) => one.body.toString());
  expect(bodies).toHaveLength(3);
  expect(bodies[0]).toMatch(/"envoye":"20/);
  expect(new Set(bodies).size).toBe(1);
});
