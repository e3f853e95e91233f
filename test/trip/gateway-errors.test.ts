// What a proxy or a wrong token says of a lead: nothing. The recipient is asked, or waited for; no lead is lost or doubled by it.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
afterEach(async () => {
  await gateway.close();
  await crm.close();
});
const started = async (rules: string): Promise<void> => {
  crm = await startHttpRecipient();
  const files = webhookFiles(crm.port);
  const find = `http://localhost:${crm.port}/find?ref={leadReference}`;
  const text = (files['essai/crm.yaml'] ?? '')
    .replace(
      /^send: .*$/m,
      `send: { url: 'http://localhost:${crm.port}/leads', lookup: { url: '${find}' } }\nonUnknown: lookup`,
    )
    .replace(
      /^response:\n(.*\n)*?update:/m,
      `response:\n  - { accepted: { status: 200 }, on: lookup, reference: $.id }\n  - { absent: { status: 404 }, on: lookup }\n${rules}update:`,
    );
  gateway = await openGateway({ files: { ...files, 'essai/crm.yaml': text } });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'asks' });
  await gateway.start('planner', 'worker');
};
const calls = (method: string): number => crm.received.filter((one) => one.method === method).length;
const delivered = (): Promise<void> =>
  gateway.until('delivered', async () => (await gateway.states("d.state = 'delivered'")).length === 1);

test.each([502, 504])(
  'after a %s the recipient is asked first, also where 5xx is unavailable',
  async (status) => {
    await started(
      '  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }\n  - { unavailable: { status: 5xx } }\n',
    );
    crm.answer = (request, response) =>
      void (request.method === 'GET'
        ? response.writeHead(200).end('{"id":"C-1"}')
        : response.writeHead(status).end('<h1>gateway</h1>'));
    await gateway.send(leadRow('P-1'));
    await delivered();
    expect([calls('POST'), calls('GET')]).toEqual([1, 1]);
  },
);

test('a wrong token burns no lead, though a rule without status reads every error as invalid', async () => {
  await started(
    '  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }\n  - { invalid: { json: { error: { exists: true } } }, reason: bad }\n',
  );
  let repaired = false;
  crm.answer = (_request, response) =>
    void response
      .writeHead(repaired ? 200 : 401, { 'content-type': 'application/json' })
      .end(repaired ? '{"success":true,"id":"C-1"}' : '{"error":"token"}');
  await gateway.send(leadRow('T-1'));
  await gateway.until('held or ended', async () =>
    (await gateway.states()).some((row) => /destination_held|invalid/.test(String(row['reason']))),
  );
  expect((await gateway.states()).map((row) => row['state'])).not.toContain('failed');
  repaired = true;
  await delivered();
});
