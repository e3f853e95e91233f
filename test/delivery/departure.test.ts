// Departure: with the claim where the delivery was written ahead, by itself where something does not stand any more.
import type { Connector } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/index.ts';
import type { ClaimJob, Departure } from '../../src/delivery/trip/attempt.ts';
import type { TripNeeds } from '../../src/delivery/trip/trip.ts';
import { bindNeeds } from '../../src/delivery/needs.ts';
import { claimTogether, claimOrder, openOrder } from '../../src/delivery/claim/job.ts';
import { createReader } from '../../src/delivery/content/inputs.ts';
import { writeAhead } from '../../src/delivery/departure/write-ahead.ts';
import { departWithClaim } from '../../src/delivery/departure/departure.ts';
import { RelaisError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { moveMonotonicClock } from '../support/host-clock.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let worker: Role | undefined;
/** The lead that meanwhile belongs to another worker. */
const taken = 'F-2';
const takeOver = (): Promise<unknown> =>
  gateway.owner.run(
    `UPDATE deliveries SET lease_token = lease_token + 1, lease_owner = 'other'
      WHERE lead_id = (SELECT id FROM leads WHERE reference = ?)`,
    [taken],
  );
const stateOf = async (reference: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}'`)).map((row) => row.state).join();
const entriesOf = async (reference: string): Promise<readonly string[]> => {
  const [row] = await gateway.states(`l.reference = '${reference}' AND d.action = 'create'`);
  return (await gateway.entries()).filter((one) => one.delivery === row?.id).map((one) => one.entry);
};

beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({
    files: webhookFiles(crm.port, { extra: 'limits: { concurrency: 4 }' }),
    // The lease is then that of the mapping's time-outs: what a send may take, and five seconds.
    environment: { RELAIS_LEASE_MS: '500' },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
  await gateway.start('planner');
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await gateway.close();
  await crm.close();
});

const accept: typeof crm.answer = (_request, response) =>
  void response.writeHead(200).end('{"success":true,"id":"C-1"}');

/** The first lead of a start goes alone; behind it several leave together. */
async function firstOne(): Promise<void> {
  await gateway.send(leadRow('F-0'));
  await gateway.until('the first delivered', async () => (await stateOf('F-0')) === 'delivered');
}

/** A promise, and what fulfils it. */
function signal(): readonly [() => void, Promise<void>] {
  let fulfil: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    fulfil = done;
  });
  return [() => fulfil(), promise];
}

/** How often each lead was sent, by its reference. */
const sent = (): readonly string[] =>
  crm.received.map((one) => (JSON.parse(one.body.toString()) as { ref: string }).ref).sort();

test('where nothing has to be asked, a delivery is written before its claim and departs with it', async () => {
  crm.answer = accept;
  const steps: string[] = [];
  worker = await startWorker(gateway.app, { step: (name) => void steps.push(name) });
  await firstOne();
  await gateway.until('at its end', () => steps.includes('settled'));
  expect(steps).toEqual(['written', 'claimed', 'departed', 'sent', 'settled']);
  expect(await entriesOf('F-0')).toEqual(['departed', 'outcome']);
});

test('a lead that somebody holds keeps no neighbour waiting, and departs when it is free', async () => {
  crm.answer = accept;
  let holding = false;
  let written = 0;
  const [release, released] = signal();
  const [isLocked, locked] = signal();
  worker = await startWorker(gateway.app, {
    // Both stand written before the lead of one of them is locked, as a correction locks it.
    step: async (name) => {
      if (name !== 'written' || !holding || written >= 2) return;
      written += 1;
      await locked;
    },
  });
  await firstOne();
  holding = true;
  await gateway.send(leadRow('F-1'), leadRow(taken));
  await gateway.until('both written', () => written === 2);
  const [lead] = await gateway.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [taken]);
  const held = gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM leads WHERE id = ? FOR UPDATE', [lead?.id ?? 0]);
    isLocked();
    await released;
  });
  await gateway.until('the neighbour delivered', async () => (await stateOf('F-1')) === 'delivered');
  expect(await stateOf(taken)).toBe('sending');
  release();
  await held;
  await gateway.until('delivered', async () => (await stateOf(taken)) === 'delivered');
  expect(sent()).toEqual(['F-0', 'F-1', taken]);
  expect(await entriesOf(taken)).toEqual(['departed', 'outcome']);
});

