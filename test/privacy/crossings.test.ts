// Rights that meet at one instant what they are about: a lead that is coming in, a row that support hands in again, the same right.
import { retryRefusedRow } from '../../src/store/intake/refused-rows.ts';
import { crossing } from '../store/crossing.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

const by = { clientId: 'essai', actor: 'tester' };
const withdraw = (reference: string) =>
  gateway.app.requests.atOnce({
    ...by,
    kind: 'withdrawal',
    references: [reference],
    optIns: { purposes: ['marketing'], channels: ['email'] },
  });
const erase = (reference: string) =>
  gateway.app.requests.atOnce({ ...by, kind: 'erasure', references: [reference], identity: 'seen' });

const byHand = (reference: string) => gateway.app.rights.erase({ ...by, reference, reason: 'request 9' });

/** A row that was refused, with the yes of its person. Returns its number. */
async function refused(reference: string): Promise<string> {
  await gateway.send(strangerRow(reference, { email: 'no address' }));
  await gateway.app.intake.acceptBatch(100);
  const rows = await gateway.owner.all<{ id: number; status: string }>(
    'SELECT id, status FROM lead_intake WHERE reference = ? ORDER BY id DESC LIMIT 1',
    [reference],
  );
  expect(rows).toEqual([{ id: expect.any(Number) as number, status: 'refused' }]);
  return String(rows[0]?.id);
}

/** The same reference comes again, sound, and its intake is held up between its first lock and its commit. */
async function whileComingIn<T>(reference: string, act: () => Promise<T>): Promise<T> {
  await gateway.send(strangerRow(reference));
  const [, done] = await crossing<unknown>(
    gateway.owner,
    (tx) =>
      tx.run(
        `INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind)
         VALUES ('essai', ?, 'web_form', '2026-10-01 10:00:00', 'recurring')`,
        [reference],
      ),
    [() => gateway.app.intake.acceptBatch(100), act],
    true,
  );
  if (done?.status !== 'fulfilled') throw done?.reason ?? new Error('not asked');
  return done.value as T;
}

const leadOf = async (reference: string): Promise<{ states: string; erased: number } | undefined> =>
  (
    await gateway.owner.all<{ states: string; erased: number }>(
      `SELECT GROUP_CONCAT(c.state ORDER BY c.id) AS states, l.erased_at IS NOT NULL AS erased
         FROM leads l LEFT JOIN consents c ON c.lead_id = l.id WHERE l.reference = ? GROUP BY l.id`,
      [reference],
    )
  )[0];

test('C16: what is taken back while the lead comes in, of which only refused rows were there, is taken back in the lead', async () => {
  await refused('C-1');
  const done = await whileComingIn('C-1', () => withdraw('C-1'));
  expect(done.effects).not.toContainEqual(expect.objectContaining({ table: 'lead_intake' }));
  expect(await leadOf('C-1')).toEqual({ states: 'granted,withdrawn', erased: 0 });
});

test.each([
  ['the only one', false],
  ['one of two', true],
])(
  'C16: a refused row that support hands in again at that moment, %s, is not said to be dealt with',
  async (_, two) => {
    const reference = two ? 'C-4' : 'C-3';
    if (two) await refused(reference);
    const row = await refused(reference);
    const [done] = await crossing(gateway.owner, (tx) => retryRefusedRow(tx, row), [
      () => withdraw(reference),
    ]);
    // Where another row is left, the lead that is coming in is named.
    const code = two ? 'FIND-001' : 'REQUEST-003';
    expect(done).toMatchObject({ status: 'rejected', reason: { code } });
  },
);

test('C16: nothing is said to be done while a row of the same reference waits to be taken in', async () => {
  await refused('C-5');
  await gateway.send(strangerRow('C-5'));
  await expect(withdraw('C-5')).rejects.toMatchObject({ code: 'FIND-001' });
  await expect(erase('C-5')).rejects.toMatchObject({ code: 'FIND-001' });
  await gateway.app.intake.acceptBatch(100);
  await withdraw('C-5');
  expect(await leadOf('C-5')).toEqual({ states: 'granted,withdrawn', erased: 0 });
});

const openErasure = async (reference: string): Promise<number> =>
  (
    await gateway.app.requests.open({
      clientId: 'essai',
      kind: 'erasure',
      phones: [String(strangerRow(reference).mobile)],
      identity: 'seen',
      actor: 'tester',
    })
  ).id;
const apply = (id: number) =>
  gateway.app.requests.apply(id, { selection: { leads: 'all', rows: 'all' }, actor: 'tester' });
const stateOf = async (id: number): Promise<string> => (await gateway.app.requests.show(id)).request.state;

test('C21: a request is not said to be carried out on a refused row that support hands in again at that moment', async () => {
  const row = await refused('C-7');
  const id = await openErasure('C-7');
  const [done] = await crossing<unknown>(gateway.owner, (tx) => retryRefusedRow(tx, row), [() => apply(id)]);
  expect(done).toMatchObject({ status: 'rejected', reason: { code: 'REQUEST-003' } });
  expect(await stateOf(id)).toBe('open');
});

test('C21: a lead of the person that comes in between the list and its confirmation refuses the confirmation', async () => {
  await refused('C-8');
  const id = await openErasure('C-8');
  await gateway.send(strangerRow('C-8'));
  // It waits for the client with its confirmation; the list was made before.
  const [, done] = await crossing<unknown>(
    gateway.owner,
    (tx) => tx.all("SELECT 1 FROM clients WHERE id = 'essai' FOR UPDATE"),
    [() => gateway.app.intake.acceptBatch(100), () => apply(id)],
  );
  expect(done).toMatchObject({ status: 'rejected', reason: { code: 'REQUEST-003' } });
  expect((await gateway.app.requests.show(id)).subjects.map(({ kind }) => kind)).toEqual(['lead', 'row']);
  await apply(id);
  expect(await leadOf('C-8')).toMatchObject({ erased: 1 });
});

test('C23: of one erasure that two ask for at once there is one proof, and one note to the client', async () => {
  await gateway.send(strangerRow('C-6'));
  await gateway.app.intake.acceptBatch(100);
  const written = async (): Promise<readonly string[]> =>
    (
      await gateway.owner.all<{ entry: string }>(
        `SELECT entry FROM handovers WHERE entry IN ('erased', 'proof_made') OR (entry = 'note_written' AND reason = 'person_erased') ORDER BY id`,
      )
    ).map(({ entry }) => entry);
  const before = await written();
  const both = await crossing(
    gateway.owner,
    (tx) => tx.all("SELECT 1 FROM clients WHERE id = 'essai' FOR UPDATE"),
    [() => byHand('C-6'), () => byHand('C-6')],
  );
  expect(both.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled']);
  expect((await written()).slice(before.length)).toEqual(['erased', 'proof_made', 'note_written']);
});
