// A recipient that decides later tells it by itself, signed: the delivery ends at once, once, and asking stays the fallback.
import { Webhook } from 'standardwebhooks';
import { startCallbacks, atOnce, refusalsAMinute } from '../../src/callbacks/server.ts';
import { mac } from '../../src/domain/keyed.ts';
import { namesSomebody } from '../../src/domain/names-in-text.ts';
import { silentLog } from '../../src/log.ts';
import { replay } from '../support/replay.ts';
import { openDeciding, type Deciding } from './deciding-crm.ts';
import { leadRow, strangerRow } from './gateway.ts';

let deciding: Deciding;
let { crm, gateway, stateOf } = {} as Deciding;
let door: Awaited<ReturnType<typeof startCallbacks>>;
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

beforeEach(async () => {
  deciding = await openDeciding({ RELAIS_SECRET_ESSAI_CALLBACK: secret });
  ({ crm, gateway, stateOf } = deciding);
  const { database, published, callbackKey } = gateway.app;
  door = await startCallbacks({
    database,
    published,
    callbackKey,
    secrets: gateway.config.secrets,
    network: gateway.config.network,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
  });
});
afterEach(async () => {
  await door.close();
  await deciding.close();
});

const publish = (every = '1h'): Promise<void> =>
  deciding.publish(
    `{ url: 'http://localhost:${crm.port}/decisions/{reference}' }`,
    `pending: { for: 10h, every: ${every} }\ncallback: { secret: secret:ESSAI_CALLBACK, key: $.key }`,
  );

const keyOf = async (): Promise<string> =>
  (await gateway.owner.all<{ key: string }>('SELECT delivery_key AS `key` FROM deliveries'))[0]?.key ?? '';
const entries = async (): Promise<string[]> =>
  (
    await gateway.owner.all<{ entry: string; outcome: string; next_step: string }>(
      'SELECT entry, outcome, next_step FROM handovers WHERE delivery_id > 0 ORDER BY id',
    )
  ).map(({ entry, outcome, next_step: next }) =>
    [entry, outcome, next].filter((part) => part !== '').join(' '),
  );

