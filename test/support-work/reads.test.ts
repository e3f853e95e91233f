// What support reads, whichever face shows it: masked, page by page, and never beyond the scope of whoever asks.
import { isRelaisError } from '../../src/errors.ts';
import { keyScopes } from '../../src/access/permissions.ts';
import { perform } from '../../src/support/acts/act.ts';
import { closeAll, pauseRunAct, planBulk, replayAll, resumeRunAct } from '../../src/support/acts/bulk.ts';
import { cancelDelivery, replayDelivery } from '../../src/support/acts/deliveries.ts';
import { sendFileNow, suspendDestination, tryDestination } from '../../src/support/acts/destinations.ts';
import { closeTasks } from '../../src/support/acts/tasks.ts';
import { setBulkState } from '../../src/store/deliveries/bulk-runs.ts';
import { beginRunIn, workAnyRun } from '../../src/support/bulk-runs.ts';
import { bulkRun, bulkRunsPage, type BulkRunHead } from '../../src/support/reads/bulk-runs.ts';
import {
  countOfFilter,
  deliveriesPage,
  failureGroups,
  deliveryPage,
} from '../../src/support/reads/deliveries.ts';
import { destinationPage, destinationsWithHealth, filesPage } from '../../src/support/reads/destinations.ts';
import { handoversOfLead, leadPage } from '../../src/support/reads/lead.ts';
import { mappingVersion, mappingVersions } from '../../src/support/reads/mappings.ts';
import { leadsByReference, peopleFound } from '../../src/support/reads/people.ts';
import { alertsPage, deliveryTasksPage, openAlerts } from '../../src/support/reads/tasks.ts';
import { wholeCentre, type Scope } from '../../src/support/place.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { twoClients } from '../support/two-clients.ts';
import { leadRow, openGateway, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
const masked = { reveal: false, actor: 'account:1', reason: 'ticket 1' };
let gateway: Gateway;
const essai: Scope = { clientId: 'essai' };
const autre = { kind: 'key', scopes: keyScopes, clientId: 'autre' } as const;
const all = { limit: 50 };

beforeAll(async () => {
  crm = await startHttpRecipient();
  // The recipient refuses who is called Refus.
  crm.answer = (request, response) =>
    request.body.toString().includes('Refus')
      ? void response.writeHead(422, { 'content-type': 'application/json' }).end('{}')
      : void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"success": true, "id": "CRM-1"}');
  gateway = await openGateway({ files: twoClients(crm.port) });
  const { publishing } = gateway.app;
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await publishing.publish({ destinationId, author: 'h.leroy', note: 'first version' });
  const person = (name: string, reference: string, client: string) =>
    leadRow(reference, {
      client_id: client,
      last_name: name,
      email: `${reference.toLowerCase()}@courriel.example`,
      mobile: `+336399801${reference.slice(-2)}`,
      budget_max: 250_000,
      comment: 'Rappeler le soir',
    });
  await gateway.send(
    ...['E-10', 'E-11', 'E-12'].map((reference) => person('Martin', reference, 'essai')),
    person('Refus', 'E-13', 'essai'),
    person('Refus', 'E-14', 'essai'),
    person('Durand', 'A-20', 'autre'),
    person('Refus', 'A-21', 'autre'),
  );
  await gateway.start('planner', 'worker');
  await gateway.until('all settled', async () => {
    const states = await gateway.states();
    return states.length === 7 && states.every(({ state }) => ['delivered', 'failed'].includes(state));
  });
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isRelaisError(error) ? error.code : `no refusal: ${String(error)}`;
};
const idOf = async (reference: string): Promise<number> =>
  (await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0;

test('a list goes on where the page before it ended, and meets each delivery once', async () => {
  const seen: number[] = [];
  for (let after: number | undefined; ;) {
    const page = await deliveriesPage(
      gateway.app,
      wholeCentre,
      {},
      { limit: 2, ...(after === undefined ? {} : { after }) },
    );
    seen.push(...page.items.map(({ id }) => id));
    if (page.next === undefined) break;
    after = page.next;
  }
  expect(seen).toHaveLength(7);
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a));
});

