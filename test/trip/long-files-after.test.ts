// What comes after a long file has left, or may have: held, expired, erased and resolved rows, and workers that came too late.
import { createMaintenance } from '../../src/delivery/background/maintenance.ts';
import { silentLog } from '../../src/log.ts';
import { firstNumber } from '../../src/store/database.ts';
import { dropWhole, keepOutcome, openWhole, takeWhole } from '../../src/store/files/long-files.ts';
import { recoverWholes } from '../store/recover-wholes.ts';
import { sftpUser } from '../connectors/servers/sftp.ts';
import { openDropGateway, type DropGateway, type FlowLines } from './drop.ts';
import { strangerRow } from './gateway.ts';
import { lapse, startProcess } from './process.ts';

let gateway: DropGateway;
const by = { actor: 'tester', reason: 'test' };
const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);
const open = async (over: FlowLines = {}): Promise<void> => {
  gateway = await openDropGateway(over, silentLog, { RELAIS_FILE_PART_ROWS: '3' });
};
const queued = async (letter: string, count: number): Promise<void> => {
  await gateway.send(...names(letter, count).map((name) => strangerRow(name)));
  await gateway.collectable(count);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === count);
};
const held = async (): Promise<number> =>
  Object.entries(await gateway.counts())
    .filter(([what]) => what.startsWith('waiting:unknown_hold'))
    .reduce((sum, [, count]) => sum + count, 0);
const hoursUntilTried = async (): Promise<number> =>
  Number(
    (
      await gateway.owner.all<{ hours: number }>(
        "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(3), due_at) AS hours FROM batches WHERE role = 'whole'",
      )
    )[0]?.hours,
  );

/** The log of a lead's `create`, entry and reason. */
const createEntries = async (reference: string): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ entry: string; reason: string }>(
      `SELECT entry, reason FROM handovers WHERE action = 'create' AND lead_id = (SELECT id FROM leads WHERE reference = ?) ORDER BY id`,
      [reference],
    )
  ).map(({ entry, reason }) => `${entry} ${reason}`.trim());

afterEach(() => gateway.close());

test('`onUnknown: hold` keeps a long file whose worker died while it travelled: it is not sent again', async () => {
  await open({ extra: 'onUnknown: hold', timeouts: '{ connect: 5s, response: 2s, total: 10s }' });
  await gateway.start('planner');
  await queued('H', 8);
  gateway.sftp.fault = (step) => (step === 'write' ? 'hang' : undefined);
  await gateway.start('worker');
  await gateway.until('travels', () => gateway.sftp.log.length > 0);
  await gateway.owner.run(
    "UPDATE batches SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE role = 'whole'",
  );
  await gateway.until('held', async () => (await held()) === 8);
  const [left] = await gateway.owner.all<{ hours: number }>(
    'SELECT MAX(TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(3), expires_at)) AS hours FROM deliveries',
  );
  expect(await hoursUntilTried()).toBeGreaterThanOrEqual(left?.hours ?? 0);
});

test('the rows of a long file expire together: without one of its parts it would be another file', async () => {
  await open({ retry: '[30s]' });
  await gateway.start('planner');
  await queued('T', 8);
  await gateway.owner.run(
    'UPDATE deliveries SET expires_at = TIMESTAMPADD(HOUR, -1, expires_at) ORDER BY id LIMIT 3',
  );
  gateway.sftp.fault = (step) => (step === 'write' ? 'reset' : undefined);
  await gateway.start('worker');
  await gateway.until('cut', async () =>
    Object.entries(await gateway.counts()).some(
      ([what, count]) => what.startsWith('waiting:retry') && count === 8,
    ),
  );
  expect(await gateway.owner.all('SELECT DISTINCT expires_at FROM deliveries')).toHaveLength(1);
});

test('a held long file whose rows are all gone ends, and keeps nothing of them', async () => {
  await open({ extra: 'onUnknown: hold' });
  await gateway.start('planner', 'worker');
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await gateway.send(...names('G', 4).map((name) => strangerRow(name)));
  await gateway.collectable(4);
  await gateway.ask();
  await gateway.until('held', async () => (await held()) === 4);
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'delivered', reason = 'accepted', batch_id = 0, settled_at = UTC_TIMESTAMP(3)",
  );
  const { database, published } = gateway.app;
  const producer = { push: () => Promise.resolve() } as never;
  await createMaintenance({ database, published, producer, log: silentLog }).tidy();
  await gateway.until(
    'ended',
    async () =>
      (await gateway.owner.all("SELECT 1 FROM batches WHERE state IN ('open', 'written')")).length === 0,
  );
  expect(await gateway.owner.all('SELECT 1 FROM batches WHERE content IS NOT NULL')).toEqual([]);
  expect(gateway.sftp.log.filter((line) => line.startsWith('rename'))).toHaveLength(1);
});

