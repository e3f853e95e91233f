// One address has one newest answer for a purpose: an older yes of that address never leaves after the no that followed it.
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: refOf(request.body) ?? request.url.split('/').at(-1) }));
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const refOf = (body: Buffer): string | undefined =>
  (JSON.parse(body.toString() || '{}') as { ref?: string }).ref;
const given = (reference: string): readonly string[] =>
  crm.received
    .map((one) => JSON.parse(one.body.toString() || '{}') as { ref?: string; OPTIN?: string })
    .filter((one) => one.ref === reference)
    .map((one) => one.OPTIN ?? '');
const told = (reference: string, ...optins: readonly string[]): Promise<void> =>
  gateway.until(`${reference} told ${optins.join(', ')}`, () =>
    optins.every((optin, at) => given(reference)[at] === optin),
  );
const planned = (reference: string): Promise<void> =>
  gateway.until(`${reference} planned`, async () =>
    (await gateway.states()).some((delivery) => delivery.reference === reference),
  );
const said = (
  state: 'granted' | 'refused',
  at: string,
  more: Partial<IntakeValues> = {},
): Partial<IntakeValues> => ({
  consents: JSON.stringify([
    { purpose: 'marketing', channel: 'email', state, recordedAt: `2026-01-10T${at}:00Z` },
  ]),
  ...more,
});

test('C16: an older yes that leaves after the newer no of its address leaves as that no', async () => {
  await gateway.start('planner');
  await gateway.send(leadRow('A-1', said('granted', '10:00')));
  await planned('A-1');
  await gateway.send(leadRow('A-2', said('refused', '11:00')));
  await planned('A-2');
  await gateway.start('worker');
  await told('A-1', 'NON');
  await told('A-2', 'NON');
});

test('C16: a recipient that has the older yes hears of the newer no, in the record of the older lead too', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('B-1', said('granted', '10:00')));
  await told('B-1', 'OUI');
  await gateway.send(leadRow('B-2', said('refused', '11:00')));
  await told('B-2', 'NON');
  await told('B-1', 'OUI', 'NON');
});

test('C16: a yes from before the no that comes in after it leaves as no; a yes given since leaves as yes', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-1', said('refused', '11:00')));
  await told('C-1', 'NON');
  await gateway.send(leadRow('C-2', said('granted', '10:00')), leadRow('C-3', said('granted', '12:00')));
  await told('C-2', 'NON');
  await told('C-3', 'OUI');
});

test('C16: a no for the e-mail ends nothing in a lead that shares the telephone alone', async () => {
  const other = { email: 'paul@courriel.example' };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('D-1', said('granted', '10:00', other)));
  await told('D-1', 'OUI');
  await gateway.send(leadRow('D-2', said('refused', '11:00')), leadRow('D-3', said('granted', '10:00')));
  await told('D-3', 'NON');
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'D-1', row_reference: 'correction-D-1' },
    last_name: 'Corrigé',
  });
  await gateway.until('D-1 corrected', () => given('D-1').length === 2);
  expect(given('D-1')).toEqual(['OUI', '']);
});
