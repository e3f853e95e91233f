// A delivery that is delivered, or failed for what has not changed, is sent once more only where that is asked for: at every door.
import { perform } from '../../src/support/acts/act.ts';
import { planBulk, replayAll } from '../../src/support/acts/bulk.ts';
import { replayDelivery, type Replayed } from '../../src/support/acts/deliveries.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { workRun } from '../../src/support/bulk-runs.ts';
import { replay } from '../support/replay.ts';
import { begunRun, openBulkHome, type BulkHome } from './bulk-home.ts';

let home: BulkHome;
beforeAll(async () => {
  home = await openBulkHome();
});
afterAll(() => home.gateway.close());

const why = { actor: 'Sophie', reason: 'ticket 12' };
const acting = { scope: wholeCentre, actor: 'Sophie' };
const replayed = (
  id: number,
  {
    seen,
    ...how
  }: { readonly seen?: { readonly run: number; readonly attempt: number }; readonly again?: true } = {},
): Promise<Replayed> =>
  perform(home.gateway.app, replayDelivery, acting, {
    ...{ to: [String(id)], input: { reason: why.reason, ...how } },
    seen,
  });
/** Deliveries that failed, put into this state since. */
async function since(then: string, count = 1): Promise<readonly number[]> {
  const ids = await home.failed(count, `AGAIN-${(made += 1)}`);
  await home.gateway.owner.run(
    `UPDATE deliveries SET ${then} WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return ids;
}
let made = 0;
const delivered = "state = 'delivered', reason = 'accepted', maybe_received = 1, departures = 1";
const invalid =
  "state = 'failed', reason = 'invalid:REQUIRED', departures = 0, settled_at = UTC_TIMESTAMP(3)";

describe.each([
  ['delivered meanwhile', delivered, 'already_delivered'],
  ['failed under the mapping that is in force still', invalid, 'mapping_unchanged'],
] as const)('%s', (_what, then, refusal) => {
  test('one by its number, as HTTP and the console ask: refused, unless it is asked for', async () => {
    const [id = 0] = await since(then);
    await expect(replayed(id)).rejects.toMatchObject({ code: 'REPLAY-001' });
    expect((await home.replays()).has(id)).toBe(false);
    // The page showed this very run, which was not delivered yet.
    await expect(replayed(id, { seen: { run: 1, attempt: 0 } })).rejects.toMatchObject({
      code: 'REPLAY-001',
    });
    expect(await replayed(id, { again: true })).toMatchObject({ done: 'new_run' });
  });

  test('several in one transaction: each by itself', async () => {
    const [one = 0] = await since(then);
    const [other = 0] = await since("reason = 'refused'");
    expect(await replay(home.gateway.app, [one, other], why)).toMatchObject([
      { id: one, done: 'refused', why: refusal },
      { id: other, done: 'new_run' },
    ]);
  });

  test('everything a filter matches: counted as refused, and done where the plan was asked for it', async () => {
    const ids = await since(then, 3);
    const { app } = home.gateway;
    const [first] = await home.gateway.owner.all<{ leadReference: string }>(
      'SELECT l.reference AS leadReference FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.id = ?',
      [ids[0] ?? 0],
    );
    const filter = { destination: 'essai-crm', lead: first?.leadReference ?? '' };
    const plan = await planBulk(app, wholeCentre, { kind: 'replay', filter });
    expect(plan).toMatchObject({ going: 0, groups: [{ plan: refusal, count: 1, isRefused: true }] });
    const again = { kind: 'replay', filter, again: true } as const;
    expect(await planBulk(app, wholeCentre, again)).toMatchObject({ going: 1 });
    const input = { filter, again: true, expected: 1, reason: why.reason };
    const run = await perform(app, replayAll, acting, { to: [], input });
    expect(JSON.parse(await optionsOf(run.id))).toMatchObject({ again: true });
  });

  test('a run judges each when its turn comes', async () => {
    const ids = await since(then, 2);
    const { app } = home.gateway;
    const deliveries = await readDeliveries(app.database, ids);
    const asked = { by: why, filter: { destination: 'essai-crm' }, deliveries };
    const run = await begunRun(app.database, { ...asked, order: { kind: 'replay' } });
    expect(await workRun(app, run)).toMatchObject({
      done: 0,
      refused: 2,
      results: { [refusal]: { count: 2 } },
    });
    const again = await begunRun(app.database, { ...asked, order: { kind: 'replay', again: true } });
    expect(await workRun(app, again)).toMatchObject({ done: 2, refused: 0 });
  });
});

test('what its recipient refused as invalid goes again as it is: the recipient may have mended what was wrong', async () => {
  const [id = 0] = await since(invalid.replace('departures = 0', 'departures = 1'));
  expect(await replayed(id)).toMatchObject({ done: 'new_run' });
});

const optionsOf = async (id: number): Promise<string> =>
  (await home.gateway.owner.all<{ options: string }>('SELECT options FROM bulk_runs WHERE id = ?', [id]))[0]
    ?.options ?? '';