test('a long file that awaits its acknowledgement is given up in time although an erasure took bytes of it', async () => {
  await open({
    file: "  ack: { path: 'in/ACK_{seq}.txt' }",
    extra:
      'pending: { for: 1h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }\n  - { refused: { text: KO }, on: lookup }',
  });
  await gateway.start('planner', 'worker');
  await gateway.send(...names('K', 7).map((name) => strangerRow(name)));
  await gateway.collectable(7);
  await gateway.ask();
  await gateway.until('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 7);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'K-1', ...by });
  await gateway.owner.run(
    'UPDATE deliveries SET pending_since = TIMESTAMPADD(MINUTE, -61, UTC_TIMESTAMP(3)) WHERE pending_since IS NOT NULL',
  );
  await gateway.owner.run(
    'UPDATE batches SET first_sent_at = TIMESTAMPADD(MINUTE, -61, UTC_TIMESTAMP(3)) WHERE first_sent_at IS NOT NULL',
  );
  await gateway.soon(
    'given up',
    async () => ((await gateway.counts("action = 'create'"))['failed:expired:PENDING'] ?? 0) === 6,
  );
  expect(gateway.drops()).toEqual(['L_000001.csv']);
});

test('who was erased while the file was written has a departure with its outcome: nothing left', async () => {
  await open();
  await gateway.start('planner');
  await queued('W', 8);
  // Three are written at once, in the order of their numbers.
  const [first = '', , , fourth = '', fifth = ''] = (await gateway.states()).map(
    ({ reference }) => reference,
  );
  await gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 FOR UPDATE');
    await gateway.start('worker');
    await gateway.until('departed', async () => (await gateway.states('d.departures > 0')).length === 6);
    await gateway.app.rights.erase({ clientId: 'essai', reference: fifth, ...by });
  });
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 7);
  expect(await createEntries(fifth)).toEqual(['departed', 'outcome FILE_NOT_FINISHED', 'cancelled erased']);
  expect(await createEntries(fourth)).toEqual([
    'departed',
    'outcome FILE_NOT_FINISHED',
    'departed',
    'outcome',
  ]);
  expect(await createEntries(first)).toEqual(['departed', 'outcome']);
});

test('a worker killed between the end of a departure and the next leaves one outcome of it', async () => {
  await open();
  const [planner] = await gateway.start('planner');
  await queued('W', 8);
  const [, , , fourth = '', fifth = ''] = (await gateway.states()).map(({ reference }) => reference);
  const held = await firstNumber(gateway.owner, 'SELECT id FROM leads WHERE reference = ?', [fourth]);
  const killed = startProcess(gateway, 'worker', {
    RELAIS_SECRET_SFTP: sftpUser.password,
    RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir,
  });
  await gateway.app.database.transaction(async (tx) => {
    await gateway.owner.transaction(async (last) => {
      await last.all('SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 FOR UPDATE');
      await gateway.until('departed', async () => (await gateway.states('d.departures > 0')).length === 6);
      await gateway.app.rights.erase({ clientId: 'essai', reference: fifth, ...by });
      // The part of both is written again; it departs again only with this lock.
      await tx.all('SELECT id FROM leads WHERE id = ? FOR UPDATE', [held]);
    });
    await gateway.until('the departure is over', async () => (await createEntries(fourth)).length === 2);
    killed.child.kill('SIGKILL');
    await killed.exit;
  });
  await lapse(gateway);
  await gateway.start('worker');
  await gateway.soon('delivered', async () => (await gateway.counts())['delivered:accepted'] === 7);
  expect(await createEntries(fifth)).toEqual(['departed', 'outcome FILE_NOT_FINISHED', 'cancelled erased']);
  expect(await createEntries(fourth)).toEqual([
    'departed',
    'outcome FILE_NOT_FINISHED',
    'departed',
    'outcome',
  ]);
  await planner?.stop();
});

test('a worker that has lost a long file does not decide what it came to', async () => {
  await open();
  const { owner } = gateway;
  const slot = { clientId: 'essai', destinationId: 'essai-csv', slotAt: new Date() };
  const id = await openWhole(owner, { ...slot, action: 'create' });
  const first = await takeWhole(owner, { id, attempt: 0 }, 60_000);
  if (first === undefined) throw new Error('not taken');
  await dropWhole(owner, first);
  await recoverWholes(owner);
  const second = await takeWhole(owner, { id, attempt: 1 }, 60_000);
  if (second === undefined) throw new Error('not taken again');
  await keepOutcome(owner, second, { kind: 'accepted' });
  await keepOutcome(owner, first, { kind: 'refused', reason: 'NAME_TAKEN' });
  expect(await owner.all('SELECT outcome FROM batches')).toEqual([{ outcome: '{"kind":"accepted"}' }]);
});
