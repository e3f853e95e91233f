// What a night costs: leads that wait for years, and leads that are not due, are not gone through one by one.
import { dueLeads } from '../../src/retention/due.ts';
import { recordInstruction, recordOperation } from '../../src/retention/register.ts';
import { createRetention } from '../../src/retention/run.ts';
import { silentLog } from '../../src/log.ts';
import type { Sql } from '../../src/store/database.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { keep, leftOf } from './kept.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

const by = { actor: 'tester' };
const on = (today: string) =>
  createRetention({
    database: gateway.app.database,
    secrets: gateway.app.secrets,
    oppositionKey: gateway.app.oppositionKey,
    phoneProofs: { folder: undefined, recipient: undefined },
    log: silentLog,
    today: () => today,
  });
const left = async (): Promise<readonly string[]> =>
  (await leftOf(gateway)).filter((reference) => !reference.startsWith('D-'));
/** The wait of every lead is over. */
const later = () => gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');

test('C33 C35: of an operation with a short delay its own leads are looked at, and no others of that age', async () => {
  await keep(gateway, {
    'D-1': { collected: '2025-01-10', over: { operation: 'REC-18' } },
    'D-2': { collected: '2025-01-10' },
    'D-3': { collected: '2025-01-10', over: { operation: 'REC-48' } },
    'D-4': { collected: '2026-01-10', over: { operation: 'REC-18' } },
  });
  const { database } = gateway.app;
  const instruction = await recordInstruction(database, {
    ...{ clientId: 'essai', givenOn: '2026-11-01', givenBy: 'Mme Exemple', document: 'annexe 3' },
    ...{ covers: ['retention'] as const, operation: '', recordedBy: 'tester' },
  });
  for (const [code, count] of [
    ['REC-18', 18],
    ['REC-48', 48],
  ] as const)
    await recordOperation(database, {
      ...{ clientId: 'essai', code, kind: 'recurring', delay: { count, unit: 'month' }, instruction },
      recordedBy: 'tester',
    });
  const read: string[] = [];
  const watched: Sql = {
    ...database,
    all: async <Row>(sql: string, values?: Parameters<Sql['all']>[1]) => {
      const rows = await database.all<Row>(sql, values);
      if (/AS leadId, reference[^]* FORCE INDEX \(leads_(?:operation|collected)/.test(sql))
        read.push(...(rows as readonly { reference: string }[]).map(({ reference }) => reference));
      return rows;
    },
  };
  const due: string[] = [];
  for await (const page of dueLeads(watched, 'essai', '2026-07-10'))
    due.push(...page.map(({ reference }) => reference));
  expect(due).toEqual(['D-1']);
  expect(read).toEqual(['D-1']);
  // No others' matter: they are not due in what follows.
  await gateway.owner.run("UPDATE leads SET collected_at = '2027-05-01' WHERE reference LIKE 'D-%'");
});

test('C21: leads that wait for a right are put off together, without a transaction for each run; then each goes in its turn', async () => {
  await recordOperation(gateway.app.database, {
    ...{ clientId: 'essai', code: 'OP-W', kind: 'one_off', endsOn: '2026-09-30', recordedBy: 'tester' },
  });
  const { requests, database } = gateway.app;
  const over = { operation: 'OP-W', operation_kind: 'one_off' };
  const retention = on('2027-06-01');
  const opened: number[] = [];
  for (const reference of ['W-1', 'W-2', 'W-3']) {
    await keep(gateway, { [reference]: { collected: '2026-08-01', over } });
    const kind = reference === 'W-3' ? 'access' : 'restriction';
    const { id } = await requests.open({ clientId: 'essai', kind, references: [reference], ...by });
    if (kind === 'restriction')
      await requests.apply(id, { selection: { leads: [reference], rows: 'all' }, ...by });
    opened.push(id);
    await retention.finish(await retention.begin('essai', 'tester'));
  }
  await later();
  const waiting = () =>
    gateway.owner.all(
      `SELECT waits_for AS waitsFor, COUNT(*) AS leads, SUM(next_at <= UTC_TIMESTAMP(3)) + 0 AS due
         FROM retention_items GROUP BY waits_for ORDER BY waits_for`,
    );
  const opening = jest.spyOn(database, 'transaction');
  expect(await retention.step()).toBe(false);
  expect(opening).not.toHaveBeenCalled();
  opening.mockRestore();
  expect(await waiting()).toEqual([
    { waitsFor: 'restricted', leads: 2, due: 0 },
    { waitsFor: 'right_open', leads: 1, due: 0 },
  ]);
  await requests.lift(opened[1] ?? 0, { ...by, evidence: 'letter' });
  await requests.answered(opened[2] ?? 0, { ...by, evidence: 'letter', identity: 'card seen' });
  await later();
  expect(await retention.step()).toBe(true);
  expect(await left()).toEqual(['W-1']);
});

test('C30: where others of its run have their turn, a lead that waits keeps nobody', async () => {
  await keep(gateway, {
    'V-1': { collected: '2026-08-01', over: { operation: 'OP-W', operation_kind: 'one_off' } },
  });
  await gateway.owner.run('UPDATE retention_items SET run_id = 0');
  const retention = on('2027-06-01');
  const runId = await retention.begin('essai', 'tester');
  await gateway.owner.run('UPDATE retention_items SET run_id = ?', [runId]);
  await later();
  expect(await retention.step()).toBe(true);
  expect(await left()).toEqual(['W-1']);
});
