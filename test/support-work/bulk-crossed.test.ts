// What changes between two steps of a bulk run: rights, mappings, other runs, the end of a client. Nothing leaves that may not, and
// every delivery of the run is accounted for.
import { restrictWithin } from '../../src/privacy/rights.ts';
import { closeClient } from '../../src/retention/closing.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { readBulkRun, type BulkRow } from '../../src/store/deliveries/bulk-runs.ts';
import { dissolve } from '../../src/store/retention/gone-leads.ts';
import type { BulkOrder } from '../../src/support/bulk-steps.ts';
import { cancelRun, pauseRun, readRun, resumeRun, workAnyRun, workRun } from '../../src/support/bulk-runs.ts';
import { workStep } from '../../src/support/bulk-work.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { begunRun } from './bulk-home.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let ids: readonly number[];
const by = { actor: 'Sophie', reason: 'ticket 12' };
const count = 220;
const name = (n: number): string => `X-${String(n).padStart(3, '0')}`;
const accepts: HttpRecipient['answer'] = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = accepts;
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const planner = await gateway.start('planner');
  await gateway.send(
    ...Array.from({ length: count }, (_, n) =>
      strangerRow(name(n), {
        email: `x${n}@courriel.example`,
        mobile: `+3363998${String(n).padStart(4, '0')}`,
      }),
    ),
  );
  await gateway.soon('all planned', async () => (await gateway.states()).length === count);
  // Too old, and not refused: twenty refusals in a row would hold the destination.
  await gateway.owner.run(
    'UPDATE deliveries SET expires_at = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)), due_at = UTC_TIMESTAMP(3)',
  );
  const worker = await gateway.start('worker');
  await gateway.soon('all failed', async () => (await gateway.states("d.state = 'failed'")).length === count);
  await Promise.all([...planner, ...worker].map((role) => role.stop()));
  ids = (await gateway.states()).map(({ id }) => id);
}, 120_000);
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const begin = async (order: BulkOrder, of = ids): Promise<BulkRow> =>
  begunRun(gateway.app.database, {
    order,
    by,
    filter: { destination: 'essai-crm', state: 'failed' },
    deliveries: await readDeliveries(gateway.app.database, of),
  });
const lapse = (): Promise<unknown> =>
  gateway.owner.run('UPDATE bulk_runs SET lease_until = UTC_TIMESTAMP(3) WHERE lease_until IS NOT NULL');
async function toEnd(id: number): Promise<BulkRow> {
  for (;;) {
    await lapse();
    const run = await readRun(gateway.app.database, id);
    if (run.state !== 'running') return run;
    await workAnyRun(gateway.app);
  }
}
const sum = ({ results }: BulkRow): number =>
  Object.values(results).reduce((all, { count: n }) => all + n, 0);
const leadId = async (reference: string): Promise<number> =>
  (await gateway.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [reference]))[0]?.id ??
  0;
const received = (): readonly Record<string, unknown>[] =>
  crm.received
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
const settled = (): Promise<void> =>
  gateway.soon(
    'all ended',
    async () =>
      (await gateway.states("d.state NOT IN ('delivered', 'failed', 'cancelled', 'withheld')")).length === 0,
  );
const address = (n: number) => ({
  email: `x${n}@courriel.example`,
  phones: [`+3363998${String(n).padStart(4, '0')}`],
});

async function rights(from: number): Promise<void> {
  const { app } = gateway;
  const who = { clientId: 'essai', actor: 'officer', reason: 'request 1' };
  await app.rights.erase({ ...who, reference: name(from) });
  await app.database.transaction(async (tx) =>
    restrictWithin(tx, app.snapshot, { ...who, leadId: await leadId(name(from + 1)) }),
  );
  await app.rights.object({
    ...who,
    addresses: address(from + 2),
    optIns: [{ purpose: 'marketing', channel: 'email' }],
  });
  await app.rights.withdraw({ ...who, reference: name(from + 3), purpose: 'marketing', channels: ['email'] });
}

