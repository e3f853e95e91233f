// Reading and acting over HTTP, beside the description that the server gives of itself.
import { beginLife } from '../../src/store/installation.ts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { keyScopes } from '../../src/access/permissions.ts';
import { inlined } from '../../src/api/docs/document.ts';
import { openRig, type Answered, type Rig } from './rig.ts';

let rig: Rig;
let key: string;
let described: Description;
/** With what it refers to in place. */
let whole: Description;

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}
interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

beforeAll(async () => {
  rig = await openRig();
  key = await rig.keyWith({ scopes: keyScopes.filter((scope) => scope !== 'lead.pull') });
  described = (await rig.ask(undefined, 'GET', '/v1/openapi.json')).body as unknown as Description;
  whole = inlined(described as never) as unknown as Description;
});
afterAll(() => rig.close());

const ajv = new Ajv2020({ strict: false });
(addFormats as unknown as (on: Ajv2020) => void)(ajv);

let keys = 0;
/** Asks, and holds the answer against the description. */
async function ask(method: string, path: string, body?: unknown, headers = {}): Promise<Answered> {
  const answered = await rig.ask(key, method, path, {
    ...(body === undefined ? {} : { body }),
    headers: { ...(method === 'POST' ? { 'idempotency-key': `a-${(keys += 1)}` } : {}), ...headers },
  });
  const [bare = ''] = path.split('?');
  const place = Object.keys(described.paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    .find((known) => new RegExp(`^${known.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(bare));
  const answers = whole.paths[place ?? '']?.[method.toLowerCase()]?.responses ?? {};
  const said = answers[String(answered.status)];
  const [type, content] = Object.entries(said?.content ?? {})[0] ?? [];
  const isValid = content !== undefined && ajv.validate(content.schema, answered.body);
  expect([path, answered.status, isValid ? '' : ajv.errorsText(), type]).toEqual([
    path,
    answered.status,
    '',
    answered.headers.get('content-type')?.split(';')[0],
  ]);
  return answered;
}
const items = ({ body }: Answered): readonly Record<string, unknown>[] =>
  body['items'] as readonly Record<string, unknown>[];

test('the description is valid OpenAPI 3.1, and has every address', async () => {
  const checked = await new Validator().validate(structuredClone(described) as never);
  expect([checked.valid, checked.errors]).toEqual([true, undefined]);
  const listed = Object.entries(described.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const answering = rig.api.routes
    .filter(({ method, url }) => method !== 'HEAD' && !['/v1/openapi.json', '/v1/docs'].includes(url))
    .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
  expect(listed.toSorted()).toEqual(answering.toSorted());
});

test('what is read is as described: lists, one delivery with its story, a lead, destinations, files, work', async () => {
  const id = await rig.idOf('E-11');
  for (const path of [
    '/v1/deliveries',
    '/v1/deliveries/count?state=failed',
    `/v1/deliveries/${id}`,
    '/v1/failures',
    '/v1/leads/essai/E-11',
    '/v1/leads/essai/E-11/handovers',
    '/v1/destinations',
    '/v1/destinations/essai-crm',
    '/v1/destinations/essai-crm/versions',
    '/v1/destinations/essai-crm/versions/1',
    '/v1/files',
    '/v1/tasks',
    '/v1/alerts',
    '/v1/refused-rows',
    '/v1/bulk-runs',
    '/v1/events',
  ])
    expect((await ask('GET', path)).status).toBe(200);
  const one = await ask('GET', `/v1/deliveries/${id}`);
  const { story } = one.body as { story: { title: { fr: string; en: string }; events: unknown[] } };
  expect(story.title.fr).toContain('lead E-11');
  expect(story.title.en).toContain('lead E-11');
  expect(story.events.length).toBeGreaterThan(1);
});

test('a list is filtered and read page by page', async () => {
  const references: string[] = [];
  for (let after = ''; ;) {
    const page = await ask('GET', `/v1/deliveries?state=failed&limit=2${after}`);
    references.push(...items(page).map(({ lead }) => lead as string));
    if (page.body['next'] === null) break;
    after = `&after=${page.body['next'] as string}`;
  }
  expect(references.toSorted((a, b) => a.localeCompare(b))).toEqual(['A-21', 'E-11', 'E-12']);
  for (const [query, status] of [
    ['statte=failed', 400],
    ['limit=0', 400],
    ['limit=201', 400],
    ['since=yesterday', 400],
    ['since=0001-01-01T00:00:00Z', 400],
    ['destination=essai-cmr', 404],
    ['cause=refuse', 404],
  ] as const)
    expect([query, (await ask('GET', `/v1/deliveries?${query}`)).status]).toEqual([query, status]);
});

test('C39: a person is looked for with a reason, which is in the log before the answer; of the person a mask', async () => {
  const sought = { email: 'e-10@courriel.example' };
  expect((await ask('POST', '/v1/persons/search', sought)).status).toBe(400);
  const named = await ask('POST', '/v1/persons/search', {
    ...sought,
    reason: 'asked by zoe@courriel.example',
  });
  expect([named.status, named.body['code']]).toEqual([400, 'USAGE-001']);
  const asLink = await ask('POST', '/v1/persons/search', {
    email: `mailto:${sought.email}`,
    reason: 'ticket 4711',
  });
  expect([asLink.status, asLink.body['code']]).toEqual([400, 'USAGE-001']);
  const looked = (): Promise<readonly { actor: string; purpose: string }[]> =>
    rig.gateway.owner.all("SELECT actor, purpose FROM handovers WHERE entry = 'looked_up'");
  const before = (await looked()).length;
  const found = await ask('POST', '/v1/persons/search', { ...sought, reason: 'ticket 4711' });
  expect(items(found).map(({ reference, person }) => [reference, person])).toMatchObject([
    ['E-10', { lastName: 'M***', email: 'e***@c***.example' }],
  ]);
  expect(found.text).not.toMatch(/Martin|Zoé|e-10@/);
  const entries = await looked();
  expect(entries).toHaveLength(before + 1);
  expect(entries.at(-1)?.purpose).toBe('ticket 4711');
  expect(entries.at(-1)?.actor).toMatch(/^key:\d+$/);
  expect(items(await ask('POST', '/v1/leads/search', { reference: 'E-10' }))).toHaveLength(1);
});

test('a replay is done once for its key, in the name of the key, and one without a key is refused', async () => {
  const id = await rig.idOf('A-21');
  const path = `/v1/deliveries/${id}/replay`;
  const reason = { reason: 'ticket 12' };
  expect((await rig.ask(key, 'POST', path, { body: reason })).status).toBe(400);
  const first = await ask('POST', path, reason, { 'idempotency-key': 'once' });
  expect(first.body).toEqual({ delivery: id, done: 'new_run', newKey: true });
  await rig.gateway.until('refused again', async () => {
    const [row] = await rig.gateway.states(`d.id = ${id}`);
    return row?.state === 'failed';
  });
  const again = await ask('POST', path, reason, { 'idempotency-key': 'once' });
  expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
  const entries = await rig.gateway.owner.all<{ actor: string }>(
    "SELECT actor FROM handovers WHERE entry = 'replayed' AND delivery_id = ?",
    [id],
  );
  expect(entries).toHaveLength(1);
  expect(entries[0]?.actor).toMatch(/^key:\d+$/);
});

test('what is delivered by the time a replay comes is sent again only where that is asked for, singly and by filter', async () => {
  const id = await rig.idOf('A-20');
  const path = `/v1/deliveries/${id}/replay`;
  const before = rig.crm.received.length;
  const refused = await ask('POST', path, { reason: 'ticket 12' });
  expect([refused.status, refused.body['code']]).toEqual([409, 'REPLAY-001']);
  expect(refused.body['detail']).toContain('delivered already');
  expect((await ask('GET', `/v1/deliveries/${id}`)).body['replay']).toBe('already_delivered');
  const filter = { destination: 'autre-crm', state: 'delivered' };
  const plan = await ask('POST', '/v1/deliveries/replay/plan', { filter });
  expect([plan.body['matched'], plan.body['going']]).toEqual([1, 0]);
  expect((await ask('POST', '/v1/deliveries/replay/plan', { filter, again: true })).body['going']).toBe(1);
  expect(rig.crm.received).toHaveLength(before);
  expect((await ask('POST', path, { reason: 'ticket 12', again: true })).body).toMatchObject({
    done: 'new_run',
  });
  await rig.gateway.until('sent again', () => rig.crm.received.length > before);
  await rig.gateway.until(
    'delivered',
    async () => (await rig.gateway.states(`d.id = ${id}`))[0]?.state === 'delivered',
  );
});

test('what cannot be done is said with its code, and may be asked again under the same key', async () => {
  const id = await rig.idOf('E-10');
  const refused = await ask(
    'POST',
    `/v1/deliveries/${id}/cancel`,
    { reason: 'ticket 13' },
    { 'idempotency-key': 'no' },
  );
  expect([refused.status, refused.body['code']]).toEqual([409, 'REPLAY-002']);
  expect((await ask('POST', '/v1/deliveries/99999999/cancel', { reason: 'ticket 13' })).body['code']).toBe(
    'FIND-001',
  );
  const short = await ask('POST', `/v1/deliveries/${id}/cancel`, { reason: 'x' });
  expect([short.status, JSON.stringify(short.body['errors'])]).toEqual([
    400,
    expect.stringContaining('/reason'),
  ]);
});

test('everything a filter matches: planned, refused with another number, begun once, followed to its end', async () => {
  const filter = { destination: 'essai-crm', state: 'failed' };
  const plan = await ask('POST', '/v1/deliveries/replay/plan', { filter });
  expect(plan.body).toMatchObject({ matched: 2, going: 2, groups: [{ plan: 'new_run', count: 2 }] });
  const other = await ask('POST', '/v1/deliveries/replay', { filter, expected: 3, reason: 'ticket 14' });
  expect([other.status, other.body['code']]).toEqual([409, 'BULK-002']);
  expect(
    (await ask('POST', '/v1/deliveries/replay', { filter: {}, expected: 5, reason: 'ticket 14' })).status,
  ).toBe(400);
  const order = { filter, expected: 2, reason: 'ticket 14' };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      rig.ask(key, 'POST', '/v1/deliveries/replay', { body: order, headers: { 'idempotency-key': 'bulk' } }),
    ),
  );
  const runs = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body['id']));
  expect(runs.size).toBe(1);
  expect(answers.every(({ status }) => [202, 409].includes(status))).toBe(true);
  const [run] = runs;
  await rig.gateway.until(
    'done',
    async () => (await ask('GET', `/v1/bulk-runs/${String(run)}`)).body['state'] === 'done',
  );
  expect((await ask('GET', `/v1/bulk-runs/${String(run)}`)).body).toMatchObject({
    done: 2,
    refused: 0,
    counted: 2,
  });
  expect(
    (await ask('POST', `/v1/bulk-runs/${String(run)}/cancel`, { reason: 'ticket 14' })).body['code'],
  ).toBe('BULK-001');
  await rig.gateway.until('settled', async () =>
    (await rig.gateway.states("d.destination_id = 'essai-crm'")).every(({ state }) =>
      ['delivered', 'failed'].includes(state),
    ),
  );
});

test('an order that died between its work and its answer is not done twice: both stand in one transaction', async () => {
  const id = await rig.idOf('E-10');
  const path = `/v1/deliveries/${id}/replay`;
  const send = () =>
    rig.ask(key, 'POST', path, {
      body: { reason: 'ticket 15', again: true },
      headers: { 'idempotency-key': 'dies' },
    });
  // The last thing the order writes fails, as when its process dies: nothing of it stands.
  await rig.gateway.owner.text(
    "CREATE TRIGGER planted BEFORE UPDATE ON idempotency_keys FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'planted'",
  );
  expect((await send()).status).toBe(500);
  const replays = (): Promise<readonly unknown[]> =>
    rig.gateway.owner.all("SELECT id FROM handovers WHERE entry = 'replayed' AND delivery_id = ?", [id]);
  expect(await replays()).toEqual([]);
  await rig.gateway.owner.text('DROP TRIGGER planted');
  expect((await send()).status).toBe(200);
  expect(await replays()).toHaveLength(1);
});

test.each([
  ['suspended', '/v1/destinations/essai-crm/suspend', {}],
  ['resumed', '/v1/destinations/essai-crm/resume', {}],
  ['closed', '/v1/tasks/E-12/close', { evidence: 'mail of 2026-11-20' }],
])('what is %s stands with its answer, or not at all', async (entry, path, more) => {
  const id = await rig.idOf('E-12');
  const send = () =>
    rig.ask(key, 'POST', path.replace('E-12', String(id)), {
      body: { reason: 'ticket 15', ...more },
      headers: { 'idempotency-key': `dies-${entry}` },
    });
  const entries = async (): Promise<number> =>
    (await rig.gateway.owner.all('SELECT id FROM handovers WHERE entry = ?', [entry])).length;
  const before = await entries();
  await rig.gateway.owner.text(
    "CREATE TRIGGER planted BEFORE UPDATE ON idempotency_keys FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'planted'",
  );
  expect((await send()).status).toBe(500);
  await rig.gateway.owner.text('DROP TRIGGER planted');
  expect(await entries()).toBe(before);
  const first = await send();
  expect(first.status).toBe(200);
  const again = await send();
  expect([again.status, again.text]).toEqual([200, first.text]);
  expect(await entries()).toBe(before + 1);
});

test('a process that was taken for dead and comes back does nothing a second time', async () => {
  const id = await rig.idOf('E-11');
  const send = () =>
    rig.ask(key, 'POST', `/v1/deliveries/${id}/replay`, {
      body: { reason: 'ticket 18' },
      headers: { 'idempotency-key': 'slow' },
    });
  const replays = async (): Promise<number> =>
    (
      await rig.gateway.owner.all("SELECT id FROM handovers WHERE entry = 'replayed' AND delivery_id = ?", [
        id,
      ])
    ).length;
  const before = await replays();
  const { owner } = rig.gateway;
  let slow: ReturnType<typeof send> | undefined;
  // It waits for its delivery's lead so long that another one begins anew under its key.
  await owner.transaction(async (tx) => {
    await tx.all('SELECT l.id FROM leads l JOIN deliveries d ON d.lead_id = l.id WHERE d.id = ? FOR UPDATE', [
      id,
    ]);
    slow = send();
    await rig.gateway.until(
      'begun',
      async () => (await owner.all('SELECT 1 FROM idempotency_keys WHERE status IS NULL')).length === 1,
    );
    await owner.run("UPDATE idempotency_keys SET status = 200, answer = '{}' WHERE status IS NULL");
  });
  expect((await slow)?.status).toBe(409);
  expect(await replays()).toBe(before);
  expect((await send()).headers.get('idempotent-replayed')).toBe('true');
});

test('a destination is suspended, resumed and tested; a task is closed with its evidence', async () => {
  const at = '/v1/destinations/autre-crm';
  expect((await ask('POST', `${at}/suspend`, { reason: 'ticket 16' })).body).toEqual({
    destination: 'autre-crm',
    status: 'suspended',
  });
  expect((await ask('POST', `${at}/suspend`, { reason: 'ticket 16' })).body['code']).toBe('DEST-001');
  expect((await ask('GET', at)).body).toMatchObject({ status: 'suspended', sends: 'suspended' });
  expect((await ask('POST', `${at}/resume`, { reason: 'ticket 16' })).status).toBe(200);
  expect((await ask('POST', `${at}/test`, {})).body).toMatchObject({ isReached: true });
  expect((await ask('POST', `${at}/send-file`, { reason: 'ticket 16' })).body['code']).toBe('DEST-001');
  const id = await rig.idOf('A-21');
  const closing = { reason: 'has it by phone', evidence: 'mail of 2026-11-20' };
  expect((await ask('POST', `/v1/tasks/${id}/close`, closing)).body).toEqual({
    task: String(id),
    isClosedNow: true,
  });
  expect((await ask('POST', `/v1/tasks/${id}/close`, closing)).body).toMatchObject({ isClosedNow: false });
  expect(items(await ask('GET', '/v1/tasks?client=autre'))).toEqual([]);
});

test('a request that has to say nothing may come without a body, and is the one with an empty object', async () => {
  const every = await rig.keyWith({ scopes: ['delivery.replay', 'destination.test', 'destination.suspend'] });
  const send = (path: string, more: object = {}): Promise<Answered> => rig.ask(every, 'POST', path, more);
  const json = { 'content-type': 'application/json' };
  for (const headers of [{}, json]) {
    const tested = await send('/v1/destinations/autre-crm/test', { headers });
    expect([tested.status, tested.body['isReached']]).toEqual([200, true]);
    const keyed = { headers: { ...headers, 'idempotency-key': `bare-${Object.keys(headers).length}` } };
    expect((await send('/v1/bulk-runs/999999/pause', keyed)).body['code']).toBe('FIND-001');
    const unsaid = await send('/v1/destinations/autre-crm/suspend', keyed);
    expect([unsaid.status, unsaid.body['detail']]).toEqual([400, expect.stringContaining('empty')]);
  }
  const { paths } = (await rig.ask(undefined, 'GET', '/v1/openapi.json')).body as {
    paths: Record<string, { post?: { requestBody: { required: boolean } } }>;
  };
  const isRequired = (path: string): boolean | undefined => paths[path]?.post?.requestBody.required;
  expect(isRequired('/v1/destinations/{destination}/test')).toBe(false);
  expect(isRequired('/v1/pull/{destination}')).toBe(false);
  expect(isRequired('/v1/destinations/{destination}/suspend')).toBe(true);
});

describe('the feed of events', () => {
  const all = async (query = ''): Promise<readonly Record<string, unknown>[]> => {
    const seen: Record<string, unknown>[] = [];
    for (let after = ''; ;) {
      const page = await ask('GET', `/v1/events?limit=2${query}${after}`);
      seen.push(...items(page));
      if (page.body['hasMore'] !== true) return seen;
      after = `&after=${String(page.body['next'])}`;
    }
  };
  test('tells each event once, in one order, whatever the length of a page', async () => {
    await rig.gateway.until('everything sealed', async () => {
      const [row] = await rig.gateway.owner.all<{ n: number }>(
        'SELECT COUNT(*) AS n FROM handovers_unsealed',
      );
      return row?.n === 0;
    });
    const events = await all();
    const ids = events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(
      events.filter(({ kind, lead }) => kind === 'delivered' && lead === 'E-10').length,
    ).toBeGreaterThanOrEqual(1);
    expect(events.some(({ kind, lead }) => kind === 'failed' && lead === 'E-11')).toBe(true);
    expect(events.some(({ kind, destination }) => kind === 'held' && destination === 'autre-crm')).toBe(true);
    expect(events.some(({ kind, lead }) => kind === 'task_closed' && lead === 'A-21')).toBe(true);
    const long = await ask('GET', '/v1/events?limit=200');
    expect(items(long).map(({ id }) => id)).toEqual(ids);
    expect((await all('&kinds=delivered')).every(({ kind }) => kind === 'delivered')).toBe(true);
    expect((await ask('GET', '/v1/events?kinds=delivred')).status).toBe(400);
  });
  test('a place beyond the end of the log is refused, and the end itself is none', async () => {
    const { next } = (await ask('GET', '/v1/events?after=now')).body as { next: string };
    const [end = 0] = next
      .replace(/^.*[.]/, '')
      .split('-')
      .map(Number);
    for (const after of [`${end}-1`, `${end + 1}-0`, '999999999999999-0', `${end - 1}-999999999999999`]) {
      const { status, body } = await ask('GET', `/v1/events?after=${after}`);
      expect([after, status, body['code']]).toEqual([after, 400, 'USAGE-001']);
    }
    expect((await ask('GET', `/v1/events?after=${end}-0`)).status).toBe(200);
  });
  test('an entry that became visible later than a higher one is not missed', async () => {
    const { next } = (await ask('GET', '/v1/events?after=now')).body as { next: string };
    const { owner } = rig.gateway;
    const [last] = await owner.all<{ id: number; sequence: number }>(
      'SELECT (SELECT MAX(id) FROM handovers) AS id, (SELECT MAX(sequence) FROM seals) AS sequence',
    );
    const { id = 0, sequence = 0 } = last ?? {};
    const entry = (number: number) =>
      owner.run(
        "INSERT INTO handovers (id, at, entry, client_id, destination_id) VALUES (?, UTC_TIMESTAMP(6), 'suspended', 'essai', 'essai-crm')",
        [number],
      );
    const seal = (number: number, entries: string) =>
      owner.run(
        "INSERT INTO seals (sequence, sealed_at, entries, entry_macs, count, previous, mac, key_id) VALUES (?, UTC_TIMESTAMP(3), ?, '', 1, REPEAT('x', 32), REPEAT('x', 32), '')",
        [number, entries],
      );
    await entry(id + 102);
    await seal(sequence + 1, String(id + 102));
    const first = await ask('GET', `/v1/events?after=${next}`);
    expect(items(first).map((event) => event['id'])).toEqual([id + 102]);
    await entry(id + 101);
    await seal(sequence + 2, String(id + 101));
    const second = await ask('GET', `/v1/events?after=${String(first.body['next'])}`);
    expect(items(second).map((event) => event['id'])).toEqual([id + 101]);
  });
  test('C44: a place that a restore took back goes on at the first seal after it, and its reader misses nothing', async () => {
    const { owner } = rig.gateway;
    const { next } = (await ask('GET', '/v1/events?after=now')).body as { next: string };
    const [, life = '', seal = ''] = /^([0-9a-f]{8})[.](\d+)-0$/.exec(next) ?? [];
    const first = Number(seal);
    await beginLife(owner, { actor: 'tester', reason: 'restored' });
    const [last] = await owner.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
    const id = (last?.id ?? 0) + 100;
    for (const [number, entry] of [
      [first, id],
      [first + 1, id + 1],
    ] as const) {
      await owner.run(
        "INSERT INTO handovers (id, at, entry, client_id, destination_id) VALUES (?, UTC_TIMESTAMP(6), 'suspended', 'essai', 'essai-crm')",
        [entry],
      );
      await owner.run(
        "INSERT INTO seals (sequence, sealed_at, entries, entry_macs, count, previous, mac, key_id) VALUES (?, UTC_TIMESTAMP(3), ?, '', 1, REPEAT('x', 32), REPEAT('x', 32), '')",
        [number, String(entry)],
      );
    }
    // Of the life before, of one that nobody knows any more, and without one, as the version before gave it.
    for (const after of [
      ...[next, `${life}.${first}-7`, `${life}.${first + 1}-0`, `${life}.${first + 50}-0`],
      ...[`00000000.${first + 1}-3`, `${first + 50}-0`],
    ]) {
      const { body } = await ask('GET', `/v1/events?after=${after}`);
      expect([after, (body['items'] as { id: number }[]).map((event) => event.id)]).toEqual([
        after,
        [id, id + 1],
      ]);
      const again = await ask('GET', `/v1/events?after=${String(body['next'])}`);
      expect([again.status, items(again)]).toEqual([200, []]);
      const beyond = String(body['next']).replace(`${first + 2}-`, `${first + 3}-`);
      expect((await ask('GET', `/v1/events?after=${beyond}`)).status).toBe(400);
    }
  });
});
