// Withdrawals beside other rows of a batch, many of them at once, and one that intake cannot take.
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { spreadWithdrawals } from '../../src/store/people/same-person.ts';
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
/** The opt-ins the CRM was given for a lead, in order. */
const given = (reference: string): readonly string[] =>
  crm.received
    .map((one) => JSON.parse(one.body.toString() || '{}') as { ref?: string; OPTIN?: string })
    .filter((one) => one.ref === reference)
    .map((one) => one.OPTIN ?? '');
const said = (
  state: string,
  recordedAt: string,
  more: Partial<IntakeValues> = {},
): Partial<IntakeValues> => ({
  consents: JSON.stringify([{ purpose: 'marketing', channel: 'email', state, recordedAt }]),
  ...more,
});
const row = (
  kind: 'consent' | 'correction',
  reference: string,
  over: Partial<IntakeValues>,
): IntakeValues => ({
  ...{ client_id: 'essai', kind, reference, row_reference: `${kind}-${reference}-${Math.random()}` },
  ...over,
});
const told = (reference: string, ...optins: readonly string[]): Promise<void> =>
  gateway.until(`${reference} told ${optins.join(', ')}`, () =>
    optins.every((optin, at) => given(reference)[at] === optin),
  );
const soon = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

test.each(['L-1', 'L-2'])(
  'C16: rows taken in together count in their order: a correction that parts %s from the address comes after the withdrawal',
  async (parted) => {
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('L-1'), leadRow('L-2', { mobile: '+33639980200' }));
    await told('L-1', 'OUI');
    await told('L-2', 'OUI');
    await gateway.send(
      row('consent', 'L-1', said('withdrawn', soon(0))),
      row('correction', parted, { email: 'neuve@courriel.example' }),
      row('correction', parted, { last_name: 'Ensuite' }),
    );
    for (const reference of ['L-1', 'L-2'])
      await gateway.until(
        `${reference} withdrawn`,
        // An update behind it says nothing again of an answer that the CRM has.
        () => given(reference).findLast((one) => one !== '') === 'RETRAIT',
      );
    await gateway.until('both corrections are in', async () => {
      const rows = await gateway.owner.all('SELECT 1 FROM prospects WHERE email = ? AND last_name = ?', [
        'neuve@courriel.example',
        'Ensuite',
      ]);
      return rows.length === 1;
    });
  },
);

test('many withdrawals of one address are read by address, not by pair', async () => {
  const references = Array.from({ length: 240 }, (_, at) => `M-${at}`);
  await gateway.send(...references.map((reference) => leadRow(reference, { mobile: null })));
  while ((await gateway.app.intake.acceptBatch(200)).taken > 0);
  const leads = await gateway.owner.all<{ id: number }>('SELECT id FROM leads ORDER BY id');
  const origins = leads.slice(0, 120).map((one) => one.id);
  await gateway.owner.run("UPDATE consents SET state = 'withdrawn' WHERE lead_id <= ?", [
    origins.at(-1) ?? 0,
  ]);
  let read = 0;
  const reached = await gateway.app.database.transaction((tx) =>
    spreadWithdrawals(
      {
        ...tx,
        all: async (sql, values) => {
          const rows = await tx.all<never>(sql, values);
          read += rows.length;
          return rows;
        },
      },
      {
        ...{ touched: [], origins, actor: 'tester', purpose: '' },
        oppositionKey: Buffer.alloc(32),
        snapshot: () => Promise.resolve(),
      },
    ),
  );
  expect(reached).toHaveLength(120);
  expect(read).toBeLessThan(leads.length * 6);
});

test('a withdrawal that is refused at intake is a task, one for the client, until it is closed', async () => {
  const tasks = (): Promise<readonly { clientId: string; reason: string }[]> =>
    gateway.owner.all(
      "SELECT client_id AS clientId, reason FROM alerts WHERE kind = 'right_waits' AND closed_at IS NULL",
    );
  await gateway.send(
    row('consent', 'N-1', said('granted', soon(0))),
    leadRow('N-2', { email: 'zoe@', ...said('refused', soon(0)) }),
  );
  while ((await gateway.app.intake.acceptBatch(200)).taken > 0);
  expect(await tasks()).toEqual([]);
  for (const reference of ['N-3', 'N-4']) {
    await gateway.send(row('consent', reference, said('withdrawn', soon(0))));
    while ((await gateway.app.intake.acceptBatch(200)).taken > 0);
  }
  await gateway.send(row('consent', 'N-5', { client_id: 'inconnu', ...said('Withdrawn', soon(0)) }));
  while ((await gateway.app.intake.acceptBatch(200)).taken > 0);
  expect(await tasks()).toEqual([
    { clientId: 'essai', reason: 'withdrawal_refused' },
    { clientId: '', reason: 'withdrawal_refused' },
  ]);
});

test('C16: what was taken back in a lead that is erased since still holds for a lead that comes later with an older grant', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('O-1'), leadRow('O-2'));
  await told('O-1', 'OUI');
  await told('O-2', 'OUI');
  await gateway.send(row('consent', 'O-1', said('withdrawn', soon(0))));
  await told('O-2', 'OUI', 'RETRAIT');
  await gateway.app.rights.erase({
    clientId: 'essai',
    reference: 'O-1',
    actor: 'tester',
    reason: 'request 2',
  });
  await gateway.send(leadRow('O-3'), leadRow('O-4', { email: 'autre@courriel.example', mobile: null }));
  await told('O-3', 'RETRAIT');
  await told('O-4', 'OUI');
});

test('C16: answers taken in together are received in the order of their rows: a new lead that takes back ends the grant of the row before it', async () => {
  await gateway.send(leadRow('O-1'));
  await gateway.app.intake.acceptBatch(200);
  await gateway.send(
    row('consent', 'O-1', said('granted', soon(4))),
    leadRow('O-2', said('withdrawn', soon(0))),
  );
  expect(await gateway.app.intake.acceptBatch(200)).toMatchObject({ accepted: 2 });
  const order = await gateway.owner.all<{ reference: string; state: string }>(
    'SELECT l.reference, c.state FROM consents c JOIN leads l ON l.id = c.lead_id ORDER BY c.id',
  );
  expect(order.map((one) => `${one.reference} ${one.state}`)).toEqual([
    'O-1 granted',
    'O-1 granted',
    'O-2 withdrawn',
    'O-1 withdrawn',
  ]);
  await gateway.start('planner', 'worker');
  await gateway.until('both are told', () => given('O-1').length > 0 && given('O-2').length > 0);
  expect([given('O-1').at(-1), given('O-2').at(-1)]).toEqual(['RETRAIT', 'RETRAIT']);
});

test("a new lead's own answers count before the rows about it, also where such a row came first", async () => {
  await gateway.send(
    row('consent', 'P-1', said('withdrawn', soon(0))),
    leadRow('P-1', said('granted', soon(4))),
  );
  expect(await gateway.app.intake.acceptBatch(200)).toMatchObject({ accepted: 2 });
  const order = await gateway.owner.all<{ state: string }>('SELECT state FROM consents ORDER BY id');
  expect(order.map((one) => one.state)).toEqual(['granted', 'withdrawn']);
});
