// Who works on a long file: one worker at a time, as long as it lives; and the rows that somebody else holds when it is collected.
import { connectors } from '../../../connectors/index.ts';
import { createReader } from '../../../src/delivery/content/inputs.ts';
import { createDeliverer, type Deliverer } from '../../../src/delivery/deliver.ts';
import { createFiles, type Files } from '../../../src/delivery/files/collect.ts';
import { silentLog } from '../../../src/log.ts';
import { startWorker } from '../../../src/roles/worker.ts';
import type { Role } from '../../../src/roles/role-status.ts';
import { recoverWholes } from '../../store/recover-wholes.ts';
import { openDropGateway, type DropGateway } from '../../trip/drop.ts';
import { strangerRow } from '../../trip/gateway.ts';

let gateway: DropGateway;
let workers: Role[] = [];
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `L-${at + 1}`);
const referencesIn = (name: string): readonly string[] =>
  gateway
    .text(name)
    .trim()
    .split('\n')
    .map((line) => line.split(';')[1]?.replaceAll('"', '') ?? '')
    .toSorted();

beforeEach(async () => {
  workers = [];
  gateway = await openDropGateway({}, silentLog, { RELAIS_FILE_PART_ROWS: '3' });
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const worker of workers) await worker.stop();
  await gateway.close();
});

/** Eight leads to be collected, and a file asked for. */
async function asked(): Promise<Role> {
  const [planner] = (await gateway.start('planner')) as readonly [Role];
  await gateway.send(...names(8).map((name) => strangerRow(name)));
  await gateway.collectable(8);
  await gateway.ask();
  return planner;
}
type Step = (name: string) => void | Promise<void>;
const startWith = async (step: Step): Promise<void> =>
  void workers.push(await startWorker(gateway.app, { step }));
const delivered = async (): Promise<boolean> => (await gateway.states("d.state = 'delivered'")).length === 8;
const whole = async (): Promise<Readonly<Record<string, unknown>> | undefined> =>
  (
    await gateway.owner.all<Readonly<Record<string, unknown>>>(
      "SELECT state, attempt, outcome, lease_until > UTC_TIMESTAMP(3) AS leased, lease_until FROM batches WHERE role = 'whole'",
    )
  )[0];

/** What runs each third of a lease: as long as a send may take, and five seconds. */
function timersOfLeases(): readonly (() => void)[] {
  const timers: (() => void)[] = [];
  const { setInterval: start } = globalThis;
  jest.spyOn(globalThis, 'setInterval').mockImplementation(((work: () => void, ms: number) => {
    if (ms === 17_000 / 3) timers.push(work);
    return start(work, ms);
  }) as typeof setInterval);
  return timers;
}

test('the rows of a long file are not recovered while its worker lives, however long it is written, sent and settled', async () => {
  await asked();
  const timers = timersOfLeases();
  /** The time has come at which the worker renews the lease by itself, as it does again and again. */
  const isRenewed = async (): Promise<void> => {
    const leaseUntil = async (): Promise<number> => Number((await whole())?.['lease_until']);
    const before = await leaseUntil();
    await gateway.until('the lease is renewed', async () => {
      for (const come of timers) come();
      return (await leaseUntil()) > before;
    });
    expect(await recoverWholes(gateway.owner)).toBe(0);
  };
  const seen: string[] = [];
  let settled: Promise<void> | undefined;
  await startWith(async (name) => {
    seen.push(name);
    const isFirst = seen.filter((one) => one === name).length === 1;
    if (isFirst && (name === 'written' || name === 'departed')) await isRenewed();
    if (isFirst && name === 'sent')
      // Its last row can be settled no sooner.
      await new Promise<void>((locked) => {
        settled = gateway.owner.transaction(async (tx) => {
          await tx.all('SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 FOR UPDATE');
          locked();
          await isRenewed();
        });
      });
  });
  await gateway.soon('delivered', delivered);
  await settled;
  expect(seen.filter((name) => name === 'sent')).toHaveLength(1);
  await gateway.until('ended', async () => (await whole())?.['state'] === 'sent');
  expect(await whole()).toMatchObject({ attempt: 0 });
  expect((await gateway.entries()).filter(({ entry }) => entry === 'outcome_unknown')).toEqual([]);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
});

/** A worker that takes nothing from a queue. */
const delivererWith = (step: Step): Deliverer =>
  createDeliverer({
    ...{ database: gateway.app.database, published: gateway.app.published, connectors, step },
    ...{ masterKeys: gateway.app.keys.master, credentials: gateway.app.credentials },
    reader: createReader(gateway.app.database, gateway.app.secrets),
    ...{ secrets: gateway.config.secrets, network: gateway.config.network, log: silentLog },
    ...{ leaseMs: 8_500, settlingMs: 500, owner: 'first', signal: new AbortController().signal },
  });

