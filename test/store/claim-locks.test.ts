// A claim that waited for the state of its destination: the one statement sees what was committed while it waited.
import { closedCircuit } from '../../src/domain/breaker.ts';
import { lockForClaim } from '../../src/store/departure-locks.ts';
import { crossing } from './crossing.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.run(
    "INSERT INTO destination_states (destination_id, client_id, circuit) VALUES ('essai-crm', 'essai', ?)",
    [JSON.stringify(closedCircuit)],
  );
});
afterAll(() => home.close());

/** `crossing` looks for waiting statements after more than this, ms. */
const waitedMs = 100;

test.each([
  { many: 1, ahead: true },
  { many: 2, ahead: true },
  { many: 1, ahead: false },
  { many: 2, ahead: false },
])(
  '$many deliveries, ahead $ahead: the number in flight, the version and the status are those of now',
  async ({ many, ahead }) => {
    const version = 70 + many + (ahead ? 10 : 0);
    await home.owner.run('DELETE FROM deliveries');
    await home.owner.run('DELETE FROM leads');
    const leads = await Promise.all(
      Array.from({ length: many }, (_, index) => home.lead(`L-${many}-${index}`)),
    );
    const ids = await Promise.all(leads.map((lead) => home.delivery(lead, { state: 'queued' })));
    const other = await home.delivery(await home.lead(`other-${many}`), { state: 'queued' });
    let beganAt = Infinity;
    const [ended] = await crossing(
      home.owner,
      async (tx) => {
        await tx.all("SELECT 1 FROM destination_states WHERE destination_id = 'essai-crm' FOR UPDATE");
        await tx.run("UPDATE deliveries SET state = 'sending' WHERE id = ?", [other]);
        await tx.run(
          "UPDATE destinations SET status = 'suspended', mapping_version_id = ? WHERE id = 'essai-crm'",
          [version],
        );
      },
      [
        () => {
          beganAt = Date.now();
          return home.gateway.transaction((tx) => lockForClaim(tx, 'essai-crm', ahead ? leads : [], ids));
        },
      ],
    );
    if (ended?.status !== 'fulfilled') throw new Error('the claim failed');
    const { sending, destination, rows, leads: locked, state } = ended.value;
    expect({ sending, destination }).toEqual({
      sending: 1,
      destination: { status: 'suspended', mappingVersionId: version },
    });
    expect(rows.map(({ id }) => id)).toEqual(ids.toSorted((a, b) => a - b));
    expect([...locked.keys()].toSorted((a, b) => a - b)).toEqual(
      ahead ? leads.toSorted((a, b) => a - b) : [],
    );
    expect(state?.circuit).toEqual(closedCircuit);
    // The clock of the reading, not that of the beginning of a statement that waited.
    expect(rows.every(({ now }) => now.getTime() >= beganAt + waitedMs)).toBe(true);
  },
);

test('siblings are locked with a delivery, and a delivery of another destination is left out', async () => {
  await home.owner.run('DELETE FROM deliveries');
  await home.owner.run(
    "INSERT INTO destinations (id, client_id, connector, leads_from) VALUES ('essai-mail', 'essai', 'email', '2026-01-01')",
  );
  const lead = await home.lead('S-1');
  const create = await home.delivery(lead, { state: 'queued' });
  const update = await home.delivery(lead, { state: 'queued', action: 'update', revision: 2 });
  const elsewhere = await home.delivery(lead, { state: 'queued', destination_id: 'essai-mail' });
  const { rows } = await home.gateway.transaction((tx) =>
    lockForClaim(tx, 'essai-crm', [], [update, elsewhere]),
  );
  expect(rows.map(({ id }) => id)).toEqual([create, update]);
});
