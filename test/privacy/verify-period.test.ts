// C46: a period is verified for an audit pack: its entries one by one, and every seal of the log; the entries of other times are not read.
import type { Verification } from '../../src/privacy/verification.ts';
import { openLogHome, type LogHome } from './log-home.ts';

let home: LogHome;
/** Three seals of five entries: of January, of March and of now; one of March was taken out of the queue. */
let ids: readonly number[];
const id = (index: number): number => ids[index] ?? Number.NaN;
const march = { from: new Date('2026-03-01T00:00:00Z'), until: new Date('2026-04-01T00:00:00Z') };
const verified = (): Promise<Verification> => home.sealer.verify(undefined, undefined, { period: march });

beforeAll(async () => {
  home = await openLogHome();
});
beforeEach(async () => {
  await home.empty();
  ids = await home.append(15);
  await home.owner.run('DELETE FROM handovers_unsealed');
  for (const [month, from] of [
    ['01', 0],
    ['03', 5],
  ] as const)
    await home.tamper('UPDATE handovers SET at = ? WHERE id BETWEEN ? AND ?', [
      `2026-${month}-10 10:00:00.000001`,
      id(from),
      id(from + 4),
    ]);
  for (const one of ids) await home.queue(one);
});
afterAll(() => home.close());

const sealed = async (): Promise<void> => {
  for (let seal = 0; seal < 3; seal += 1) await home.sealer.seal(5);
};

test('its entries alone are read, and the result says so', async () => {
  await sealed();
  expect(await verified()).toEqual({
    ...{ ok: true, seals: 3, entries: 5, archived: 0, unsealed: 0 },
    period: { from: '2026-03-01T00:00:00.000Z', until: '2026-04-01T00:00:00.000Z' },
  });
});

test('an entry of it that was changed or deleted is named', async () => {
  await sealed();
  await home.tamper("UPDATE handovers SET recipient = 'x' WHERE id = ?", [id(7)]);
  expect((await verified()).problem).toEqual({ kind: 'entry_changed', seal: 2, entry: id(7) });
  await home.tamper('DELETE FROM handovers WHERE id = ?', [id(7)]);
  expect((await verified()).problem).toEqual({ kind: 'entry_missing', seal: 2, entry: id(7) });
});

test('an entry of it that came in past the gateway is named', async () => {
  await home.owner.run('DELETE FROM handovers_unsealed WHERE handover_id = ?', [id(6)]);
  await sealed();
  expect((await verified()).problem).toEqual({ kind: 'entry_unsealed', entry: id(6) });
});

test('a seal of any time that was changed or removed is named', async () => {
  await sealed();
  await home.tamper('UPDATE seals SET entry_macs = ? WHERE sequence = 1', [Buffer.alloc(80)]);
  expect((await verified()).problem).toEqual({ kind: 'seal_changed', seal: 1 });
  await home.tamper('DELETE FROM seals WHERE sequence = 1');
  expect((await verified()).problem).toEqual({ kind: 'seal_missing', seal: 1 });
});
