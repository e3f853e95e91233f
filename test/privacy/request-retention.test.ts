// C21: a request's own retention: the demand with its key first, the request later; and what a request holds back meanwhile.
import type { RequestKind } from '../../src/domain/requests.ts';
import { planRetention } from '../../src/retention/plan.ts';
import { purgeRefused } from '../../src/store/intake/refused-rows.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let relais: Relais;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

const by = { actor: 'tester' };
const broken: number[] = [];
const letGo = (today: string) =>
  gateway.app.requests.letGo({ ...by, today, onBroken: (id) => void broken.push(id) });
async function closed(kind: RequestKind, reference: string, closedAt: string): Promise<number> {
  await gateway.send(strangerRow(reference));
  await gateway.app.intake.acceptBatch(10);
  const { requests } = gateway.app;
  const { id } = await requests.open({
    ...{ clientId: 'essai', kind, references: [reference], identity: 'seen', ...by },
    demand: { name: 'demande.pdf', bytes: Buffer.from('DEMANDE') },
    ...(kind === 'objection' ? { optIns: { purposes: ['marketing'], channels: ['phone'] } } : {}),
  });
  await requests.apply(id, { selection: { leads: 'all', rows: 'all' }, ...by });
  await requests.declareInformed(id, { ...by, evidence: 'letter of 2026-12-12' });
  await requests.close(id, { ...by, outcome: 'done', reason: '' });
  await gateway.owner.run('UPDATE requests SET closed_at = ? WHERE id = ?', [new Date(closedAt), id]);
  return id;
}
const keptOf = async (id: number): Promise<readonly string[]> => {
  const { name } = gateway.app.database;
  const tables = [
    ['requests', 'id', name],
    ['request_subjects', 'request_id', name],
    ['request_documents', 'request_id', name],
    ['request_secrets', 'request_id', `${name}_keys`],
  ];
  const kept: string[] = [];
  for (const [table = '', column = '', schema = ''] of tables) {
    const rows = await gateway.owner.all(`SELECT 1 FROM \`${schema}\`.${table} WHERE ${column} = ?`, [id]);
    if (rows.length > 0) kept.push(table);
  }
  return kept;
};

test('C21: a closed request’s demand and key are destroyed on their day, the request on its own, and the plan says so', async () => {
  const erasure = await closed('erasure', 'Q-1', '2026-01-20T12:00:00Z');
  const objection = await closed('objection', 'Q-2', '2026-01-20T12:00:00Z');
  const { id: open } = await gateway.app.requests.open({
    ...{ clientId: 'essai', kind: 'access', email: 'q-9@courriel.example', ...by },
    receivedAt: gateway.app.database.now(),
  });
  const plan = await planRetention(gateway.app.database, ['essai'], {
    from: '2027-01-01',
    until: '2027-12-31',
  });
  expect(plan.requests).toEqual([{ clientId: 'essai', on: '2027-01-20', what: 'demand', requests: 1 }]);
  expect(await letGo('2027-01-19')).toEqual({ demand: 0, request: 0 });
  expect(await letGo('2027-01-20')).toEqual({ demand: 1, request: 0 });
  expect(await letGo('2027-01-20')).toEqual({ demand: 0, request: 0 });
  expect(await keptOf(erasure)).toEqual(['requests', 'request_subjects']);
  const row = await gateway.owner.all('SELECT asked FROM requests WHERE id = ?', [erasure]);
  expect(row).toEqual([{ asked: null }]);
  expect((await gateway.owner.all('SELECT 1 FROM request_document_parts')).length).toBe(1);
  await expect(gateway.app.requests.copy(erasure, { ...by, reason: 'ticket 12' })).rejects.toMatchObject({
    code: 'FIND-001',
  });
  expect(await keptOf(objection)).toHaveLength(4);
  expect(await letGo('2029-01-19')).toEqual({ demand: 0, request: 0 });
  expect(await letGo('2029-01-20')).toEqual({ demand: 0, request: 2 });
  expect([await keptOf(erasure), await keptOf(objection)]).toEqual([[], []]);
  // However old, what is not closed stays.
  expect(await letGo('2099-01-01')).toEqual({ demand: 0, request: 0 });
  expect(await keptOf(open)).toContain('request_secrets');
  const log = await gateway.owner.all<{ purpose: string; reason: string }>(
    "SELECT purpose, reason FROM handovers WHERE reason IN ('demand_destroyed', 'removed') ORDER BY id",
  );
  expect(log).toEqual([
    { purpose: `request ${erasure}`, reason: 'demand_destroyed' },
    { purpose: `request ${erasure}`, reason: 'removed' },
    { purpose: `request ${objection}`, reason: 'removed' },
  ]);
});