test('a lead corrected between writing and claim leaves once, as it stands now', async () => {
  crm.answer = accept;
  let corrected = false;
  worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'written' || corrected) return;
      corrected = true;
      const correction = { client_id: 'essai', kind: 'correction', reference: 'F-0', last_name: 'Martin' };
      await gateway.send({ ...correction, row_reference: 'F-0-k1' });
      await gateway.until(
        'corrected',
        async () => (await gateway.owner.all('SELECT 1 FROM leads WHERE revision = 2')).length === 1,
      );
    },
  });
  await gateway.send(leadRow('F-0'));
  await gateway.until('at its end', async () => (await entriesOf('F-0')).includes('outcome'));
  expect(crm.received).toHaveLength(1);
  expect(crm.received[0]?.body.toString()).toContain('Martin');
  expect(await entriesOf('F-0')).toEqual(['departed', 'outcome']);
});

test('an overtaken worker sends nothing and logs no departure; its neighbours leave', async () => {
  crm.answer = accept;
  let together = false;
  let stopped = 0;
  worker = await startWorker(gateway.app, {
    // All three stand just before their departure when the lease changes hands.
    step: async (name) => {
      if (name !== 'written' || !together) return;
      stopped += 1;
      await gateway.until('all written', () => stopped >= 3);
      await takeOver();
    },
  });
  await firstOne();
  together = true;
  await gateway.send(leadRow('F-1'), leadRow(taken), leadRow('F-3'));
  await gateway.until('neighbours delivered', async () =>
    /delivered.*delivered/.test(`${await stateOf('F-1')} ${await stateOf('F-3')}`),
  );
  expect(crm.received.map((one) => (JSON.parse(one.body.toString()) as { ref: string }).ref).sort()).toEqual([
    'F-0',
    'F-1',
    'F-3',
  ]);
  expect(await entriesOf(taken)).toEqual([]);
});

test('a process that stands still between its claim and the first byte sends nothing once another has the lease', async () => {
  crm.answer = accept;
  let held: Promise<void> | undefined;
  const [release, released] = signal();
  worker = await startWorker(gateway.app, {
    // The claim has departed, and its commit is not seen before the lease is over.
    step: async (name) => {
      if (name !== 'claimed' || held !== undefined) return;
      held = released;
      await released;
    },
  });
  await gateway.send(leadRow('F-0'));
  await gateway.until('claimed', () => held !== undefined);
  let thaw = (): void => undefined;
  try {
    await gateway.owner.run('UPDATE deliveries SET lease_until = UTC_TIMESTAMP(3)');
    const delivered = async (): Promise<boolean> => (await stateOf('F-0')) === 'delivered';
    await gateway.until('sent by another claim', delivered);
    // Longer than a lease can be short of its end and still not be looked at.
    thaw = moveMonotonicClock(3_000);
    release();
    await gateway.send(leadRow('F-9'));
    await gateway.until('the next delivered', async () => (await stateOf('F-9')) === 'delivered');
    // It lets what stood still end.
    await worker.stop();
  } finally {
    release();
    thaw();
  }
  expect(sent()).toEqual(['F-0', 'F-9']);
});

const needsWith = (webhook: (typeof connectors)[string], database = gateway.app.database): TripNeeds =>
  bindNeeds({
    database,
    published: gateway.app.published,
    connectors: { webhook },
    masterKeys: gateway.app.keys.master,
    reader: createReader(gateway.app.database, gateway.app.secrets),
    secrets: gateway.config.secrets,
    credentials: gateway.app.credentials,
    network: gateway.config.network,
    leaseMs: 60_000,
    settlingMs: 500,
    owner: 'test',
    log: silentLog,
    signal: new AbortController().signal,
  });
