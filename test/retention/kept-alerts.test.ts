// C30 to C33: data that stays past its day, or that has no day, is a task with a day for the officer.
import { recordOperation } from '../../src/retention/register.ts';
import { createRetention } from '../../src/retention/run.ts';
import { silentLog } from '../../src/log.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { keep } from './kept.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(() => gateway.close());

const by = { actor: 'tester' };
async function night(today: string): Promise<void> {
  await gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
  const retention = createRetention({
    database: gateway.app.database,
    secrets: gateway.app.secrets,
    oppositionKey: gateway.app.oppositionKey,
    phoneProofs: { folder: undefined, recipient: undefined },
    log: silentLog,
    today: () => today,
  });
  await retention.beginDaily();
  await retention.step();
}
const tasks = async (): Promise<readonly (readonly [string, string])[]> =>
  (
    await gateway.owner.all<{ reason: string; isOpen: number }>(
      "SELECT reason, closed_at IS NULL AS isOpen FROM alerts WHERE kind = 'retention_kept' AND client_id = 'essai' ORDER BY id",
    )
  ).map(({ reason, isOpen }) => [reason, isOpen === 1 ? 'open' : 'closed'] as const);
const byReason = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  a.localeCompare(b);
const oneOff = (operation: string | null) => ({ operation, operation_kind: 'one_off' });

test('C30: a one-off operation without an end is a task until somebody records the end', async () => {
  await keep(gateway, {
    'E-1': { collected: '2026-08-01', over: oneOff('JPO-26') },
    'E-2': { collected: '2026-08-02', over: oneOff('JPO-26') },
    'E-3': { collected: '2026-08-02', over: oneOff(null) },
    'E-4': { collected: '2026-08-02', over: { operation: 'FIL-ROUGE' } },
    'E-5': { collected: '2026-08-02', over: { operation: 'SALON' } },
  });
  const record = (code: string, endsOn?: string) =>
    recordOperation(gateway.app.database, {
      ...{ clientId: 'essai', code, kind: 'one_off', recordedBy: 'tester' },
      ...(endsOn === undefined ? {} : { endsOn }),
    });
  // What is recorded counts, not what its leads say.
  await record('SALON');
  await night('2026-09-01');
  expect((await tasks()).toSorted(byReason)).toEqual([
    ['END_MISSING:2026-09-15:', 'open'],
    ['END_MISSING:2026-09-15:JPO-26', 'open'],
    ['END_MISSING:2026-09-15:SALON', 'open'],
  ]);
  // Neither the next night nor a task that was closed asks again before the day; after it, both do.
  await gateway.owner.run("UPDATE alerts SET closed_at = UTC_TIMESTAMP(3) WHERE reason LIKE '%SALON'");
  await night('2026-09-15');
  expect(await tasks()).toHaveLength(3);
  await record('JPO-26', '2026-12-31');
  await night('2026-09-16');
  expect((await tasks()).toSorted(byReason)).toEqual([
    ['END_MISSING:2026-09-15:', 'closed'],
    ['END_MISSING:2026-09-15:JPO-26', 'closed'],
    ['END_MISSING:2026-09-15:SALON', 'closed'],
    ['END_MISSING:2026-09-30:', 'open'],
    ['END_MISSING:2026-09-30:SALON', 'open'],
  ]);
});

test('C30: a lead that a right keeps past its day is a task on that day, again when the task’s own day has passed', async () => {
  const { database, requests } = gateway.app;
  await recordOperation(database, {
    ...{ clientId: 'essai', code: 'OP-K', kind: 'one_off', endsOn: '2026-09-30', recordedBy: 'tester' },
  });
  await keep(gateway, {
    'K-1': { collected: '2026-08-01', over: oneOff('OP-K') },
    'K-2': { collected: '2026-08-01', over: oneOff('OP-K') },
  });
  const held = await requests.open({ clientId: 'essai', kind: 'restriction', references: ['K-1'], ...by });
  await requests.apply(held.id, { selection: { leads: ['K-1'], rows: 'all' }, ...by });
  const asked = await requests.open({ clientId: 'essai', kind: 'access', references: ['K-2'], ...by });
  await night('2026-11-29');
  expect(await tasks()).toEqual([]);
  await night('2026-11-30');
  expect(await tasks()).toEqual([
    ['RESTRICTED:2026-12-14:', 'open'],
    ['RIGHT_OPEN:2026-12-14:', 'open'],
  ]);
  await requests.lift(held.id, { ...by, evidence: 'letter' });
  await night('2026-12-14');
  await night('2026-12-15');
  expect(await tasks()).toEqual([
    ['RESTRICTED:2026-12-14:', 'closed'],
    ['RIGHT_OPEN:2026-12-14:', 'closed'],
    ['RIGHT_OPEN:2026-12-29:', 'open'],
  ]);
  await requests.answered(asked.id, { ...by, evidence: 'letter', identity: 'card seen' });
  await night('2026-12-16');
  await night('2026-12-17');
  expect((await tasks()).filter(([, state]) => state === 'open')).toEqual([]);
});

test('C30: a client without leads is looked at until its last task and its refused rows are gone', async () => {
  const { database, requests, intake } = gateway.app;
  await recordOperation(database, {
    ...{ clientId: 'essai', code: 'OP-K', kind: 'one_off', endsOn: '2026-09-30', recordedBy: 'tester' },
  });
  await keep(gateway, { 'K-1': { collected: '2026-08-01', over: oneOff('OP-K') } });
  const asked = await requests.open({ clientId: 'essai', kind: 'access', references: ['K-1'], ...by });
  await night('2026-11-30');
  await requests.answered(asked.id, { ...by, evidence: 'letter', identity: 'card seen' });
  // Nothing of the lead is under way any more: it is gone in the same night.
  await gateway.owner.run('DELETE FROM lead_changes');
  await night('2026-12-01');
  expect(await gateway.owner.all('SELECT 1 FROM leads')).toEqual([]);
  expect(await tasks()).toEqual([['RIGHT_OPEN:2026-12-14:', 'open']]);
  await night('2026-12-02');
  expect(await tasks()).toEqual([['RIGHT_OPEN:2026-12-14:', 'closed']]);

  await gateway.send(strangerRow('R-1', { channel: 'nonsense' }));
  await intake.acceptBatch(10);
  // It came while the operation went on.
  await gateway.owner.run("UPDATE lead_intake SET operation = 'OP-K' WHERE reference = 'R-1'");
  const refused = () => gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'refused'");
  expect(await refused()).toHaveLength(1);
  await night('2026-12-03');
  expect(await refused()).toEqual([]);
  await night('2026-12-04');
  expect(await gateway.owner.all("SELECT 1 FROM retention_runs WHERE day = '2026-12-04'")).toEqual([]);
});
