// Files whole or not at all: a worker that died, rows that may not leave, answers that differ, too many bytes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import type { ClaimedDelivery } from '../../src/delivery/trip/attempt.ts';
import { recordEnds } from '../../src/delivery/outcome/record.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';

let gateway: DropGateway;
const by = { actor: 'tester', reason: 'test' };
const names = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);

beforeEach(async () => {
  gateway = await openDropGateway();
});
afterEach(() => gateway.close());

test('rows that may not leave go out of their file and are not stranded when it has left', async () => {
  const consents = (state: string): string =>
    JSON.stringify([{ purpose: 'marketing', channel: 'email', state, recordedAt: '2026-01-05T10:00:00Z' }]);
  await gateway.publish({
    consent:
      "  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: hold } }",
  });
  const [planner] = await gateway.start('planner');
  await gateway.send(...names('S', 5).map((name) => strangerRow(name)));
  await gateway.collectable(5);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 5);
  await planner?.stop();
  const right = { clientId: 'essai', ...by };
  await gateway.app.rights.withdraw({
    ...{ ...right, reference: 'S-1', purpose: 'marketing' as const },
    channels: ['email'],
  });
  await gateway.app.rights.erase({ ...right, reference: 'S-2' });
  // An earlier delivery of the same lead that has not ended holds back the third.
  await gateway.owner.run(
    `INSERT INTO deliveries (id, client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at)
     SELECT 0 + 900, client_id, destination_id, lead_id, 0, 'create', UUID(), 'withheld', 'opt_in_missing', due_at, expires_at FROM deliveries
      WHERE lead_id = (SELECT id FROM leads WHERE reference = 'S-3')`,
  );
  await gateway.owner.run(
    "UPDATE deliveries SET id = 901 WHERE revision = 1 AND lead_id = (SELECT id FROM leads WHERE reference = 'S-3')",
  );
  await gateway.start('planner', 'worker');
  await gateway.until('the others', async () => (await gateway.counts())['delivered:accepted'] === 2);
  const of = async (reference: string): Promise<readonly string[]> =>
    (await gateway.states(`l.reference = '${reference}' AND d.revision = 1`)).map(
      (row) => `${row.state}:${row.reason}`,
    );
  // The planner may have taken a row out of its file to plan it anew, before it ends where it belongs.
  for (const [reference, state] of [
    ['S-1', 'withheld:opt_in_held'],
    ['S-2', 'cancelled:erased'],
    ['S-3', 'waiting:waits_for_create'],
  ] as const)
    await gateway.until(`${reference} ${state}`, async () => (await of(reference)).join() === state);
  expect(await gateway.stranded()).toBe(0);
  // Their cause repaired, each leaves in a file of its own time.
  await gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference: 'S-1', row_reference: 'S-1-c' },
    consents: consents('granted').replace('2026-01-05T10:00:00Z', new Date(Date.now() + 1_000).toISOString()),
  });
  await gateway.owner.run('DELETE FROM deliveries WHERE id = 900');
  await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
  await gateway.until('S-1 again', async () => (await of('S-1'))[0] !== 'withheld:opt_in_held');
  await gateway.ask();
  await gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === 4);
  expect(
    gateway
      .drops()
      .map((name) => gateway.text(name))
      .join(''),
  ).not.toContain('S-2');
});

