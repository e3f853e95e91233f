// A recipient that takes an update under our own reference may hold a lead by the update alone: what the person takes back goes there too.
import { resolve } from '../../src/delivery/outcome/resolve.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const stateOf = async (action: string): Promise<string> =>
  (await gateway.states(`d.action = '${action}'`)).map((row) => `${row.state}:${row.reason}`).join(' | ');
const soon = (action: string, wanted: RegExp): Promise<void> =>
  gateway.soon(`${action} ${wanted.source}`, async () => wanted.test(await stateOf(action)));
const correct = (last_name: string): Promise<void> =>
  gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'U-1', row_reference: last_name, last_name },
  });
const notReceived = async (): Promise<unknown> =>
  resolve(gateway.app, (await gateway.states("d.action = 'create'"))[0]?.id ?? 0, {
    ...{ actor: 'tester', evidence: 'mail of 2026-11-20', received: false },
  });
const answers: Record<string, 'ok' | 'lost'> = {};

beforeEach(async () => {
  crm = await startHttpRecipient();
  Object.assign(answers, { POST: 'lost', PUT: 'ok' });
  crm.answer = ({ method }, response) => {
    if (answers[method] === 'lost') response.destroy();
    else response.writeHead(200).end('{"success":true}');
  };
  gateway = await openGateway({
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': (webhookFiles(crm.port)['essai/crm.yaml'] ?? '').replaceAll(
        '/leads/{reference}',
        '/leads?ref={leadReference}',
      ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'by key' });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-1'));
  await soon('create', /^failed:exhausted/);
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const withdraw = (): Promise<unknown> =>
  gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference: 'U-1', purpose: 'marketing' as const, channels: ['email'] as const },
    ...{ actor: 'tester', reason: 'request 1' },
  });
const told = (): unknown =>
  (JSON.parse(crm.received.findLast(({ method }) => method === 'PUT')?.body.toString() ?? '{}') as object)[
    'OPTIN' as never
  ];

test('C20: a withdrawal follows an update that was accepted, also where the create never came', async () => {
  await correct('Bernard');
  await soon('update', /^delivered/);
  await notReceived();
  await withdraw();
  await soon('update', /^delivered:accepted \| delivered:accepted$/);
  expect(told()).toBe('RETRAIT');
});

test('an update of unknown outcome is not said to have nothing to update once the create is known not to have come', async () => {
  answers['PUT'] = 'lost';
  await correct('Bernard');
  await gateway.until('departed', () => crm.received.some(({ method }) => method === 'PUT'));
  await notReceived();
  answers['PUT'] = 'ok';
  await soon('update', /^delivered|^cancelled|^failed/);
  expect(await stateOf('update')).toBe('delivered:accepted');
  await withdraw();
  await soon('update', /^delivered:accepted \| delivered:accepted$/);
  expect(told()).toBe('RETRAIT');
});
