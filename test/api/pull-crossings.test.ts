// Two answers about one lead that meet at its row: the log has one acceptance, whichever of them is first.
import { strangerRow } from '../trip/gateway.ts';
import { openPullRig, type Item, type PullRig } from './pull-rig.ts';

let rig: PullRig;
beforeEach(async () => {
  rig = await openPullRig();
});
afterEach(() => rig.close());

const waiting = async (): Promise<number> =>
  (await rig.gateway.owner.all("SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'"))
    .length;

/** Given, not answered, given again. */
async function givenTwice(reference: string): Promise<readonly [Item, Item]> {
  await rig.gateway.send(strangerRow(reference));
  await rig.due(1);
  const [first] = await rig.fetched();
  await rig.lapse();
  const [second] = await rig.fetched();
  if (first === undefined || second === undefined) throw new Error(`${reference} was not given twice`);
  return [first, second];
}

test.each([
  ['the late yes is first', 0],
  ['the yes in time is first', 1],
])('C09: yes under two leases at one instant is one acceptance: %s', async (_, firstOne) => {
  const given = await givenTwice('X-1');
  const order = firstOne === 0 ? given : given.toReversed();
  await rig.stopPlanner();
  const answers: Promise<readonly string[]>[] = [];
  await rig.gateway.app.database.transaction(async (tx) => {
    await tx.all("SELECT id FROM deliveries WHERE state = 'sending' FOR UPDATE");
    for (const [at, item] of order.entries()) {
      answers.push(rig.answer([item], 'accepted', {}, at));
      await rig.gateway.until('its answer waits for the row', async () => (await waiting()) > at);
    }
  });
  const said = (await Promise.all(answers)).flat();
  expect(said.toSorted()).toEqual(['late', 'recorded']);
  expect((await rig.log('X-1')).filter((entry) => entry.endsWith(':accepted'))).toHaveLength(1);
  expect((await rig.log('X-1')).filter((entry) => entry.endsWith(':duplicate'))).toHaveLength(1);
});
