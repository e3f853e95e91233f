// What an erasure, a withdrawal, a replay and a cancellation do to a delivery in each of its states; no state is forgotten.
import { createPlanner } from '../../src/delivery/plan.ts';
import { cancel, replay } from '../support/replay.ts';
import { silentLog } from '../../src/log.ts';
import { toldByHand } from '../../src/support/lead-rights.ts';
import { strangerRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

/** A create as it may be found, and whether the recipient may hold something of it. */
const found = {
  planned: { columns: "state = 'planned'", departed: false },
  queued: { columns: "state = 'queued', queued_at = UTC_TIMESTAMP(3)", departed: false },
  'claimed, not departed': {
    columns: "state = 'sending', attempt = 1, lease_until = '2099-01-01'",
    departed: false,
  },
  'on its way': {
    columns:
      "state = 'sending', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1, lease_until = '2099-01-01'",
    departed: true,
  },
  'waits for its next try, never received': {
    columns:
      "state = 'waiting', reason = 'retry:HTTP_503', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1",
    departed: true,
  },
  'waits, maybe received': {
    columns:
      "state = 'waiting', reason = 'outcome_unknown', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1, maybe_received = 1",
    departed: true,
  },
  'support decides': {
    columns:
      "state = 'waiting', reason = 'unknown_hold:CUT', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1, maybe_received = 1, due_at = '2099-01-01'",
    departed: true,
  },
  withheld: { columns: "state = 'withheld', reason = 'opt_in_missing:marketing.email'", departed: false },
  pending: {
    columns:
      "state = 'pending', reason = 'recipient_decides', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1, maybe_received = 1, pending_since = UTC_TIMESTAMP(3)",
    departed: true,
  },
  delivered: {
    columns:
      "state = 'delivered', reason = 'accepted', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1, sent_mapping_id = (SELECT mapping_version_id FROM destinations WHERE id = 'essai-crm'), maybe_received = 1, settled_at = UTC_TIMESTAMP(3)",
    departed: true,
  },
  refused: {
    columns:
      "state = 'failed', reason = 'refused:NO', attempt = 1, departed_attempt = 1, departures = 1, sent_revision = 1, settled_at = UTC_TIMESTAMP(3)",
    departed: true,
  },
  'exhausted, maybe received': {
    columns:
      "state = 'failed', reason = 'exhausted:CUT', attempt = 4, departed_attempt = 4, departures = 4, sent_revision = 1, maybe_received = 1, settled_at = UTC_TIMESTAMP(3)",
    departed: true,
  },
  'expired, never left': {
    columns: "state = 'failed', reason = 'expired:opt_in_missing', settled_at = UTC_TIMESTAMP(3)",
    departed: false,
  },
  'cancelled by support': {
    columns: "state = 'cancelled', reason = 'by_support', settled_at = UTC_TIMESTAMP(3)",
    departed: false,
  },
} as const;
type Found = keyof typeof found;
const every = Object.keys(found) as readonly Found[];

let gateway: Gateway;
const by = { actor: 'tester', reason: 'test' };
const plan = async (): Promise<void> => {
  const planner = createPlanner({
    database: gateway.app.database,
    published: gateway.app.published,
    log: silentLog,
  });
  while ((await planner.planBatch(500)).taken > 0);
};
/** The creates in the order of `every`. */
const creates = async () =>
  (await gateway.states()).toSorted(
    (one, other) => Number(one.reference.slice(2)) - Number(other.reference.slice(2)),
  );
/** One lead for each state; returns its name. */
const nameOf = (state: Found): string => `L-${every.indexOf(state)}`;
const of = async (state: Found, action: string): Promise<string> =>
  (await gateway.states(`l.reference = '${nameOf(state)}' AND d.action = '${action}'`))
    .map((row) => (row.reason === '' ? row.state : `${row.state}:${row.reason}`))
    .join(' | ');
const table = async (action: string): Promise<Record<Found, string>> => {
  const result: Partial<Record<Found, string>> = {};
  for (const state of every) result[state] = await of(state, action);
  return result as Record<Found, string>;
};

beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.send(...every.map((state) => strangerRow(nameOf(state))));
  await gateway.app.intake.acceptBatch(100);
  await plan();
  for (const state of every)
    await gateway.owner.run(
      `UPDATE deliveries SET ${found[state].columns} WHERE lead_id = (SELECT id FROM leads WHERE reference = '${nameOf(state)}')`,
    );
});
afterEach(() => gateway.close());