test('a worker that lost a long file moves nothing of it: what it came to is in the log, late and without effect', async () => {
  await asked();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let sentFirst = false;
  await gateway.until('queued', async () => (await gateway.states("d.state = 'queued'")).length === 8);
  const [file] = await gateway.owner.all<{ id: number }>("SELECT id FROM batches WHERE role = 'whole'");
  const sending = delivererWith(async (name) => {
    if (name !== 'sent') return;
    sentFirst = true;
    await first.promise;
  }).handle('essai-csv', { batchId: file?.id ?? 0, attempt: 0 });
  await gateway.until('sent', () => sentFirst);
  let departedAgain = false;
  await startWith(async (name) => {
    if (name !== 'departed') return;
    departedAgain = true;
    await second.promise;
  });
  try {
    await gateway.owner.run(
      "UPDATE batches SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE role = 'whole'",
    );
    await gateway.until('taken by the second', () => departedAgain);
    first.resolve();
    await sending;
    await gateway.until('late', async () => (await gateway.entries()).some(({ entry }) => entry === 'late'));
    expect(await whole()).toMatchObject({ state: 'written', attempt: 1, outcome: null, leased: 1 });
    expect(await gateway.counts()).toEqual({ sending: 8 });
  } finally {
    first.resolve();
    second.resolve();
  }
  await gateway.soon('delivered', delivered);
  await gateway.until('ended', async () => (await whole())?.['state'] === 'sent');
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(gateway.sftp.log.filter((line) => line.startsWith('rename'))).toHaveLength(1);
});

/** The collecting alone, with a planner that has stopped. */
async function collecting(): Promise<Files> {
  const planner = await (async () => {
    const [role] = (await gateway.start('planner')) as readonly [Role];
    await gateway.send(...names(8).map((name) => strangerRow(name)));
    await gateway.collectable(8);
    return role;
  })();
  await planner.stop();
  await gateway.ask();
  const { database, published } = gateway.app;
  return createFiles({
    log: silentLog,
    ...{ database, published, partRows: 3 },
    producer: { push: () => Promise.resolve() } as unknown as Parameters<typeof createFiles>[0]['producer'],
  });
}
const slot = async (): Promise<string | undefined> =>
  (await gateway.owner.all<{ state: string }>('SELECT state FROM slots'))[0]?.state;

test('a lead that somebody holds while the file of its hour is collected stands in it all the same', async () => {
  const files = await collecting();
  await gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 FOR UPDATE');
    // Three, three and one; then nothing that is free.
    for (let look = 1; look <= 3; look += 1) expect(await files.collect()).toBeGreaterThan(0);
    expect(await files.collect()).toBe(0);
    expect((await gateway.states("d.state = 'queued'")).length).toBe(7);
    expect(await slot()).toBe('due');
  });
  for (let look = 1; (await slot()) === 'due' && look <= 5; look += 1) await files.collect();
  await gateway.start('planner', 'worker');
  await gateway.soon('delivered', delivered);
  expect(gateway.drops()).toEqual(['L_000001.csv']);
  expect(referencesIn('L_000001.csv')).toEqual(names(8).toSorted());
});

test('an hour whose leads are all held is not over: its file waits for them', async () => {
  const files = await collecting();
  await gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM deliveries FOR UPDATE');
    // Nothing to go on with at once: the next look comes in its time, and the slots behind this one are not kept back.
    for (let look = 1; look <= 2; look += 1) expect(await files.collect()).toBe(0);
    expect(await slot()).toBe('due');
    expect(await whole()).toBeUndefined();
  });
  for (let look = 1; (await slot()) === 'due' && look <= 6; look += 1) await files.collect();
  expect((await gateway.states("d.state = 'queued'")).length).toBe(8);
});

test('C22: a long file that arrives behind the erasure of one of its leads has that erasure sent once more', async () => {
  await asked();
  const first = Promise.withResolvers<void>();
  let sentFirst = false;
  await gateway.until('queued', async () => (await gateway.states("d.state = 'queued'")).length === 8);
  const [file] = await gateway.owner.all<{ id: number }>("SELECT id FROM batches WHERE role = 'whole'");
  const sending = delivererWith(async (name) => {
    if (name !== 'sent') return;
    sentFirst = true;
    await first.promise;
  }).handle('essai-csv', { batchId: file?.id ?? 0, attempt: 0 });
  const erasure = async () => (await gateway.states("d.action = 'erase'"))[0];
  try {
    await gateway.until('sent', () => sentFirst);
    await gateway.owner.run(
      "UPDATE batches SET lease_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) WHERE role = 'whole'",
    );
    await startWith(() => undefined);
    await gateway.soon('delivered', delivered);
    await gateway.app.rights.erase({
      ...{ clientId: 'essai', reference: 'L-1', actor: 'tester', reason: 'test' },
    });
    await gateway.until('an erasure', async () => (await erasure()) !== undefined);
    // As the recipient confirmed it meanwhile.
    await gateway.owner.run(
      "UPDATE deliveries SET state = 'delivered', reason = 'accepted', departures = 1, lease_until = NULL, settled_at = UTC_TIMESTAMP(3) WHERE action = 'erase'",
    );
    first.resolve();
    await sending;
  } finally {
    first.resolve();
  }
  expect(
    await gateway.owner.all(
      "SELECT a.reason, d.action, d.run FROM alerts a JOIN deliveries d ON d.id = a.delivery_id WHERE a.kind = 'late_arrival'",
    ),
  ).toEqual([{ reason: 'TOLD_AGAIN', action: 'erase', run: 2 }]);
});