test('suspending a destination while its file is queued keeps the file; resuming sends it whole', async () => {
  const [planner] = await gateway.start('planner');
  await gateway.send(...names('P', 3).map((name) => strangerRow(name)));
  await gateway.collectable(3);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 3);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'suspended', by);
  const [worker] = await gateway.start('worker');
  await gateway.until('shown', async () => (await gateway.counts())['waiting:destination_suspended'] === 3);
  // Its file is put off in a statement of its own, behind the claim that its rows have been shown by.
  const putOff = (): Promise<readonly unknown[]> =>
    gateway.owner.all('SELECT 1 FROM batches WHERE queued_at IS NULL');
  await gateway.until('put off', async () => (await putOff()).length === 1);
  const tries = async (): Promise<unknown> => gateway.owner.all('SELECT state, attempt, due_at FROM batches');
  const before = await tries();
  // Not looked at every second: nothing of it moves while support keeps it back.
  const planned = async (reference: string): Promise<void> => {
    await gateway.send(strangerRow(reference));
    await gateway.until(
      reference,
      async () => (await gateway.states(`l.reference = '${reference}'`)).length === 1,
    );
  };
  for (const reference of ['P-4', 'P-5', 'P-6']) await planned(reference);
  expect(await tries()).toEqual(before);
  expect(gateway.drops()).toEqual([]);
  // A file asked for meanwhile waits as well; the moment is not lost.
  await gateway.ask();
  for (const reference of ['P-7', 'P-8']) await planned(reference);
  expect(await gateway.owner.all("SELECT 1 FROM slots WHERE state = 'due'")).toHaveLength(1);
  await setDestinationStatus(gateway.app.database, 'essai-csv', 'active', by);
  await gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === 8);
  const rows = gateway.drops().map((name) => gateway.text(name).trim().split('\n').length);
  expect(rows.toSorted((a, b) => a - b)).toEqual([3, 5]);
  await Promise.all([planner?.stop(), worker?.stop()]);
});

test('the rows of a file have one verdict: a row that has spent its tries does not leave the others to another number', async () => {
  await gateway.start('planner');
  await gateway.send(...names('D', 3).map((name) => strangerRow(name)));
  await gateway.collectable(3);
  await gateway.ask();
  await gateway.until('queued', async () => (await gateway.counts())['queued'] === 3);
  // The first has spent every try, the others none.
  await gateway.owner.run(
    `UPDATE deliveries SET state = 'sending', attempt = 1, departures = 1, departed_attempt = 1, sent_revision = 1, lease_token = 1,
            spent = IF(lead_id = (SELECT MIN(id) FROM leads), 9, 0), lease_until = TIMESTAMPADD(SECOND, 60, UTC_TIMESTAMP(3))`,
  );
  await gateway.owner.run("UPDATE batches SET state = 'written', content = 'x'");
  const [batch] = await gateway.owner.all<{ id: number }>('SELECT id FROM batches');
  const rows = await readDeliveries(
    gateway.app.database,
    (await gateway.states()).map((one) => one.id),
  );
  const mapping = await gateway.app.published.version(1);
  if (mapping === undefined) throw new Error('not published');
  const [settled] = await recordEnds(gateway.app.database, () => 0.5, [
    {
      attempted: {
        rows: rows.map((row): ClaimedDelivery => ({
          ...row,
          now: new Date(),
          knownReference: undefined,
          hasCreate: true,
          createUnsettled: false,
        })),
        outcome: { kind: 'unavailable', reason: 'CONNECTION_LOST', maybeReceived: false },
        ...{ policy: mapping.retry, hasLookup: true, startedAt: performance.now(), asked: false },
        ...{ connector: 'flow', mappingVersionId: 1, batchId: batch?.id ?? 0 },
      },
    },
  ]);
  expect([...(settled?.decisions.values() ?? [])].map((one) => one.verdict.next)).toEqual([
    'retry',
    'retry',
    'retry',
  ]);
  expect(await gateway.owner.all('SELECT state, content IS NULL AS gone FROM batches')).toEqual([
    { state: 'written', gone: 0 },
  ]);
  expect(await gateway.stranded()).toBe(0);
});