test('C22: erased in any state, what can be stopped is, and what may be held is asked back', async () => {
  for (const state of every)
    await gateway.app.rights.erase({ clientId: 'essai', reference: nameOf(state), ...by });
  await plan();
  expect(await table('create')).toEqual({
    planned: 'cancelled:erased',
    queued: 'cancelled:erased',
    'claimed, not departed': 'sending',
    'on its way': 'sending',
    'waits for its next try, never received': 'cancelled:erased',
    'waits, maybe received': 'cancelled:erased',
    'support decides': 'cancelled:erased',
    withheld: 'cancelled:erased',
    pending: 'cancelled:erased',
    delivered: 'delivered:accepted',
    refused: 'failed:refused:NO',
    'exhausted, maybe received': 'failed:exhausted:CUT',
    'expired, never left': 'failed:expired:opt_in_missing',
    'cancelled by support': 'cancelled:by_support',
  });
  const asked = await table('erase');
  for (const state of every)
    expect({ state, asked: asked[state] }).toEqual({ state, asked: found[state].departed ? 'planned' : '' });
  // And nothing of it can be sent again by hand.
  const ids = (await gateway.states("d.action = 'create'")).map((row) => row.id);
  const answers = await replay(gateway.app, ids, by);
  expect(answers.map((one) => one.done === 'refused' && one.why)).toEqual(every.map(() => 'lead_erased'));
});

test('C24: erased by a request in any state, the request waits for each recipient that is asked, and for no other', async () => {
  for (const state of every) {
    const { requests } = gateway.app;
    const { id } = await requests.open({
      ...{ clientId: 'essai', kind: 'erasure', references: [nameOf(state)], actor: by.actor },
    });
    await requests.apply(id, {
      ...{ selection: { leads: 'all', rows: 'all' }, identity: 'seen', actor: by.actor },
    });
    await plan();
    const asked = (await of(state, 'erase')) !== '';
    const waitedFor = (await requests.show(id)).recipients.map(({ state: at }) => at);
    expect({ state, waitedFor }).toEqual({ state, waitedFor: asked ? ['owed'] : [] });
  }
  // The same recipients are named at the terminal where they take no erase.
  await gateway.owner.run("UPDATE destinations SET status = 'archived'");
  for (const state of every) {
    const lead = { clientId: 'essai', reference: nameOf(state) };
    const { destinations } = await toldByHand(gateway.app, lead, 'erase');
    expect({ state, destinations }).toEqual({
      state,
      destinations: found[state].departed ? ['essai-crm'] : [],
    });
  }
});

