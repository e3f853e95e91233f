// An address that is a secret: which authorisation covers it, and what the check and publishing say of it.
import { formatProblem } from '../../src/mapping/document/problems.ts';
import { readAuthorisations } from '../../src/store/destinations/authorisations.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  gateway = await openGateway({
    environment: { RELAIS_SECRET_CRM_URL: `http://localhost:${crm.port}/leads` },
    files: {
      ...files,
      'essai/crm.yaml': (files['essai/crm.yaml'] ?? '').replace(
        `send: { url: 'http://localhost:${crm.port}/leads' }`,
        'send: { url: secret:CRM_URL }',
      ),
      'essai/client.yaml': (files['essai/client.yaml'] ?? '').replace('targets: [localhost], ', ''),
    },
  });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

test('an authorisation without targets covers the hosts of the contract: the lead leaves, and publishing says what it covers', async () => {
  const done = await gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'a version',
  });
  expect(done.warnings.map(formatProblem).join()).toContain(
    'MAP-413  warning: the address is a secret: the authorisation of "Essai CRM" names no targets, so it covers every host of client.yaml: localhost.',
  );
  const all = await readAuthorisations(gateway.app.database, ['essai-crm']);
  expect(all.get('essai-crm')?.map((one) => one.targets)).toEqual([['localhost']]);
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('S-1'));
  await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
  expect(crm.received).toHaveLength(1);
});