const webhook = connectors['webhook'] as (typeof connectors)[string];
async function queuedJob(reference = 'F-0'): Promise<ClaimJob> {
  await gateway.send(leadRow(reference));
  await gateway.until('queued', async () => (await stateOf(reference)) === 'queued');
  const [row] = await gateway.states(`l.reference = '${reference}'`);
  return { deliveryId: row?.id ?? 0, run: 1, attempt: 1 };
}

test('departures whose commit succeeds, and whose answer is lost, are one departure each in row and log, and leave', async () => {
  const { database } = gateway.app;
  let losesNext = false;
  const needs = needsWith(webhook, {
    ...database,
    transaction: async (...given) => {
      const result = await database.transaction(...given);
      if (losesNext) {
        losesNext = false;
        throw new RelaisError('DB-001', 'The answer to COMMIT was lost.');
      }
      return result;
    },
  });
  const jobs = [await queuedJob('F-1'), await queuedJob('F-2')];
  const drafts = await Promise.all(
    jobs.map(async (job) => {
      const order = await openOrder(needs, 'essai-crm', job);
      const draft = order === undefined ? undefined : await writeAhead(needs, order);
      if (draft === undefined) throw new Error('nothing was written ahead');
      return draft;
    }),
  );
  const load = { jobs, leaseMs: 60_000, limits: { concurrency: 4 } };
  const [claim] = await claimTogether({ ...needs, departWithClaim }, 'essai-crm', [load]);
  const departures = drafts.map(({ departure }, index): Departure => {
    const row = claim?.claimed[index];
    return {
      ...departure,
      ready: departure.ready.flatMap((one) => (row === undefined ? [] : { ...one, row })),
    };
  });
  losesNext = true;
  expect(await Promise.all(departures.map((departure) => needs.depart(departure)))).toEqual([
    'departed',
    'departed',
  ]);
  expect(await Promise.all(['F-1', 'F-2'].map(entriesOf))).toEqual([['departed'], ['departed']]);
  expect(await gateway.owner.all('SELECT departures FROM deliveries')).toEqual([
    { departures: 1 },
    { departures: 1 },
  ]);
});

test('of twins of a job the first gets the row, and nothing that the other has written departs', async () => {
  const needs = needsWith(webhook);
  const job = await queuedJob();
  const order = await openOrder(needs, 'essai-crm', job);
  const draft = order === undefined ? undefined : await writeAhead(needs, order);
  if (draft === undefined) throw new Error('nothing was written ahead');
  const load = { jobs: [job], leaseMs: 60_000, limits: { concurrency: 4 } };
  const twins = await claimTogether({ ...needs, departWithClaim }, 'essai-crm', [
    load,
    { ...load, written: draft.departure },
  ]);
  expect(twins.map(({ claimed, departed }) => [claimed.length, departed.size])).toEqual([
    [1, 0],
    [0, 0],
  ]);
  expect(await entriesOf('F-0')).toEqual([]);
});

test('what breaks when it is written ahead is claimed all the same, so that it ends visibly', async () => {
  const compose = (): never => {
    throw new RelaisError('INTERNAL-001', 'broken for this test');
  };
  const needs = needsWith({ ...webhook, compose });
  const order = await openOrder(needs, 'essai-crm', await queuedJob());
  if (order === undefined) throw new Error('no order');
  expect(await writeAhead(needs, order)).toBeUndefined();
  expect((await claimOrder(needs, order, undefined))?.rows).toHaveLength(1);
});

test('a worker loads what sending needs of the connectors that have a destination, and of no other', async () => {
  const loads = ['webhook', 'email', 'flow'].map((type) =>
    jest.spyOn(connectors[type] as Required<Connector>, 'load').mockResolvedValue(undefined),
  );
  try {
    worker = await startWorker(gateway.app);
    expect(loads.map((load) => load.mock.calls.length)).toEqual([1, 0, 0]);
  } finally {
    for (const load of loads) load.mockRestore();
  }
});
