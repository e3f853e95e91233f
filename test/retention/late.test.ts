// C30, C33: what came too late is refused visibly, and what nobody has asked about for two years is not relayed any more.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { recordOperation } from '../../src/retention/register.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response.writeHead(200).end(JSON.stringify({ success: true, id: 'C' }));
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const monthsAgo = (months: number): Date => {
  const at = new Date();
  at.setMonth(at.getMonth() - months);
  return at;
};
const day = (at: Date): string => at.toISOString().slice(0, 10);

test('C30: a re-sent row of an ended operation is refused as OPERATION_ENDED, and nothing of the person stays in it', async () => {
  const row = strangerRow('OLD-1', {
    operation: 'OP-OLD',
    operation_kind: 'one_off',
    collected_at: monthsAgo(6),
  });
  await gateway.send(row);
  const stateOf = async () => (await gateway.states("l.reference = 'OLD-1'"))[0]?.state;
  await gateway.until('delivered', async () => (await stateOf()) === 'delivered');
  await recordOperation(gateway.app.database, {
    clientId: 'essai',
    code: 'OP-OLD',
    kind: 'one_off',
    endsOn: day(monthsAgo(3)),
    recordedBy: 'tester',
  });
  const asked = await relais('retention', 'run', '--client', 'essai');
  expect([asked.code, asked.err]).toEqual([64, expect.stringContaining('1 leads are due')]);
  // The planner works at the same run, and may have the lead while the command reports.
  expect((await relais('retention', 'run', '--client', 'essai', '--yes')).out).toContain('essai: 1 due, ');
  // The lead is counted before it is deleted, and the run ends after both.
  await gateway.until('done', async () =>
    (await relais('retention', 'list', '--json')).out
      .split('\n')
      .some((line) => line.includes('"found":1,"purged":1') && line.includes('"state":"done"')),
  );
  expect(await actionsOf(gateway, 'purged', 'retention_run')).toHaveLength(2);
  expect(await gateway.owner.all("SELECT 1 FROM leads WHERE reference = 'OLD-1'")).toEqual([]);
  const before = crm.received.length;
  await gateway.send(row);
  await gateway.until(
    'refused',
    async () => (await gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'refused'")).length === 1,
  );
  expect(
    await gateway.owner.all('SELECT reference, refusal, email, last_name, mobile FROM lead_intake'),
  ).toMatchObject([
    {
      reference: 'OLD-1',
      refusal: expect.stringContaining('"OPERATION_ENDED"') as string,
      email: null,
      last_name: null,
      mobile: null,
    },
  ]);
  expect(crm.received).toHaveLength(before);
  expect((await relais('retention', 'run', '--yes')).err).toContain('Nothing is due.');
});

test('C33: a row whose own time is over is not taken in', async () => {
  await gateway.send(
    strangerRow('OLD-2', { collected_at: monthsAgo(37) }),
    strangerRow('OLD-3', { collected_at: monthsAgo(35) }),
  );
  await gateway.until(
    'settled',
    async () =>
      (await gateway.owner.all('SELECT 1 FROM lead_intake WHERE refusal LIKE \'%"RETENTION_ENDED"%\''))
        .length === 1,
  );
  await gateway.until('taken in', async () => (await gateway.states("l.reference = 'OLD-3'")).length === 1);
});

test('C33: without a sign for two years a lead is withheld, replayed or not; a sign of any lead of the person lets it go', async () => {
  const stateOf = async (reference: string) => {
    const [row] = await gateway.states(`l.reference = '${reference}' AND d.action = 'create'`);
    return row === undefined ? '' : `${row.state} ${row.reason}`;
  };
  await gateway.send(
    strangerRow('SLEEPS', { collected_at: monthsAgo(25) }),
    strangerRow('AWAKE', { collected_at: monthsAgo(25), mobile: '+33639985555' }),
    strangerRow('SIBLING', { mobile: '+33639985555' }),
    strangerRow('YOUNG', { collected_at: monthsAgo(23) }),
  );
  await gateway.until('withheld', async () => (await stateOf('SLEEPS')) === 'withheld inactive');
  for (const reference of ['AWAKE', 'YOUNG'])
    await gateway.until('delivered', async () => (await stateOf(reference)).startsWith('delivered'));
  await gateway.send({
    client_id: 'essai',
    kind: 'interaction',
    reference: 'SLEEPS',
    row_reference: 'SLEEPS-i',
    interactions: JSON.stringify([{ kind: 'inbound_call', at: new Date(Date.now() - 60_000).toISOString() }]),
  });
  await gateway.until('delivered', async () => (await stateOf('SLEEPS')).startsWith('delivered'));
});
