// The outcome of a lead alone, written by the circuit that this process remembers: whatever else has happened meanwhile is seen all the same.
import { createQuietCircuits } from '../../src/delivery/outcome/circuit.ts';
import { recordEnds } from '../../src/delivery/outcome/record.ts';
import { closedCircuit, type Circuit } from '../../src/domain/breaker.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
  await home.owner.run(
    "INSERT INTO destination_states (destination_id, client_id, circuit) VALUES ('essai-crm', 'essai', ?)",
    [JSON.stringify(closedCircuit)],
  );
});
afterAll(() => home.close());

let leads = 0;
const quiet = createQuietCircuits();

/** A lead on its way; `beside` happens before its answer is recorded. @returns its deliveries afterwards */
async function accepted(beside: (lead: number) => Promise<unknown>): Promise<{
  readonly states: readonly (readonly [action: string, state: string])[];
  readonly queued: number;
}> {
  const lead = await home.lead(`L-${(leads += 1)}`);
  const id = await home.delivery(lead, {
    ...{ state: 'sending', attempt: 1, departed_attempt: 1, departures: 1, lease_token: 1 },
    lease_until: new Date('2099-01-01T00:00:00Z'),
  });
  const [row] = await readDeliveries(home.gateway, [id]);
  if (row === undefined) throw new Error('no row');
  await beside(lead);
  await recordEnds(
    home.gateway,
    () => 0.5,
    [
      {
        attempted: {
          ...{ outcome: { kind: 'accepted' }, hasLookup: false, startedAt: performance.now(), asked: false },
          ...{ connector: 'webhook', mappingVersionId: 1 },
          policy: {
            delays: [1_000],
            onUnknown: 'resend',
            maxRetryAfterMs: 0,
            pendingForMs: 0,
            pendingEveryMs: 0,
          },
          rows: [
            { ...row, now: new Date(), knownReference: undefined, hasCreate: true, createUnsettled: false },
          ],
        },
      },
    ],
    quiet,
  );
  const states = await home.owner.all<{ action: string; state: string }>(
    'SELECT action, state FROM deliveries WHERE lead_id = ? ORDER BY id',
    [lead],
  );
  const queued = await home.owner.all(
    "SELECT 1 FROM handovers h JOIN handovers_unsealed u ON u.handover_id = h.id WHERE h.lead_id = ? AND h.entry = 'outcome' AND OCTET_LENGTH(u.mac) = 32",
    [lead],
  );
  return { states: states.map(({ action, state }) => [action, state]), queued: queued.length };
}

const circuit = async (): Promise<Circuit> => {
  const [row] = await home.owner.all<{ circuit: string }>('SELECT circuit FROM destination_states');
  return JSON.parse(row?.circuit ?? '') as Circuit;
};
const nothing = (): Promise<unknown> => Promise.resolve();
const delivered = { states: [['create', 'delivered']], queued: 1 };

test('it is settled, and its one entry is queued for sealing, by a circuit read and by one remembered', async () => {
  expect(await accepted(nothing)).toEqual(delivered);
  expect(await accepted(nothing)).toEqual(delivered);
  expect(quiet.textOf('essai-crm')).toBe(JSON.stringify(closedCircuit));
});

test('an update that waits for it is woken, and one of another lead or destination is left', async () => {
  await accepted(nothing);
  const waiting = { state: 'waiting', reason: 'waits_for_create', action: 'update', revision: 2 };
  const other = await home.delivery(await home.lead('other'), waiting);
  expect(await accepted((lead) => home.delivery(lead, waiting))).toEqual({
    states: [
      ['create', 'delivered'],
      ['update', 'planned'],
    ],
    queued: 1,
  });
  expect(await home.row(other)).toMatchObject({ state: 'waiting' });
});

test('a circuit that counts failures since is closed by the acceptance', async () => {
  await accepted(nothing);
  const failing = { ...closedCircuit, failing: [7] };
  expect(
    await accepted(() =>
      home.owner.run("UPDATE destination_states SET circuit = ? WHERE destination_id = 'essai-crm'", [
        JSON.stringify(failing),
      ]),
    ),
  ).toEqual(delivered);
  expect((await circuit()).failing).toEqual([]);
});
