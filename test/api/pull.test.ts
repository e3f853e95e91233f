// A client that comes for its leads: nothing is lost, and nothing is acknowledged twice in the log, whoever dies and whoever asks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { strangerRow } from '../trip/gateway.ts';
import { openPullRig, type PullRig } from './pull-rig.ts';

let rig: PullRig;
beforeEach(async () => {
  rig = await openPullRig();
});
afterEach(() => rig.close());

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}`);
const handIn = async (references: readonly string[]): Promise<void> => {
  await rig.gateway.send(...references.map((reference) => strangerRow(reference)));
  await rig.due(references.length);
};
const stateOf = async (reference: string): Promise<string> => {
  const [row] = await rig.gateway.states(`l.reference = '${reference}'`);
  return `${row?.state ?? ''}:${row?.reason ?? ''}`;
};
const by = { clientId: 'essai', actor: 'tester', reason: 'request 1' };

test('C20, C09: a lead is given as the mapping writes it, opt-in included; its departure and what the client said stand in the log', async () => {
  await handIn(['P-1']);
  const [item, ...others] = await rig.fetched();
  expect(others).toEqual([]);
  expect(item).toMatchObject({ action: 'create', lead: 'P-1', again: false, reference: null });
  expect(item?.content).toMatchObject({ ref: 'P-1', nom: 'Lefèvre', OPTIN: 'OUI' });
  expect(await rig.log('P-1')).toEqual(['departed']);
  expect(await rig.fetched()).toEqual([]);
  expect(await rig.answer([item as NonNullable<typeof item>], 'accepted', { reference: 'CRM-77' })).toEqual([
    'recorded',
  ]);
  expect(await stateOf('P-1')).toBe('delivered:accepted');
  expect(await rig.log('P-1')).toEqual(['departed', 'outcome:accepted']);
  const entries = await rig.gateway.owner.all<{ actor: string; target: string; consents: string | null }>(
    "SELECT actor, target, consents FROM handovers WHERE entry IN ('departed', 'outcome') ORDER BY id",
  );
  expect(entries[0]?.target).toBe('pull:crm.essai.example');
  expect(entries[0]?.consents).toContain('"value":"OUI"');
  for (const { actor } of entries) expect(actor).toMatch(/^key:\d+$/);
});

test('two callers at two processes, four times each at once: every lead is given to one of them', async () => {
  const all = names('T', 40);
  await handIn(all);
  const fetched = (await Promise.all(Array.from({ length: 8 }, (_, at) => rig.fetched(10, at % 2)))).flat();
  const left = await rig.fetched();
  const given = [...fetched, ...left].map(({ lead }) => lead);
  expect(given.toSorted()).toEqual([...all].toSorted());
  expect(new Set(await rig.answer([...fetched, ...left], 'accepted'))).toEqual(new Set(['recorded']));
  for (const reference of all) expect(await rig.log(reference)).toEqual(['departed', 'outcome:accepted']);
});

test('an answer that comes ten times at once, at both processes, is written once', async () => {
  await handIn(names('O', 5));
  const items = await rig.fetched();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, at) => rig.answer(items, 'accepted', {}, at % 2)),
  );
  expect(answers.flat().filter((state) => state === 'recorded')).toHaveLength(5);
  expect(new Set(answers.flat())).toEqual(new Set(['recorded', 'already']));
  for (const reference of names('O', 5))
    expect(await rig.log(reference)).toEqual(['departed', 'outcome:accepted']);
  expect(await rig.answer(items, 'refused')).toEqual(Array.from({ length: 5 }, () => 'already'));
});

test('what is not answered for comes again under the same key and content; a late yes is no second one', async () => {
  await handIn(['L-1']);
  const [first] = await rig.fetched();
  await rig.lapse();
  expect(await stateOf('L-1')).toBe('waiting:outcome_unknown');
  const [second] = await rig.fetched();
  expect(second).toMatchObject({ key: first?.key, again: true, content: first?.content });
  expect(second?.lease).not.toBe(first?.lease);
  expect(await rig.answer([first as NonNullable<typeof first>], 'accepted')).toEqual(['late']);
  expect(await rig.answer([first as NonNullable<typeof first>], 'accepted')).toEqual(['already']);
  expect(await rig.answer([second as NonNullable<typeof second>], 'accepted')).toEqual(['recorded']);
  expect(await stateOf('L-1')).toBe('delivered:duplicate');
  expect(await rig.log('L-1')).toEqual([
    'departed',
    'outcome_unknown:unknown',
    'departed',
    'late:accepted',
    'outcome:duplicate',
  ]);
});

test('a yes that comes when its lease is over, and nobody has fetched it again, ends it', async () => {
  await handIn(['Y-1']);
  const items = await rig.fetched();
  await rig.lapse();
  const answers = await Promise.all([0, 1, 0, 1].map((api) => rig.answer(items, 'accepted', {}, api)));
  expect(answers.flat().toSorted()).toEqual(['already', 'already', 'already', 'recorded']);
  expect(await stateOf('Y-1')).toBe('delivered:accepted');
  expect(await rig.log('Y-1')).toEqual(['departed', 'outcome_unknown:unknown', 'late:accepted']);
  expect(await rig.fetched()).toEqual([]);
});

test('a yes at the moment when the lease runs out, before anybody has seen it lapse, is the only one in the log', async () => {
  await handIn(['Z-1']);
  const items = await rig.fetched();
  await rig.stopPlanner();
  await rig.gateway.owner.run(
    "UPDATE deliveries SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE state = 'sending'",
  );
  const answers = await Promise.all([0, 1].map((api) => rig.answer(items, 'accepted', {}, api)));
  expect(answers.flat().toSorted()).toEqual(['already', 'recorded']);
  await rig.gateway.start('planner');
  await rig.lapse();
  expect(await stateOf('Z-1')).toBe('delivered:accepted');
  expect(await rig.log('Z-1')).toEqual(['departed', 'late:accepted']);
});

test('taken under the second lease, the late yes to the first is no second acceptance', async () => {
  await handIn(['Z-2']);
  const first = await rig.fetched();
  await rig.lapse();
  expect(await rig.answer(await rig.fetched(), 'accepted')).toEqual(['recorded']);
  expect(await rig.answer(first, 'accepted')).toEqual(['late']);
  expect((await rig.log('Z-2')).filter((entry) => entry.endsWith(':accepted'))).toHaveLength(1);
});

test('what is refused is failed with its reason; what is given back comes again; nobody answers for what was never given', async () => {
  await handIn(['R-1', 'R-2']);
  const items = await rig.fetched();
  const of = (lead: string) => items.filter((item) => item.lead === lead);
  expect(await rig.answer(of('R-1'), 'refused', { reason: 'PROGRAMME_CLOSED' })).toEqual(['recorded']);
  expect(await stateOf('R-1')).toBe('failed:refused:PROGRAMME_CLOSED');
  expect(await rig.answer(of('R-2'), 'later', { reason: 'CRM_DOWN', afterSeconds: 0 })).toEqual(['recorded']);
  await rig.due(1);
  const again = await rig.fetched();
  expect(again).toMatchObject([{ lead: 'R-2', key: of('R-2')[0]?.key, again: true }]);
  // Twice in one request: the first counts, as if the second had come after it.
  expect(await rig.answer([...again, ...again], 'accepted', { reference: 'C-2' })).toEqual([
    'recorded',
    'already',
  ]);
  const never = [
    { key: again[0]?.key ?? '', lease: '1-9-9' },
    { key: '00000000-0000-4000-8000-000000000000', lease: '1-1-1' },
  ];
  expect(await rig.answer(never, 'accepted')).toEqual(['unknown', 'unknown']);
  expect(await rig.log('R-2')).toEqual(['departed', 'outcome:unavailable', 'departed', 'outcome:accepted']);
});

test('an item of the wrong shape is refused by itself, with its place and what to do; the others are taken', async () => {
  await handIn(['I-1', 'I-2']);
  const [one, two] = (await rig.fetched()).map(({ key, lease }) => ({ key, lease, outcome: 'accepted' }));
  const items = [one, { ...two, outcome: 'CRM 0639980001' }, null, { ...two, afterSeconds: '5' }, two];
  const by = { headers: { 'idempotency-key': 'answers-1' } };
  const { status, body, text } = await rig.post('/v1/pull/essai-pull/answers', { items }, by);
  const refused = (key: string | undefined, pointer: string): unknown => ({
    key,
    state: 'invalid',
    refusal: {
      code: 'USAGE-001',
      detail: expect.stringMatching(/./) as string,
      remedy: expect.stringMatching(/^Correct/) as string,
      errors: [{ pointer, detail: expect.stringMatching(/^must /) as string }],
    },
  });
  expect([status, body['items']]).toEqual([
    200,
    [
      { key: one?.key, state: 'recorded' },
      refused(two?.key, '/items/1/outcome'),
      refused('', '/items/2'),
      refused(two?.key, '/items/3/afterSeconds'),
      { key: two?.key, state: 'recorded' },
    ],
  ]);
  expect(text).not.toContain('0639980001');
  expect((await rig.post('/v1/pull/essai-pull/answers', { items }, by)).text).toBe(text);
  expect([await stateOf('I-1'), await stateOf('I-2')]).toEqual(['delivered:accepted', 'delivered:accepted']);
  // The list itself is a matter of the whole request.
  for (const list of [[], {}, Array.from({ length: 201 }, () => one)])
    expect((await rig.post('/v1/pull/essai-pull/answers', { items: list })).status).toBe(400);
});

test.each([
  ['the name of the lead', 'M_LEFEVRE_ABSENT'],
  ['a phone number', '0639980001'],
])('a reason that is %s is kept nowhere', async (_what, reason) => {
  const lead = `P-${reason.length}`;
  await handIn([lead]);
  expect(await rig.answer(await rig.fetched(), 'refused', { reason })).toEqual(['recorded']);
  expect(await stateOf(lead)).toBe('failed:refused:OTHER');
  expect(
    await rig.gateway.owner.all('SELECT id FROM handovers WHERE reason LIKE ?', [`%${reason}%`]),
  ).toEqual([]);
});

test('C22: a reason that comes after the erasure keeps no name of who is erased, in time or late', async () => {
  await handIn(['G-1', 'G-2']);
  const items = await rig.fetched();
  for (const reference of ['G-1', 'G-2']) await rig.gateway.app.rights.erase({ ...by, reference });
  const reason = { reason: 'M_LEFEVRE_ABSENT' };
  expect(await rig.answer(items.slice(0, 1), 'refused', reason)).toEqual(['recorded']);
  await rig.lapse();
  expect(await rig.answer(items.slice(1), 'refused', reason)).toEqual(['late']);
  const kept = "SELECT reason FROM %s WHERE reason LIKE '%LEFEVRE%'";
  for (const table of ['handovers', 'deliveries', 'alerts'])
    expect(await rig.gateway.owner.all(kept.replace('%s', table))).toEqual([]);
});

test('a reference that may be a phone number is kept nowhere, in time or late; the lead is taken all the same', async () => {
  await handIn(['F-1', 'F-2']);
  const items = await rig.fetched();
  expect(await rig.answer(items.slice(0, 1), 'accepted', { reference: '0639980012' })).toEqual(['recorded']);
  await rig.lapse();
  expect(await rig.answer(items.slice(1), 'accepted', { reference: '0033639980012' })).toEqual(['recorded']);
  expect(
    await rig.gateway.owner.all('SELECT state, recipient_reference AS reference FROM deliveries ORDER BY id'),
  ).toEqual([
    { state: 'delivered', reference: null },
    { state: 'delivered', reference: null },
  ]);
});

test('an update, a withdrawal and an erasure come the same way', async () => {
  await handIn(['W-1']);
  await rig.answer(await rig.fetched(), 'accepted', { reference: 'CRM-9' });
  const { rights } = rig.gateway.app;
  await rights.withdraw({ ...by, reference: 'W-1', purpose: 'marketing', channels: ['email'] });
  await rig.due(1);
  const update = await rig.fetched();
  expect(update).toMatchObject([{ action: 'update', reference: 'CRM-9', content: { OPTIN: 'RETRAIT' } }]);
  await rig.answer(update, 'accepted');
  await rights.erase({ ...by, reference: 'W-1' });
  await rig.due(1);
  const erase = await rig.fetched();
  expect(erase).toMatchObject([{ action: 'erase', lead: 'W-1', content: { ref: 'W-1' } }]);
  expect(JSON.stringify(erase)).not.toContain('Lefèvre');
  await rig.answer(erase, 'accepted');
  expect(await rig.log('W-1')).toEqual([
    ...['departed', 'outcome:accepted', 'departed', 'outcome:accepted', 'departed', 'outcome:accepted'],
  ]);
});

test('erased while the client has it: it does not come again, its erasure does', async () => {
  await handIn(['E-1']);
  const items = await rig.fetched();
  await rig.gateway.app.rights.erase({ ...by, reference: 'E-1' });
  await rig.lapse();
  await rig.gateway.until('the erasure is due', async () =>
    (await rig.gateway.states("d.action = 'erase'")).some(({ state }) =>
      ['planned', 'waiting'].includes(state),
    ),
  );
  await rig.due(1);
  expect((await rig.fetched()).map(({ action }) => action)).toEqual(['erase']);
  expect(await rig.answer(items, 'later')).toEqual(['late']);
});

test('C17: nothing is given by a suspended destination, under a restriction, past its age or without an authorisation', async () => {
  await handIn(names('N', 3));
  const { owner, app } = rig.gateway;
  await setDestinationStatus(app.database, 'essai-pull', 'suspended', {
    actor: 'tester',
    reason: 'ticket 1',
  });
  expect((await rig.post('/v1/pull/essai-pull', {})).body).toMatchObject({
    items: [],
    reason: 'destination_suspended',
  });
  await setDestinationStatus(app.database, 'essai-pull', 'active', { actor: 'tester', reason: 'ticket 1' });
  await owner.run(
    "UPDATE leads SET restricted_at = UTC_TIMESTAMP(3), revision = revision + 1 WHERE reference = 'N-1'",
  );
  await owner.run(
    "UPDATE deliveries d JOIN leads l ON l.id = d.lead_id SET d.expires_at = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE l.reference = 'N-2'",
  );
  await owner.run('UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3)');
  // Also when nothing is left to be withheld: whoever comes in vain is told why.
  for (const _time of [1, 2])
    expect((await rig.post('/v1/pull/essai-pull', {})).body).toMatchObject({
      items: [],
      reason: 'recipient_not_authorised',
    });
  // With the suspension as its reason where the dispatch has seen it.
  await rig.gateway.until('each has its reason', async () =>
    (await stateOf('N-2')).startsWith('failed:expired'),
  );
  expect(await stateOf('N-3')).toBe('withheld:recipient_not_authorised');
  expect(await stateOf('N-1')).toMatch(/^withheld:/);
  expect((await owner.all("SELECT 1 FROM handovers WHERE entry = 'departed'")).length).toBe(0);
});

test('under a restriction a lead stays, and the others are given', async () => {
  await handIn(['K-1', 'K-2']);
  await rig.gateway.owner.run(
    "UPDATE leads SET restricted_at = UTC_TIMESTAMP(3), revision = revision + 1 WHERE reference = 'K-1'",
  );
  expect((await rig.fetched()).map(({ lead }) => lead)).toEqual(['K-2']);
  expect(await stateOf('K-1')).toBe('withheld:restricted');
});

test.each(['claimed', 'written', 'departed', 'answered'])(
  'a process killed by SIGKILL, at the step %s, loses nothing: all of it comes again, under the same keys',
  async (step) => {
    const all = names('D', 7);
    await handIn(all);
    const keys = await rig.gateway.owner.all<{ key: string }>(
      'SELECT delivery_key AS `key` FROM deliveries ORDER BY id',
    );
    const child = spawn(process.execPath, [join(__dirname, 'dying-pull.ts'), step], {
      stdio: 'inherit',
      env: { ...process.env, ...rig.environment },
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    await rig.lapse();
    const items = await rig.fetched();
    expect(items.map(({ lead }) => lead).toSorted()).toEqual([...all].toSorted());
    expect(items.map(({ key }) => key).toSorted()).toEqual(keys.map(({ key }) => key).toSorted());
    await rig.answer(items, 'accepted');
    for (const reference of all) {
      const log = await rig.log(reference);
      expect(log.filter((entry) => entry.endsWith('accepted'))).toHaveLength(1);
      // Each departure has its outcome: where one was cut off, the log says so.
      expect(log.filter((entry) => entry === 'departed').length * 2).toBe(log.length);
    }
  },
);

test('what a process that died had only marked is due again by itself, and no worker sends it', async () => {
  await handIn(['Q-1']);
  await rig.gateway.owner.run(
    "UPDATE deliveries SET state = 'queued', queued_at = TIMESTAMPADD(MINUTE, -5, UTC_TIMESTAMP(3))",
  );
  await rig.due(1);
  expect(await rig.log('Q-1')).toEqual([]);
  expect((await rig.fetched()).map(({ lead }) => lead)).toEqual(['Q-1']);
});

test('C38: a key of another client finds nothing, and one without the scope may not ask', async () => {
  await handIn(['S-1']);
  const other = await rig.keyWith(['lead.pull'], 'autre');
  const items = await rig.fetched();
  const sent = { items: items.map(({ key, lease }) => ({ key, lease, outcome: 'accepted' })) };
  expect((await rig.post('/v1/pull/essai-pull', {}, { key: other })).status).toBe(404);
  expect((await rig.post('/v1/pull/essai-pull/answers', sent, { key: other })).status).toBe(404);
  const reader = await rig.keyWith(['delivery.read']);
  expect((await rig.post('/v1/pull/essai-pull', {}, { key: reader })).status).toBe(403);
  expect(await stateOf('S-1')).toBe('sending:');
});