test('rights and a new version between the steps: each leaves with what is in force at its departure, or not at all', async () => {
  const { app } = gateway;
  const run = await begin({ kind: 'replay' });
  await workStep(app, run);
  await rights(0); // replayed by the first step
  await rights(150); // still to come
  gateway.file(
    'essai/crm.yaml',
    (webhookFiles(crm.port)['essai/crm.yaml'] ?? '').replace('to: OPTIN', 'to: OPTIN2'),
  );
  await app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'second' });
  const ended = await toEnd(run.id);
  expect(ended).toMatchObject({ state: 'done', counted: count });
  expect(ended.done + ended.refused).toBe(count);
  expect(sum(ended)).toBe(count);
  await gateway.start('planner', 'worker');
  await settled();
  const refs = received().map((one) => String(one['ref']));
  expect(new Set(refs).size).toBe(refs.length);
  for (const gone of [0, 1, 150, 151]) expect(refs).not.toContain(name(gone));
  expect(refs).toHaveLength(count - 4);
  const said = new Map(received().map((one) => [one['ref'], one['OPTIN2']]));
  for (const n of [2, 3, 152, 153]) expect([n, said.get(name(n))]).toEqual([n, 'RETRAIT']);
  expect(said.get(name(7))).toBe('OUI');
});

test('two runs over the same deliveries, worked in turn, and a cancel behind them: each delivery once, all counted', async () => {
  const { app } = gateway;
  const one = await begin({ kind: 'replay' });
  const two = await begin({ kind: 'replay' });
  const cancel = await begin({ kind: 'cancel' });
  const close = await begin({ kind: 'close', evidence: 'mail of 2 December' });
  await Promise.all([workRun(app, one), workRun(app, two), workRun(app, cancel), workRun(app, close)]);
  for (const { id } of [one, two, cancel, close]) {
    const ended = await readRun(app.database, id);
    expect(ended).toMatchObject({ state: 'done', counted: count });
    expect([id, ended.done + ended.refused, sum(ended)]).toEqual([id, count, count]);
  }
  await gateway.start('planner', 'worker');
  await settled();
  const refs = received().map((body) => String(body['ref']));
  expect(new Set(refs).size).toBe(refs.length);
});

test('leads that retention lets go between the steps are counted, and said', async () => {
  const { app } = gateway;
  const run = await begin({ kind: 'replay' });
  await workStep(app, run);
  const gone = await Promise.all([150, 151, 152].map((n) => leadId(name(n))));
  await gateway.owner.transaction((tx) => dissolve(tx, gone));
  const ended = await toEnd(run.id);
  expect(ended).toMatchObject({ state: 'done', counted: count, done: count - 3, refused: 3 });
  expect(ended.results).toMatchObject({ not_found: { count: 3 } });
});

test('paused, continued, cancelled between the steps: what is left out keeps its state', async () => {
  const { app } = gateway;
  const run = await begin({ kind: 'replay' });
  await workStep(app, run);
  await pauseRun(app.database, run.id, 'paused');
  expect((await workStep(app, run))?.state).toBe('paused');
  await lapse();
  expect(await workAnyRun(app)).toBe(false);
  const resumed = await resumeRun(app.database, run.id);
  await workStep(app, resumed);
  const cancelled = await cancelRun(app.database, run.id, { actor: 'Paul', reason: 'enough' });
  expect(cancelled).toMatchObject({ state: 'cancelled', done: 200 });
  expect(await readBulkRun(app.database, run.id)).toMatchObject({ done: 200, refused: 0 });
  expect(await gateway.states("d.state = 'failed'")).toHaveLength(20);
});

test('the client’s contract ends between the steps: nothing leaves, and the rest of the run says so', async () => {
  const { app } = gateway;
  const run = await begin({ kind: 'replay' });
  await workStep(app, run);
  await recordInstruction(app.database, {
    clientId: 'essai',
    givenOn: '2026-11-20',
    givenBy: 'la direction',
    document: 'lettre de fin de contrat',
    covers: ['contract_end', 'recipients'],
    operation: '',
    recordedBy: 'tester',
  });
  await closeClient(app.database, { clientId: 'essai', instruction: 1, deleteOn: '2199-01-31', ...by });
  const ended = await toEnd(run.id);
  await gateway.start('planner', 'worker');
  await settled();
  expect(received()).toEqual([]);
  expect(ended).toMatchObject({
    done: 100,
    refused: count - 100,
    results: { archived: { count: count - 100 } },
  });
  expect(await gateway.states("d.state = 'cancelled' AND d.reason = 'contract_ended'")).toHaveLength(100);
});