/** Answers the status. */
async function tellOnce(
  said: string | Readonly<Record<string, unknown>>,
  {
    by = secret,
    to = 'essai-crm',
    at = new Date(),
    id = 'msg_1',
    from,
  }: { by?: string; to?: string; at?: Date; id?: string; from?: string } = {},
): Promise<number> {
  const body = typeof said === 'string' ? said : JSON.stringify(said);
  const response = await fetch(`http://127.0.0.1:${door.port}/callbacks/${to}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(from === undefined ? {} : { 'x-forwarded-for': from }),
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(by).sign(id, at, body),
    },
    body,
  });
  expect(await response.text()).toBe('');
  return response.status;
}

/** As its sender does it: while a worker or planner has the lead in hand it is asked to come again. */
async function tell(...word: Parameters<typeof tellOnce>): Promise<number> {
  let status = 503;
  await gateway.until('an answer', async () => (status = await tellOnce(...word)) !== 503);
  return status;
}

/** The lead's row is locked until the function is called. */
async function heldLead(): Promise<() => Promise<void>> {
  let release: () => void = () => undefined;
  const held = new Promise<void>((done) => {
    release = done;
  });
  let locked: () => void = () => undefined;
  const begun = new Promise<void>((done) => {
    locked = done;
  });
  const work = gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM leads FOR UPDATE');
    locked();
    await held;
  });
  await begun;
  return async () => {
    release();
    await work;
  };
}

async function pendingLead(): Promise<string> {
  await publish();
  crm.answer = (_request, response) => void response.writeHead(202).end('{"id":"C-1"}');
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('pending', async () => (await stateOf()) === 'pending:recipient_decides');
  return keyOf();
}

test('a decision that can be read in two ways settles nothing', async () => {
  const key = await pendingLead();
  expect(await tell(`{"key":"${key}","state":"kept","state":"arbitrated","id":"C-1"}`)).toBe(422);
  expect(await tell(`{"key":"another","key":"${key}","state":"kept","id":"C-1"}`)).toBe(422);
  expect(await stateOf()).toBe('pending:recipient_decides');
});

test('its yes delivers the lead, with its reference, and is in the log like an answer that was asked for', async () => {
  const key = await pendingLead();
  expect(await tell({ key, state: 'kept', id: 'C-9' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
  const [row] = await gateway.owner.all<{ r: string }>('SELECT recipient_reference r FROM deliveries');
  expect(row?.r).toBe('C-9');
  expect(await entries()).toEqual(['departed', 'outcome pending pending', 'lookup accepted done']);
  expect(crm.received).toHaveLength(1);
});

test('told again it changes nothing; a word that contradicts it moves nothing and is a task', async () => {
  const key = await pendingLead();
  await tell({ key, state: 'kept', id: 'C-9' });
  const before = await entries();
  expect(await tell({ key, state: 'kept', id: 'C-9' })).toBe(204);
  expect(await gateway.owner.all('SELECT 1 FROM alerts')).toEqual([]);
  expect(await tell({ key, state: 'arbitrated' }, { id: 'msg_2' })).toBe(204);
  expect(await tell({ key, state: 'arbitrated' }, { id: 'msg_2' })).toBe(204);
  expect(await tell({ key, state: 'arbitrated' }, { id: 'msg_3' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
  expect(await entries()).toEqual([...before, 'late refused']);
  expect(await gateway.owner.all('SELECT kind FROM alerts')).toEqual([{ kind: 'ack_contradicts' }]);
});

test('its no fails the lead, with an alert', async () => {
  const key = await pendingLead();
  expect(await tell({ key, state: 'arbitrated' })).toBe(204);
  expect(await stateOf()).toBe('failed:refused:already_known');
  expect(await gateway.owner.all('SELECT kind FROM alerts')).toEqual([{ kind: 'delivery_failed' }]);
});

const by = { actor: 'tester', reason: 'ticket 4711' };

async function replayed(): Promise<void> {
  const [row] = await gateway.states();
  await replay(gateway.app, [row?.id ?? 0], by);
}

test('a no that is told again does not end the run of a replay that has not left', async () => {
  const key = await pendingLead();
  await tell({ key, state: 'arbitrated' });
  await gateway.owner.run("UPDATE destinations SET status = 'suspended' WHERE id = 'essai-crm'", []);
  await replayed();
  expect(await tell({ key, state: 'arbitrated' })).toBe(204);
  expect(await tell({ key, state: 'arbitrated' }, { id: 'msg_2' })).toBe(204);
  expect(await tell({ key, state: 'arbitrated' }, { id: 'msg_3' })).toBe(204);
  expect(await stateOf()).not.toContain('failed');
  expect((await entries()).slice(3)).toEqual(['replayed', 'late refused']);
});

test('a no that is told again does not end the run of a replay that is pending; a new no does', async () => {
  const key = await pendingLead();
  await tell({ key, state: 'arbitrated' });
  crm.answer = ({ method }, response) =>
    void (method === 'GET' ? response.writeHead(404).end('{}') : response.writeHead(202).end('{"id":"C-2"}'));
  await replayed();
  await gateway.soon('pending', async () => (await stateOf()) === 'pending:recipient_decides');
  // One look more may have brought its next question forward: nobody asks it while it is told.
  await gateway.until('nobody asks', async () => {
    await gateway.owner.run(
      "UPDATE deliveries SET due_at = TIMESTAMPADD(HOUR, 1, UTC_TIMESTAMP(3)) WHERE state = 'pending'",
    );
    return (await gateway.states("d.state = 'pending' AND d.due_at > UTC_TIMESTAMP(3)")).length === 1;
  });
  expect(await tell({ key, state: 'arbitrated' })).toBe(204);
  expect(await stateOf()).toBe('pending:recipient_decides');
  expect(await tell({ key, state: 'arbitrated' }, { id: 'msg_2' })).toBe(204);
  expect(await stateOf()).toBe('failed:refused:already_known');
});

test('a yes behind a no moves nothing: the first word counts', async () => {
  const key = await pendingLead();
  await tell({ key, state: 'arbitrated' });
  expect(await tell({ key, state: 'kept', id: 'C-9' }, { id: 'msg_2' })).toBe(204);
  expect(await stateOf()).toBe('failed:refused:already_known');
  expect(
    (await gateway.owner.all<{ kind: string }>('SELECT kind FROM alerts ORDER BY id')).at(-1)?.kind,
  ).toBe('ack_contradicts');
});

test('two leads that are contradicted within an hour are two tasks', async () => {
  await pendingLead();
  await gateway.send(strangerRow('L-2'));
  const pending = async () => (await gateway.states("state = 'pending'")).length === 2;
  await gateway.until('two are pending', pending);
  const keys = await gateway.owner.all<{ key: string }>(
    'SELECT delivery_key AS `key` FROM deliveries ORDER BY id',
  );
  for (const { key } of keys) {
    await tell({ key, state: 'kept', id: 'C-9' }, { id: `yes ${key}` });
    await tell({ key, state: 'arbitrated' }, { id: `no ${key}` });
  }
  expect(await gateway.owner.all('SELECT kind FROM alerts')).toEqual([
    { kind: 'ack_contradicts' },
    { kind: 'ack_contradicts' },
  ]);
});

test('a yes after its erasure is over is a task, and gives the erased lead no reference', async () => {
  const key = await pendingLead();
  crm.answer = ({ method }, response) =>
    void response.writeHead(200).end(method === 'GET' ? '{"state":"kept","id":"C-1"}' : '{"success":true}');
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'L-1', ...by });
  const erased = async () =>
    (await gateway.states("d.action = 'erase' AND d.state = 'delivered'")).length > 0;
  await gateway.until('erased', erased);
  expect(await tell({ key, state: 'kept', id: 'C-9' })).toBe(204);
  expect(await stateOf()).toBe('cancelled:erased');
  expect(await gateway.owner.all('SELECT 1 FROM deliveries WHERE recipient_reference IS NOT NULL')).toEqual(
    [],
  );
  expect(await gateway.owner.all('SELECT kind FROM alerts')).toEqual([{ kind: 'ack_contradicts' }]);
});

test.each([
  ['a phone number', namesSomebody],
  ['a first name', (mark: string) => /\dada\d/.test(mark)],
])('a callback whose mark in the log reads like %s is taken, in time and late', async (_what, readsLike) => {
  const key = await pendingLead();
  await gateway.owner.run("UPDATE prospects SET first_name = 'Ada'", []);
  const markOf = (id: string): string =>
    mac(gateway.app.callbackKey, Buffer.from(`essai-crm\n${id}`))
      .toString('hex')
      .slice(0, 32);
  const [inTime = '', late = ''] = Iterator.from(
    (function* numbers() {
      for (let number = 0; ; number += 1) yield `msg_${number}`;
    })(),
  )
    .filter((id) => readsLike(`callback ${markOf(id)}`))
    .take(2);
  expect(await tellOnce({ key, state: 'kept', id: 'C-9' }, { id: inTime })).toBe(204);
  expect(await tellOnce({ key, state: 'arbitrated' }, { id: late })).toBe(204);
  expect((await entries()).slice(2)).toEqual(['lookup accepted done', 'late refused']);
});

test('whoever cannot sign moves nothing, and learns nothing', async () => {
  const key = await pendingLead();
  const other = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  const said = { key, state: 'kept', id: 'C-9' };
  expect(await tell(said, { by: other })).toBe(401);
  expect(await tell(said, { to: 'nobody-crm' })).toBe(401);
  expect(await tell(said, { at: new Date(Date.now() - 600_000) })).toBe(401);
  const bare = await fetch(`http://127.0.0.1:${door.port}/callbacks/essai-crm`, {
    method: 'POST',
    body: '{}',
  });
  expect(bare.status).toBe(401);
  expect(await stateOf()).toBe('pending:recipient_decides');
});