test('C21: a restriction that stands is kept, and one broken request keeps no other', async () => {
  const restriction = await closed('restriction', 'Q-3', '2020-01-20T12:00:00Z');
  const first = await closed('erasure', 'Q-4', '2020-01-20T12:00:00Z');
  const second = await closed('erasure', 'Q-5', '2020-01-20T12:00:00Z');
  const real = gateway.app.database.transaction;
  const spied = jest.spyOn(gateway.app.database, 'transaction').mockImplementationOnce(() => {
    throw new TypeError('broken');
  });
  expect(await letGo('2026-01-01')).toEqual({ demand: 0, request: 1 });
  spied.mockRestore();
  expect(gateway.app.database.transaction).toBe(real);
  expect(broken).toEqual([first]);
  expect(await keptOf(second)).toEqual([]);
  expect(await keptOf(restriction)).toContain('request_secrets');
  expect(await letGo('2026-01-01')).toEqual({ demand: 0, request: 1 });
});

test('C21: a refused row is not purged from under a restriction or an open request', async () => {
  const bad = { mobile: 'no phone' };
  await gateway.send(
    strangerRow('RR-1', { ...bad, email: 'rr-1@courriel.example' }),
    strangerRow('RR-2', { ...bad, email: 'rr-2@courriel.example' }),
    strangerRow('RR-3', { ...bad, email: 'rr-3@courriel.example' }),
    strangerRow('RR-4', { ...bad, email: 'rr-4@courriel.example' }),
    strangerRow('RR-5'),
  );
  await gateway.app.intake.acceptBatch(20);
  // A correction of RR-5 that is refused, and the lead is restricted.
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'RR-5', row_reference: 'k', email: 'no address' },
  });
  await gateway.app.intake.acceptBatch(20);
  const { requests, database } = gateway.app;
  const of = async (kind: RequestKind, email: string): Promise<number> =>
    (await requests.open({ clientId: 'essai', kind, email, identity: 'seen', ...by })).id;
  const all = { selection: { leads: 'all', rows: 'all' }, ...by } as const;
  await of('access', 'rr-1@courriel.example');
  const restricted = await of('restriction', 'rr-2@courriel.example');
  await requests.apply(restricted, all);
  await requests.declareInformed(restricted, { ...by, evidence: 'letter 1' });
  await requests.close(restricted, { ...by, outcome: 'done', reason: '' });
  // Somebody else's, as a person decided.
  const other = await of('erasure', 'rr-3@courriel.example');
  await requests.apply(other, { selection: { leads: [], rows: [] }, ...by });
  const five = await of('restriction', 'rr-5@courriel.example');
  await requests.apply(five, all);
  await gateway.owner.run(
    "UPDATE lead_intake SET settled_at = TIMESTAMPADD(DAY, -400, UTC_TIMESTAMP(3)) WHERE status = 'refused'",
  );
  const left = async (): Promise<readonly string[]> => {
    await database.transaction((tx) => purgeRefused(tx, 90, 200));
    return (
      await gateway.owner.all<{ reference: string }>(
        "SELECT reference FROM lead_intake WHERE status = 'refused' ORDER BY id",
      )
    ).map(({ reference }) => reference);
  };
  expect(await left()).toEqual(['RR-1', 'RR-2', 'RR-5']);
  await requests.lift(restricted, { ...by, evidence: 'letter 2' });
  await requests.lift(five, { ...by, evidence: 'letter 3' });
  await requests.declareInformed(five, { ...by, evidence: 'letter 4' });
  await requests.close(five, { ...by, outcome: 'done', reason: '' });
  expect(await left()).toEqual(['RR-1']);
});

test('the terminal plans and carries it out', async () => {
  const id = await closed('erasure', 'Q-8', '2024-06-20T12:00:00Z');
  const { out } = await relais('retention', 'plan', '--client', 'essai', '--until', '2026-12-31');
  expect(out).toContain('2025-06-20 (overdue)  essai  demands of closed requests are destroyed: 1');
  const run = await relais('retention', 'run', '--client', 'essai', '--yes');
  expect(run.out).toMatch(/Requests: 1 demands destroyed, \d+ requests removed\./);
  expect(await keptOf(id)).toEqual(['requests', 'request_subjects']);
});
