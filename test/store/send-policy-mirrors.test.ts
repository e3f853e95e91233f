// Where SQL looks ahead of domain/send-policy, it finds what the policy would say: row by row, over a table of cases.
import { randomBytes } from 'node:crypto';
import { closedCircuit, type Circuit } from '../../src/domain/breaker.ts';
import { destinationStatuses } from '../../src/domain/destination.ts';
import { isHeld, isStopped, waitsForHours } from '../../src/domain/send-policy.ts';
import type { SendingHours } from '../../src/domain/sending-hours.ts';
import { takeDueBatches } from '../../src/store/files/batches.ts';
import { carryingRights } from '../../src/store/leads/rights.ts';
import { heldStates, saveCircuit } from '../../src/store/destinations/destinations.ts';
import { deferToOpening } from '../../src/store/deliveries/held-back.ts';
import { addSlot, dueSlots } from '../../src/store/files/file-slots.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

async function destination(id: string, status: string, circuit: Circuit = closedCircuit): Promise<void> {
  await home.owner.run(
    "INSERT INTO destinations (id, client_id, connector, status, leads_from) VALUES (?, 'essai', 'flow', ?, '2026-01-01')",
    [id, status],
  );
  await home.owner.run(
    "INSERT INTO destination_states (destination_id, client_id, circuit) VALUES (?, 'essai', ?)",
    [id, JSON.stringify(closedCircuit)],
  );
  await saveCircuit(home.gateway, id, circuit);
}

test('slots and files of a destination are taken exactly where it is not stopped', async () => {
  for (const status of destinationStatuses) {
    await destination(`as-${status}`, status);
    await addSlot(home.gateway, `as-${status}`, new Date('2026-11-01T06:00:00Z'));
    await home.owner.run(
      "INSERT INTO batches (client_id, destination_id, slot_at, state, due_at) VALUES ('essai', ?, UTC_TIMESTAMP(3), 'open', UTC_TIMESTAMP(3))",
      [`as-${status}`],
    );
  }
  const sending = destinationStatuses.filter((status) => !isStopped(status)).map((status) => `as-${status}`);
  const slots = await home.gateway.transaction((tx) => dueSlots(tx, 10));
  const files = await home.gateway.transaction((tx) => takeDueBatches(tx, 10, 10_000, []));
  expect(slots.map((slot) => slot.destinationId)).toEqual(sending);
  expect(files.map((file) => file.destinationId)).toEqual(sending);
});

test('the column `held` is set exactly where the circuit counts as held', async () => {
  const now = Date.now();
  const circuits: readonly Circuit[] = [
    closedCircuit,
    { ...closedCircuit, state: 'open', nextProbeAt: now },
    { ...closedCircuit, state: 'ramping', allowance: 4 },
    { ...closedCircuit, quietUntil: now + 1_000 },
    { ...closedCircuit, pace: 2 },
    { ...closedCircuit, untried: true },
    { ...closedCircuit, failing: [1, 2] },
  ];
  for (const [index, circuit] of circuits.entries()) await destination(`circuit-${index}`, 'active', circuit);
  const held = (await heldStates(home.gateway)).map((state) => state.destinationId);
  expect(held.toSorted()).toEqual(
    circuits.flatMap((one, index) => (isHeld(one) ? [`circuit-${index}`] : [])),
  );
});

const consents: Readonly<
  Record<string, readonly (readonly [channel: string, state: string, recordedAt?: string])[]>
> = {
  'nothing recorded': [],
  granted: [['email', 'granted']],
  'never granted, refused': [['email', 'refused']],
  'refused on another channel than granted': [
    ['email', 'granted'],
    ['phone', 'refused'],
  ],
  'granted, then refused': [
    ['email', 'granted'],
    ['email', 'refused'],
  ],
  withdrawn: [['email', 'withdrawn']],
  'granted, and over after a year': [['phone', 'granted', '2025-09-01 10:00:00']],
  'granted by e-mail, long ago': [['email', 'granted', '2020-09-01 10:00:00']],
};
/** Who took something back. */
const takenBack: ReadonlySet<string> = new Set([
  'granted, then refused',
  'withdrawn',
  'granted, and over after a year',
]);

test.each([false, true])(
  'what is put off to the opening is exactly what waits for the hours; rights wait: %s',
  async (rightsWait) => {
    const hours: SendingHours = { zone: 'UTC', week: [], holidays: undefined, rightsWait };
    const cases: { title: string; id: number; carriesRight: boolean }[] = [];
    for (const [answers, events] of Object.entries(consents))
      for (const action of ['create', 'update', 'erase'])
        for (const state of ['planned', 'waiting'])
          for (const priority of [0, 1]) {
            const lead = await home.lead(randomBytes(8).toString('hex'));
            for (const [channel, answer, recordedAt = '2026-10-01 10:00:00'] of events)
              await home.owner.run(
                "INSERT INTO consents (client_id, lead_id, purpose, channel, state, recorded_at) VALUES ('essai', ?, 'marketing', ?, ?, ?)",
                [lead, channel, answer, recordedAt],
              );
            const id = await home.delivery(lead, { action, state, priority });
            const carriesRight = action === 'erase' || (action === 'update' && takenBack.has(answers));
            cases.push({ title: `${action} ${state} ${answers}`, id, carriesRight });
          }
    const ids = cases.map((one) => one.id);
    const rights = await carryingRights(home.gateway, ids);
    expect([...rights].toSorted((a, b) => a - b)).toEqual(
      cases.filter((one) => one.carriesRight).map((one) => one.id),
    );
    const opening = { reason: 'outside_hours', at: new Date('2026-12-01T08:00:00Z') };
    await deferToOpening(home.gateway, 'essai-crm', opening, { rightsWait, limit: 1_000 });
    const told: string[] = [];
    for (const { id, title } of cases)
      if ((await home.row(id))['reason'] === 'outside_hours') told.push(title);
    const wait = cases.filter(({ carriesRight }) => waitsForHours(hours, { carriesRight, isBegun: false }));
    expect(told).toEqual(wait.map((one) => one.title));
    expect(wait.length).toBeGreaterThan(10);
    await home.owner.run('DELETE FROM deliveries');
  },
);
