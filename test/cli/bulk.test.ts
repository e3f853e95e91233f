// relais bulk, and the commands that work on many: counted first, confirmed, shown while and after they run.
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { begunRun, openBulkHome, type BulkHome } from '../support-work/bulk-home.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let home: BulkHome;
let relais: Relais;
beforeAll(async () => {
  home = await openBulkHome();
  relais = terminalOf(environmentOf(home.gateway));
});
afterAll(() => home.gateway.close());

const runOf = async (kind: string): Promise<{ readonly id: number } & Record<string, unknown>> => {
  const { out } = await relais('bulk', 'list', '--json');
  const runs = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { id: number; kind: string });
  const found = runs.find((run) => run.kind === kind);
  if (found === undefined) throw new Error(`no run: ${kind}`);
  return found;
};
const statesOf = async (ids: readonly number[]): Promise<readonly string[]> => [
  ...new Set(
    (await home.gateway.states(`d.id IN (${ids.join(', ')})`)).map((row) => `${row.state}:${row.reason}`),
  ),
];

test('there is none at first', async () =>
  expect(await relais('bulk', 'list')).toMatchObject({ code: 0, err: 'None.\n' }));

test('a replay by filter is a run, listed and shown with who, why, for what and what came of it', async () => {
  await home.failed(3, 'RE');
  const ran = await relais('replay', '--state', 'failed', '--reason', 'ticket 1', '--yes');
  expect(ran.out).toContain('3 replayed, 0 refused.');
  const run = await runOf('replay');
  expect(ran.err).toContain(`relais bulk cancel ${run.id} stops it`);
  expect(run).toMatchObject({
    ...{ state: 'done', counted: 3, done: 3, refused: 0, actor: 'staff:1', reason: 'ticket 1' },
    ...{ filter: { state: 'failed' }, inWork: false },
  });
  expect((await relais('bulk', 'list', '--state', 'done')).out).toMatch(/replay +done +3 +3 +0 .*ticket 1/);
  const shown = (await relais('bulk', 'show', String(run.id), '--lang', 'en')).out;
  expect(shown).toContain('asked by   Sophie: ticket 1');
  expect(shown).toContain('progress   3 of 3: 3 done, 0 refused');
  expect(shown).toMatch(/ 3 {2}given a new run under a new Idempotency-Key\n/);
  const french = (await relais('bulk', 'show', String(run.id))).out;
  expect(french).toContain(`Traitement groupé ${run.id} : rejeu, terminé`);
  expect(french).toContain('avancement 3 sur 3 : 3 faites, 0 refusée');
  expect(french).toMatch(/ 3 {2}rejouées sous une nouvelle clé\n/);
  expect(await relais('bulk', 'show', '999')).toMatchObject({ code: 1 });
});

test('a cancellation by filter is counted, confirmed, and leaves what is at its end', async () => {
  const ids = await home.failed(4, 'CA');
  await home.gateway.owner.run(
    `UPDATE deliveries SET state = 'waiting', reason = 'retry', settled_at = NULL WHERE id IN (${ids.slice(0, 3).join(', ')})`,
  );
  const filter = ['cancel', '--destination', 'essai-crm', '--cause', 'retry'];
  const dry = await relais(...filter, '--dry-run');
  expect(dry.out).toBe('     3  are cancelled\n');
  const unasked = await relais(...filter, '--reason', 'ticket 2');
  expect(unasked).toMatchObject({ code: 64 });
  expect(unasked.err).toContain('3 deliveries will be cancelled. Add --yes');
  expect((await relais(...filter, '--reason', 'ticket 2', '--yes')).out).toContain('3 of 3 cancelled.');
  expect(await statesOf(ids.slice(0, 3))).toEqual(['cancelled:by_support']);
  expect(await statesOf(ids.slice(3))).toEqual(['failed:refused']);
  expect(await actionsOf(home.gateway, 'cancelled')).toHaveLength(3);
  expect(await relais('cancel', String(ids[0]), ...filter.slice(1), '--reason', 'ticket 2')).toMatchObject({
    code: 64,
  });
});

test('what a run refuses is named with why, and ends with 1', async () => {
  const [one = 0, two = 0] = await home.failed(2, 'RF');
  await home.gateway.owner.run("UPDATE deliveries SET state = 'sending' WHERE id = ?", [two]);
  const ran = await relais('cancel', String(two), '--reason', 'ticket 3');
  expect(ran).toMatchObject({ code: 1, out: '0 of 1 cancelled.\n' });
  const run = await runOf('cancel');
  expect((await relais('bulk', 'show', String(run.id), '--lang', 'en')).out).toContain(
    `1  refused: being sent, or at its end already (${two})`,
  );
  expect(one).toBeGreaterThan(0);
});

