// Two answers about one lead that meet at its row: the log has one acceptance, whichever of them is first.
import { civilDate } from '../../src/domain/civil-date.ts';
import { freezeClient } from '../../src/hosting/leave.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import { crossing } from '../store/crossing.ts';
import { strangerRow } from '../trip/gateway.ts';
import { openPullRig, type Item, type PullRig } from './pull-rig.ts';

let rig: PullRig;
beforeEach(async () => {
  rig = await openPullRig();
});
afterEach(() => rig.close());

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
  const answered = await crossing(
    rig.gateway.owner,
    (tx) => tx.all("SELECT id FROM deliveries WHERE state = 'sending' FOR UPDATE"),
    order.map((item, at) => () => rig.answer([item], 'accepted', {}, at)),
  );
  const said = answered.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  expect(said.toSorted()).toEqual(['late', 'recorded']);
  expect((await rig.log('X-1')).filter((entry) => entry.endsWith(':accepted'))).toHaveLength(1);
  expect((await rig.log('X-1')).filter((entry) => entry.endsWith(':duplicate'))).toHaveLength(1);
});

test('C36: a late yes while its client moves does not change what has been copied: the lead is given again there', async () => {
  await rig.gateway.send(strangerRow('X-2'));
  await rig.due(1);
  const [item] = await rig.fetched();
  if (item === undefined) throw new Error('X-2 was not given');
  await rig.lapse();
  await rig.stopPlanner();
  const { database } = rig.gateway.app;
  await recordInstruction(database, {
    ...{ clientId: 'essai', givenOn: '2026-11-20', givenBy: 'la direction', document: 'annexe 4' },
    ...{ covers: ['hosting'], operation: '', recordedBy: 'tester' },
  });
  await freezeClient(database, {
    ...{ clientId: 'essai', instruction: 1, deleteOn: civilDate(database.now()) },
    ...{ reason: 'annexe 4', actor: 'tester' },
  });
  const before = await rig.gateway.states();
  expect(await rig.answer([item], 'accepted')).toEqual(['late']);
  expect(await rig.gateway.states()).toEqual(before);
  expect(
    await rig.gateway.owner.all("SELECT client_id AS client FROM alerts WHERE kind = 'moved_reports'"),
  ).toEqual([{ client: 'essai' }]);
});