test.each<[string, Parameters<typeof deliveriesPage>[2], readonly string[]]>([
  ['a client', { client: 'autre' }, ['A-21', 'A-20']],
  ['a destination', { destination: 'essai-crm', state: 'delivered' }, ['E-12', 'E-11', 'E-10']],
  ['a state', { state: 'failed' }, ['A-21', 'E-14', 'E-13']],
  ['a cause without its state', { reason: 'refused' }, ['A-21', 'E-14', 'E-13']],
  ['a cause of what was delivered', { client: 'essai', reason: 'accepted' }, ['E-12', 'E-11', 'E-10']],
  ['a period and a state', { state: 'failed', since: new Date(0) }, ['A-21', 'E-14', 'E-13']],
  ['a lead', { lead: 'E-11' }, ['E-11']],
])('deliveries by %s, newest first, and as many are counted', async (_, filter, references) => {
  const { items } = await deliveriesPage(gateway.app, wholeCentre, filter, all);
  expect(items.map(({ lead }) => lead).toSorted()).toEqual([...references].toSorted());
  await expect(countOfFilter(gateway.app, wholeCentre, filter)).resolves.toEqual({
    count: references.length,
    isMore: false,
  });
});

test('C39: a lead is shown masked, by category, with its consents over time', async () => {
  const page = await leadPage(gateway.app, essai, { client: 'essai', reference: 'E-10' }, masked);
  const shown = JSON.stringify([page.categories, page.person]);
  expect(shown).not.toMatch(/Martin|Zoé|e-10@|9980110|250000|Rappeler/);
  expect(shown).toContain('M***');
  expect(page.categories.map(({ category }) => category)).toEqual(
    expect.arrayContaining(['identity', 'project', 'statistical']),
  );
  expect(page.consentsOverTime).toMatchObject([{ purpose: 'marketing', channel: 'email', state: 'granted' }]);
  expect(page.deliveries).toHaveLength(1);
  const { items } = await handoversOfLead(gateway.app, essai, { client: 'essai', reference: 'E-10' }, all);
  expect(items.map(({ entry }) => entry)).toEqual(expect.arrayContaining(['departed', 'outcome']));
});

test('failures are grouped by cause and destination, each with what it means and what to do', async () => {
  const groups = await failureGroups(gateway.app, wholeCentre);
  expect(groups.map(({ destination, count, reason }) => [destination, count, reason.split(':')[0]])).toEqual([
    ['essai-crm', 2, 'refused'],
    ['autre-crm', 1, 'refused'],
  ]);
  expect(groups[0]?.text[0]).toContain('refusé par le destinataire');
  expect(groups[0]?.advice.length).toBeGreaterThan(0);
});

test('a destination has its backlog, its open tasks and how long it takes', async () => {
  const page = await destinationPage(gateway.app, essai, 'essai-crm');
  expect(page).toMatchObject({ mapping: 1, status: 'active', sends: 'all', tasks: 2 });
  expect(page.durations.count).toBe(3);
  expect(page.durations.p95Ms).toBeGreaterThanOrEqual(page.durations.p50Ms ?? Infinity);
});

test('the story of a delivery names whoever acted to the centre, and to its client nobody', async () => {
  const id = await idOf('E-13');
  const acting = { scope: wholeCentre, actor: 'account:4711' };
  await perform(gateway.app, replayDelivery, acting, {
    to: [String(id)],
    input: { reason: 'asked by M. Dupuis' },
  });
  await gateway.until(
    'refused again',
    async () => (await gateway.states(`d.id = ${id}`))[0]?.state === 'failed',
  );
  const told = (scope: Scope) =>
    deliveryPage(gateway.app, scope, String(id)).then((page) => JSON.stringify(page));
  const centre = await told(wholeCentre);
  expect(centre).toContain('account:4711');
  expect(centre).toContain('asked by M. Dupuis');
  const client = await told(essai);
  expect(client).toContain('Rejeu demandé par le centre');
  expect(client).not.toMatch(/4711|Dupuis|relais replay/);
});