test('whoever knocks again and again without a signature is told to wait; what is signed is heard, from the same address too', async () => {
  const key = await pendingLead();
  const other = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  const knock = (from: string, by: string): Promise<number> => tell({ key, state: 'waiting' }, { by, from });
  expect(await knock('203.0.113.9', secret)).toBe(204);
  for (let count = 0; count < refusalsAMinute; count += 1)
    expect(await knock('203.0.113.9', other)).toBe(401);
  expect(await knock('203.0.113.9', other)).toBe(429);
  expect(await knock('203.0.113.9', secret)).toBe(204);
  expect(await knock('203.0.113.9', other)).toBe(429);
  expect(await knock('203.0.113.10', other)).toBe(401);
  expect(await knock('203.0.113.10', secret)).toBe(204);
});

test('more at once than are looked at are asked to come again', async () => {
  const key = await pendingLead();
  const lock = await heldLead();
  const told = Array.from({ length: atOnce }, () => tellOnce({ key, state: 'kept', id: 'C-9' }));
  await gateway.until('all are in work', async () => (await tellOnce({ key, state: 'waiting' })) === 503);
  await lock();
  const statuses = await Promise.all(told);
  expect(statuses.filter((status) => status === 204).length).toBeGreaterThan(0);
  expect(await tell({ key, state: 'waiting' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
});

test('a key of nobody, a word that no rule knows and one that says nothing yet move nothing', async () => {
  const key = await pendingLead();
  expect(await tell({ key: 'dlv_nobody', state: 'kept', id: 'C-9' })).toBe(404);
  expect(await tell({ state: 'kept', id: 'C-9' })).toBe(422);
  expect(await tell({ key, state: 'whatever' })).toBe(422);
  expect(await tell({ key, state: 'waiting' })).toBe(204);
  expect(await stateOf()).toBe('pending:recipient_decides');
  // Another destination's, which this sender has no secret of.
  await gateway.owner.run("UPDATE deliveries SET destination_id = 'essai-other'", []);
  expect(await tell({ key, state: 'kept', id: 'C-9' })).toBe(404);
  expect(await stateOf()).toBe('pending:recipient_decides');
});

test('a decision that comes while the lead is still being sent is asked for once more', async () => {
  await publish();
  const statuses: number[] = [];
  crm.answer = (_request, response) =>
    void (async () => {
      statuses.push(await tellOnce({ key: await keyOf(), state: 'kept', id: 'C-9' }));
      response.writeHead(202).end('{"id":"C-1"}');
    })();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('pending', async () => (await stateOf()) === 'pending:recipient_decides');
  expect(statuses).toEqual([503]);
  expect(await tell({ key: await keyOf(), state: 'kept', id: 'C-9' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
});

test('an error of our own is one alert while it is open, however often the decision comes; an outage is none', async () => {
  const key = await pendingLead();
  const fail = async (error = ''): Promise<void> => {
    await gateway.owner.text('DROP TRIGGER IF EXISTS poison');
    await gateway.owner.text(
      `CREATE TRIGGER poison BEFORE INSERT ON handovers FOR EACH ROW
         IF NEW.entry = 'lookup' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'${error}; END IF`,
    );
  };
  const alerts = (): Promise<unknown> =>
    gateway.owner.all(
      "SELECT client_id AS client, destination_id AS destination, reason FROM alerts WHERE kind = 'internal_error' ORDER BY id",
    );
  const said = { key, state: 'kept', id: 'C-9' };
  await fail(', MYSQL_ERRNO = 1290');
  expect(await tellOnce(said)).toBe(503);
  expect(await alerts()).toEqual([]);
  await fail();
  expect(await Promise.all([1, 2, 3].map(() => tellOnce(said)))).toEqual([503, 503, 503]);
  expect(await tellOnce(said)).toBe(503);
  const alert = { client: 'essai', destination: 'essai-crm', reason: 'CALLBACK:SQL_1644' };
  expect(await alerts()).toEqual([alert]);
  await fail(', MYSQL_ERRNO = 1690');
  expect(await tellOnce(said)).toBe(503);
  expect(await alerts()).toEqual([alert, { ...alert, reason: 'CALLBACK:SQL_1690' }]);
  await gateway.owner.run('UPDATE alerts SET closed_at = UTC_TIMESTAMP(3)');
  expect(await tellOnce(said)).toBe(503);
  expect(await alerts()).toHaveLength(3);
  await gateway.owner.text('DROP TRIGGER poison');
  expect(await tell(said)).toBe(204);
});

test('where its callback is lost it is asked, as before', async () => {
  await publish('1s');
  crm.answer = ({ url }, response) =>
    void (url === '/leads'
      ? response.writeHead(202).end('{"id":"C-1"}')
      : response.writeHead(200).end('{"state":"kept","id":"C-9"}'));
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('delivered', async () => (await stateOf()) === 'delivered:accepted');
});

test('a lead whose outcome nobody knew is settled by its recipient’s word', async () => {
  await publish();
  crm.answer = (_request, response) => void response.socket?.destroy();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('held', async () => (await stateOf()).startsWith('waiting:unknown_hold'));
  expect(await tell({ key: await keyOf(), state: 'kept', id: 'C-4' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
  expect(await gateway.owner.all('SELECT 1 FROM alerts WHERE closed_at IS NULL')).toEqual([]);
});