test('many of unknown outcome are resolved by filter, those alone that wait for a decision', async () => {
  const ids = await home.failed(5, 'UN');
  const [waiting, ended] = [ids.slice(0, 3), ids.slice(3)];
  await home.gateway.owner.run(
    `UPDATE deliveries SET state = 'waiting', reason = 'unknown_hold', maybe_received = 1, settled_at = NULL WHERE id IN (${waiting.join(', ')})`,
  );
  await home.gateway.owner.run(`UPDATE deliveries SET maybe_received = 1 WHERE id IN (${ended.join(', ')})`);
  const all = ['delivery', 'resolve', '--destination', 'essai-crm', '--since', '1h', '--not-received'];
  expect(await relais(...all, '--evidence', 'ticket 4')).toMatchObject({ code: 64 });
  expect(await relais(...all, '--reference', 'C-1', '--evidence', 'ticket 4')).toMatchObject({ code: 64 });
  const ran = await relais(...all, '--evidence', 'ticket 4', '--yes');
  expect(ran).toMatchObject({ code: 0, out: '3 resolved, 0 refused.\n' });
  expect(await statesOf(waiting)).toEqual(['planned:']);
  expect(await statesOf(ended)).toEqual(['failed:refused']);
  const resolved = await actionsOf(home.gateway, 'resolved');
  expect(resolved.map((entry) => [entry.delivery, entry.purpose])).toEqual(
    waiting.map((id) => [id, 'ticket 4']),
  );
});

test('a run in work is cancelled with a reason; what waits of it is not done', async () => {
  const ids = await home.failed(2, 'ST');
  const run = await begunRun(home.gateway.app.database, {
    order: { kind: 'replay', anew: false },
    by: { actor: 'Paul', reason: 'ticket 5' },
    filter: { state: 'failed' },
    deliveries: await readDeliveries(home.gateway.app.database, ids),
  });
  expect(await relais('bulk', 'cancel', String(run.id))).toMatchObject({ code: 64 });
  expect((await relais('bulk', 'cancel', String(run.id), '--reason', 'ticket 6')).out).toBe(
    `Bulk run ${run.id} is cancelled: 0 of 2 done, 0 refused.\n`,
  );
  const again = await relais('bulk', 'cancel', String(run.id), '--reason', 'ticket 6');
  expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^BULK-001 /) as string });
  expect((await relais('bulk', 'show', String(run.id), '--lang', 'en')).out).toContain(
    'cancelled  by Sophie: ticket 6',
  );
  expect(await statesOf(ids)).toEqual(['failed:refused']);
});

test('a run that nobody works is finished from a terminal', async () => {
  const ids = await home.failed(2, 'GO');
  const { app, owner } = home.gateway;
  const by = { actor: 'Paul', reason: 'ticket 7' };
  const filter = { state: 'failed' } as const;
  const deliveries = await readDeliveries(app.database, ids);
  const order = { kind: 'replay', anew: false } as const;
  const run = await begunRun(app.database, { order, by, filter, deliveries });
  await owner.run('UPDATE bulk_runs SET lease_until = UTC_TIMESTAMP(3) WHERE id = ?', [run.id]);
  expect((await relais('bulk', 'show', String(run.id), '--lang', 'en')).out).toContain(
    'it waits for a planner',
  );
  expect((await relais('status')).out).toMatch(/^bulk {5}1 running \(relais bulk list/m);
  await owner.run("UPDATE bulk_runs SET failures = 2, failure = 'FIND-001' WHERE id = ?", [run.id]);
  expect((await relais('status')).out).toMatch(/^bulk {5}1 running, 1 of them cannot go on/m);
  const failing = (await relais('bulk', 'show', String(run.id))).out;
  expect(failing).toContain('2 étapes de suite, la dernière par FIND-001');
  expect((await relais('bulk', 'resume', String(run.id), '--lang', 'en')).out).toContain('2 of 2: 2 done');
  expect(await statesOf(ids)).toEqual(['planned:']);
  expect(await relais('bulk', 'resume', String(run.id))).toMatchObject({ code: 1 });
});