test('a bulk run is planned, confirmed by its number, and worked by a planner', async () => {
  const asked = { kind: 'replay', filter: { destination: 'essai-crm', state: 'failed' } } as const;
  const acting = { scope: wholeCentre, actor: 'account:7' };
  const begin = (input: object): Promise<BulkRunHead> =>
    perform(gateway.app, replayAll, acting, { to: [], input: { reason: 'ticket 1', ...input } });
  const { filter } = asked;
  await expect(planBulk(gateway.app, wholeCentre, asked)).resolves.toMatchObject({ matched: 2, going: 2 });
  await expect(refusal(begin({ filter, expected: 3 }))).resolves.toBe('BULK-002');
  await expect(refusal(begin({ filter: {}, expected: 7 }))).resolves.toBe('USAGE-001');
  const run = await begin({ filter, expected: 2 });
  await gateway.until('done', async () => (await bulkRun(gateway.app, wholeCentre, run.id)).state === 'done');
  await expect(bulkRun(gateway.app, wholeCentre, run.id)).resolves.toMatchObject({ done: 2, refused: 0 });
  await expect(bulkRunsPage(gateway.app, essai, {}, all)).resolves.toMatchObject({ items: [] });
});

test('a bulk run rests when it is paused, whatever planner looks, and goes on when it is resumed', async () => {
  await gateway.until('refused again', async () =>
    (await gateway.states("d.destination_id = 'essai-crm'")).every(({ state }) =>
      ['delivered', 'failed'].includes(state),
    ),
  );
  const { database } = gateway.app;
  const acting = { scope: wholeCentre, actor: 'account:7' };
  // Leased to nobody that works: only the pause keeps the planner from it.
  const [row] = await gateway.states("l.reference = 'E-13'");
  const begun = await database.transaction(async (tx) => {
    const made = await beginRunIn(tx, {
      order: { kind: 'replay', anew: false },
      by: { actor: 'account:7', reason: 'ticket 9' },
      filter: { lead: 'E-13' },
      deliveries: [{ id: row?.id ?? 0, run: 0, attempt: 0, state: '' }],
    });
    await setBulkState(tx, made.id, 'paused');
    return made;
  });
  for (let look = 0; look < 20; look += 1) expect(await workAnyRun({ ...gateway.app })).toBe(false);
  await expect(bulkRun(gateway.app, wholeCentre, begun.id)).resolves.toMatchObject({
    state: 'paused',
    done: 0,
  });
  const on = { to: [String(begun.id)], input: {} };
  await perform(gateway.app, resumeRunAct, acting, on);
  await gateway.until(
    'done',
    async () => (await bulkRun(gateway.app, wholeCentre, begun.id)).state === 'done',
  );
  await expect(refusal(perform(gateway.app, pauseRunAct, acting, on))).resolves.toBe('BULK-001');
});

