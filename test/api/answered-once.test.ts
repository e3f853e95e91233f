// A request whose first process was thought dead: both may still be at work, and there is one answer and one act all the same.
import { openRig, type Answered, type Rig } from './rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

test('of two that work on one Idempotency-Key the first answer counts, and what the other did is undone', async () => {
  const { owner, until } = rig.gateway;
  const key = await rig.keyWith({ scopes: ['delivery.replay'] });
  const id = await rig.idOf('E-11');
  const send = (): Promise<Answered> =>
    rig.ask(key, 'POST', `/v1/deliveries/${id}/replay`, {
      body: { reason: 'ticket 12' },
      headers: { 'idempotency-key': 'ticket-12' },
    });
  const begun = (): Promise<readonly unknown[]> =>
    owner.all('SELECT 1 FROM idempotency_keys WHERE begun_at > TIMESTAMPADD(SECOND, -50, UTC_TIMESTAMP(3))');
  let both: readonly Promise<Answered>[] = [];
  await owner.transaction(async (tx) => {
    await tx.all('SELECT l.id FROM leads l JOIN deliveries d ON d.lead_id = l.id WHERE d.id = ? FOR UPDATE', [
      id,
    ]);
    const first = send();
    await until('the first has begun', async () => (await begun()).length === 1);
    await owner.run('UPDATE idempotency_keys SET begun_at = TIMESTAMPADD(SECOND, -61, begun_at)');
    const second = send();
    await until('the second has begun anew', async () => (await begun()).length === 1);
    both = [first, second];
  });
  const [one, other] = await Promise.all(both);
  const done = [one, other].find((answer) => answer?.status === 200);
  const late = [one, other].find((answer) => answer !== done);
  // No code: not refused, but to be asked again.
  expect([late?.status, late?.body['code']]).toEqual([409, undefined]);
  expect((await send()).body).toEqual(done?.body);
  const replayed = await owner.all("SELECT 1 FROM handovers WHERE entry = 'replayed' AND delivery_id = ?", [
    id,
  ]);
  expect(replayed).toHaveLength(1);
});

test('of two that take the same rows in, the later one has no other answer than the first', async () => {
  const { owner, until } = rig.gateway;
  const key = await rig.keyWith({ scopes: ['lead.post'], clientId: 'essai' });
  const item = {
    reference: 'W-1',
    channel: 'web_form',
    collected_at: '2026-01-05T10:00:00Z',
    last_name: 'Martin',
    email: 'w-1@courriel.example',
    consents: [
      { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
    ],
  };
  const send = (): Promise<Answered> =>
    rig.ask(key, 'POST', '/v1/leads', {
      body: { items: [item] },
      headers: { 'idempotency-key': 'form-1' },
    });
  const first = await send();
  expect(first.body).toMatchObject({ items: [{ state: 'accepted' }] });
  // As it stands while the process that took it in has not kept its answer yet.
  const kept = "SELECT answer, key_digest FROM idempotency_keys WHERE answer LIKE '%accepted%'";
  const [row] = await owner.all<{ answer: string; key_digest: Buffer }>(kept);
  await owner.run(
    'UPDATE idempotency_keys SET status = NULL, answer = NULL, begun_at = TIMESTAMPADD(SECOND, -61, begun_at) WHERE key_digest = ?',
    [row?.key_digest ?? null],
  );
  let second: Promise<Answered> | undefined;
  await owner.transaction(async (tx) => {
    await tx.all("SELECT id FROM clients WHERE id = 'essai' FOR UPDATE");
    second = send();
    await until(
      'the second is at work',
      async () => (await owner.all("SELECT 1 FROM lead_intake WHERE reference = 'W-1'")).length > 0,
    );
    await owner.run('UPDATE idempotency_keys SET status = 200, answer = ? WHERE key_digest = ?', [
      row?.answer ?? null,
      row?.key_digest ?? null,
    ]);
  });
  expect((await second)?.status).toBe(409);
  expect((await send()).body).toEqual(first.body);
});

test('a database that takes nothing now is no fault of ours: 503, when to come again, and the same request goes through later', async () => {
  const { owner } = rig.gateway;
  const key = await rig.keyWith({ scopes: ['delivery.replay'] });
  const id = await rig.idOf('E-12');
  const send = (): Promise<Answered> =>
    rig.ask(key, 'POST', `/v1/deliveries/${id}/replay`, {
      body: { reason: 'ticket 13' },
      headers: { 'idempotency-key': 'ticket-13' },
    });
  // As a server answers that is read-only for a while.
  await owner.text(
    `CREATE TRIGGER takes_nothing BEFORE INSERT ON handovers FOR EACH ROW
       SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'read-only'`,
  );
  const refused = await send();
  await owner.text('DROP TRIGGER takes_nothing');
  const { status, body, headers } = refused;
  expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'DB-006', '5']);
  expect((await send()).status).toBe(200);
});