test('C20: withdrawn in any state, the recipient hears of it: in the create itself, or in an update', async () => {
  for (const state of every)
    await gateway.app.rights.withdraw({
      ...{ clientId: 'essai', reference: nameOf(state), purpose: 'marketing' as const },
      ...{ channels: ['email'] as const, ...by },
    });
  await plan();
  expect(await table('update')).toEqual({
    planned: 'cancelled:superseded',
    queued: 'cancelled:superseded',
    'claimed, not departed': 'cancelled:superseded',
    'on its way': 'planned',
    'waits for its next try, never received': 'cancelled:superseded',
    'waits, maybe received': 'planned',
    'support decides': 'planned',
    withheld: 'cancelled:superseded',
    pending: 'planned',
    delivered: 'planned',
    refused: '',
    'exhausted, maybe received': 'planned',
    'expired, never left': '',
    'cancelled by support': '',
  });
  // Its opt-in was missing: an answer, even this one, lets the lead go.
  expect(await of('withheld', 'create')).toBe('planned');
  expect(await of('expired, never left', 'create')).toBe('failed:expired:opt_in_missing | planned');
  const refusals = await gateway.owner.all<{ reference: string; reason: string }>(
    'SELECT l.reference, r.reason FROM routing_refusals r JOIN leads l ON l.id = r.lead_id ORDER BY r.id',
  );
  expect(refusals.map((row) => `${row.reference}:${row.reason}`).toSorted()).toEqual(
    [
      `${nameOf('refused')}:create_not_delivered`,
      `${nameOf('cancelled by support')}:create_not_delivered`,
    ].toSorted(),
  );
});

test('replayed in any state: a new run only from an end, under a new key only after a definite refusal', async () => {
  const rows = await creates();
  const answers = await replay(
    gateway.app,
    rows.map((row) => row.id),
    by,
  );
  const delivered = rows[every.indexOf('delivered')]?.id ?? 0;
  expect(await replay(gateway.app, [delivered], { ...by, again: true })).toMatchObject([{ done: 'new_run' }]);
  expect(
    Object.fromEntries(
      answers.map((one, index) => [every[index], one.done === 'refused' ? one.why : one.done]),
    ),
  ).toEqual({
    planned: 'on_its_way',
    queued: 'on_its_way',
    'claimed, not departed': 'on_its_way',
    'on its way': 'on_its_way',
    'waits for its next try, never received': 'brought_forward',
    'waits, maybe received': 'brought_forward',
    'support decides': 'undecided',
    withheld: 'looked_at_again',
    pending: 'brought_forward',
    delivered: 'already_delivered',
    refused: 'new_run',
    'exhausted, maybe received': 'new_run',
    'expired, never left': 'new_run',
    'cancelled by support': 'new_run',
  });
  const keys = await gateway.owner.all<{ id: number; key_run: number; run: number; sent_revision: number }>(
    'SELECT id, key_run, run, sent_revision FROM deliveries',
  );
  const keysOf = (index: number) => keys.find(({ id }) => id === rows[index]?.id);
  const newKey = every.filter((_, index) => (keysOf(index)?.key_run ?? 0) > 1);
  expect(newKey).toEqual(['refused']);
  // What may have arrived is sent again as it was.
  expect(keysOf(every.indexOf('exhausted, maybe received'))).toMatchObject({ run: 2, sent_revision: 1 });
});

test('what waits for a person is sent all the same only where doubles are accepted, and the log says so', async () => {
  const rows = await creates();
  const row = rows[every.indexOf('support decides')];
  const ids = [row?.id ?? 0];
  expect(await replay(gateway.app, ids, by)).toMatchObject([{ done: 'refused', why: 'undecided' }]);
  expect(await replay(gateway.app, ids, { ...by, acceptDoubles: true })).toMatchObject([
    { done: 'brought_forward' },
  ]);
  const entries = await gateway.owner.all<{ reason: string }>(
    "SELECT reason FROM handovers WHERE entry = 'replayed' AND delivery_id = ?",
    ids,
  );
  expect(entries).toEqual([{ reason: 'may_double' }]);
});

test('cancelled in any state: only what is being sent, or has ended, stays as it is', async () => {
  const rows = await creates();
  const { ended } = await cancel(
    gateway.app.database,
    rows.map((row) => row.id),
    by,
  );
  const kept = every.filter((_, index) => !ended.includes(rows[index]?.id ?? 0));
  expect(kept).toEqual([
    'claimed, not departed',
    'on its way',
    'delivered',
    'refused',
    'exhausted, maybe received',
    'expired, never left',
    'cancelled by support',
  ]);
});