test('nothing of another client is read or acted on: it is as if it did not exist', async () => {
  const { app } = gateway;
  const acting = { scope: autre, actor: 'key:1' };
  await gateway.until('refused again', async () =>
    (await gateway.states("d.destination_id = 'essai-crm'")).every(({ state }) =>
      ['delivered', 'failed'].includes(state),
    ),
  );
  const id = String(await idOf('E-14'));
  const [row] = await gateway.owner.all<{ key: string }>(
    'SELECT delivery_key AS `key` FROM deliveries WHERE id = ?',
    [Number(id)],
  );
  const run = await perform(
    app,
    closeAll,
    { scope: wholeCentre, actor: 'account:7' },
    {
      to: [],
      input: {
        ...{ filter: { destination: 'essai-crm' }, expected: 2 },
        ...{ reason: 'ticket 2', evidence: 'mail of today' },
      },
    },
  );
  await gateway.owner.run(
    "INSERT INTO alerts (kind, client_id, destination_id, delivery_id, reason) VALUES ('file_late', 'essai', 'essai-crm', 0, '')",
  );
  const [alert] = await openAlerts(app, essai, {}, 1);
  const why = { reason: 'ticket 3' };
  const lead = { client: 'essai', reference: 'E-14' };
  const asked: readonly Promise<unknown>[] = [
    deliveriesPage(app, autre, { client: 'essai' }, all),
    deliveriesPage(app, autre, { destination: 'essai-crm' }, all),
    deliveriesPage(app, autre, { lead: 'E-14' }, all),
    countOfFilter(app, autre, { destination: 'essai-crm' }),
    failureGroups(app, autre, { destination: 'essai-crm' }),
    deliveryPage(app, autre, id),
    deliveryPage(app, autre, row?.key ?? ''),
    leadPage(app, autre, lead, masked),
    handoversOfLead(app, autre, lead, all),
    leadsByReference(app, autre, lead),
    peopleFound(
      app,
      autre,
      { email: 'e-14@courriel.example', client: 'essai' },
      { ...why, actor: 'key:1', reveal: false },
    ),
    destinationPage(app, autre, 'essai-crm'),
    destinationsWithHealth(app, autre, { client: 'essai' }),
    filesPage(app, autre, { destination: 'essai-crm' }, all),
    deliveryTasksPage(app, autre, { destination: 'essai-crm' }, all),
    openAlerts(app, autre, { client: 'essai' }, 50),
    alertsPage(app, autre, { client: 'essai' }, all),
    bulkRun(app, autre, run.id),
    mappingVersions(app, autre, 'essai-crm'),
    mappingVersion(app, autre, { destination: 'essai-crm', version: 1 }),
    perform(app, replayDelivery, acting, { to: [id], input: why }),
    perform(app, cancelDelivery, acting, { to: [id], input: why }),
    planBulk(app, autre, { kind: 'replay', filter: { destination: 'essai-crm' } }),
    perform(app, suspendDestination, acting, { to: ['essai-crm'], input: why }),
    tryDestination(app, autre, 'essai-crm'),
    perform(app, sendFileNow, acting, { to: ['essai-crm'], input: why }),
    perform(app, pauseRunAct, acting, { to: [String(run.id)], input: {} }),
    perform(app, closeTasks, acting, { to: [id], input: { ...why, evidence: 'mail of today' } }),
    perform(app, closeTasks, acting, {
      to: [alert?.task ?? ''],
      input: { ...why, evidence: 'mail of today' },
    }),
  ];
  await expect(Promise.all(asked.map(refusal))).resolves.toEqual(asked.map(() => 'FIND-001'));
  const own = JSON.stringify([
    await deliveriesPage(app, autre, {}, all),
    await destinationsWithHealth(app, autre),
    await failureGroups(app, autre),
    await deliveryTasksPage(app, autre, {}, all),
    await openAlerts(app, autre, {}, 50),
    await alertsPage(app, autre, {}, all),
    await bulkRunsPage(app, autre, {}, all),
    await peopleFound(app, autre, { name: 'Martin' }, { ...why, actor: 'key:1', reveal: false }),
  ]);
  expect(own).toContain('A-21');
  expect(own).not.toContain('essai');
});

test('a suggestion for a mistyped name is one of the reader’s own', async () => {
  await expect(deliveriesPage(gateway.app, autre, { destination: 'essai-cr' }, all)).rejects.not.toThrow(
    /essai-crm/,
  );
  await expect(deliveriesPage(gateway.app, wholeCentre, { destination: 'essai-cr' }, all)).rejects.toThrow(
    /essai-crm/,
  );
});