test('`onUnknown: hold` keeps a file for support: it is not sent again, nor are its neighbours’ holds lifted', async () => {
  await gateway.publish({ extra: 'onUnknown: hold' });
  await gateway.start('planner', 'worker');
  gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
  await gateway.send(strangerRow('H-1'), strangerRow('H-2'));
  await gateway.collectable(2);
  await gateway.ask();
  const held = async (): Promise<number> =>
    Object.entries(await gateway.counts())
      .filter(([what]) => what.startsWith('waiting:unknown_hold'))
      .reduce((sum, [, count]) => sum + count, 0);
  await gateway.until('held', async () => (await held()) === 2);
  const later = async (what: string): Promise<number> =>
    Number(
      (
        await gateway.owner.all<{ hours: number }>(
          `SELECT MIN(TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(3), due_at)) AS hours FROM ${what}`,
        )
      )[0]?.hours,
    );
  // Out of reach of any timer until its rows expire, and longer.
  const [left] = await gateway.owner.all<{ hours: number }>(
    'SELECT MAX(TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(3), expires_at)) AS hours FROM deliveries',
  );
  expect(await later('batches')).toBeGreaterThan(left?.hours ?? 0);
  expect(await later('deliveries')).toBeGreaterThan(left?.hours ?? 0);
  // Of two rows whose worker died, one had not departed: it does not bring the file of the other forward.
  await gateway.owner.run(
    `UPDATE deliveries SET state = 'sending', reason = '', attempt = attempt + 1, departed_attempt = IF(lead_id = (SELECT MIN(id) FROM leads), 0, attempt),
            lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) ORDER BY id`,
  );
  await gateway.until('recovered', async () => (await gateway.counts())['sending'] === undefined);
  expect(await held()).toBe(1);
  expect(await later('batches')).toBeGreaterThan(left?.hours ?? 0);
  expect(gateway.sftp.log.filter((line) => line.includes('rename'))).toHaveLength(1);
});

test('a file pending its acknowledgement is asked about although an erasure took its bytes; its neighbours are delivered', async () => {
  await gateway.publish({
    file: "  ack: { path: 'in/ACK_{seq}.txt' }",
    extra:
      'pending: { for: 1h, every: 1s }\nresponse:\n  - { accepted: { text: OK }, on: lookup }\n  - { refused: { text: KO }, on: lookup }',
  });
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('A-1', { last_name: 'Dupond' }), strangerRow('A-2'));
  await gateway.collectable(2);
  await gateway.ask();
  await gateway.until('pending', async () => (await gateway.counts())['pending:recipient_decides'] === 2);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'A-1', ...by });
  const asked = async (): Promise<number> =>
    (await gateway.entries()).filter((one) => one.entry === 'lookup').length;
  const before = await asked();
  await gateway.soon('asked again', async () => (await asked()) > before);
  // Nobody is sent a second time while the recipient decides.
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect((await gateway.entries()).map((one) => one.entry)).not.toContain('batch_voided');
  writeFileSync(join(gateway.folder, 'ACK_1.txt'), 'OK');
  await gateway.soon('acknowledged', async () => (await gateway.counts())['delivered:accepted'] === 1);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  const of = async (action: string): Promise<readonly string[]> =>
    (await gateway.states(`l.reference = 'A-1' AND d.action = '${action}'`)).map(
      (row) => `${row.state}:${row.reason}`,
    );
  expect(await of('create')).toEqual(['cancelled:erased']);
  await gateway.until('task', async () => (await of('erase'))[0] === 'failed:manual_erasure_required');
  expect(await gateway.stranded()).toBe(0);
});

test('a file over the limit of bytes is split before it leaves: each lead once, each number once', async () => {
  await gateway.publish({
    fields:
      '[{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName }, { to: TEXTE, from: comment }]',
  });
  await gateway.start('planner', 'worker');
  const comment = 'é'.repeat(10_000);
  for (const part of [names('B', 150), names('C', 150), names('D', 150)])
    await gateway.send(...part.map((name) => strangerRow(name, { comment })));
  await gateway.collectable(450);
  await gateway.ask();
  await gateway.until('delivered', async () => (await gateway.counts())['delivered:accepted'] === 450);
  const texts = gateway.drops().map((name) => gateway.text(name));
  expect(gateway.drops()).toEqual(['L_000001.csv', 'L_000002.csv']);
  for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThan(8_000_000);
  const references = texts.flatMap((text) => text.trim().split('\n')).map((line) => line.split(';')[1]);
  expect(references).toHaveLength(450);
  expect(new Set(references).size).toBe(450);
  expect(await gateway.owner.all('SELECT state FROM batches ORDER BY id')).toEqual([
    { state: 'sent' },
    { state: 'sent' },
  ]);
});
