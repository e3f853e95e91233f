// The closed list of a client that fetches: of what it gives as a reason nothing is kept but a code of the mapping's own.
import { strangerRow } from '../trip/gateway.ts';
import { clientFile, host, openPullRig, pullFile, type PullRig } from './pull-rig.ts';

let rig: PullRig;
beforeAll(async () => {
  const send = `send: { fetchedBy: ${host}`;
  const listed = pullFile.replace(send, `${send}, reasons: { CLOSED: PROGRAMME_CLOSED, else: OTHER }`);
  rig = await openPullRig({ 'essai/client.yaml': clientFile, 'essai/pull.yaml': listed });
});
afterAll(() => rig.close());

test.each([
  ['CLOSED', 'refused', 'PROGRAMME_CLOSED'],
  ['Dupond-Aignan', 'refused', 'OTHER'],
  ['CLOSED', 'later', 'PROGRAMME_CLOSED'],
  [undefined, 'refused', 'GIVEN_BACK'],
] as const)('the reason %s of %s is kept as %s', async (reason, outcome, kept) => {
  const lead = `L-${outcome}-${reason ?? ''}`;
  await rig.gateway.send(strangerRow(lead));
  await rig.due(1);
  const more = {
    ...(reason === undefined ? {} : { reason }),
    ...(outcome === 'later' ? { afterSeconds: 3_600 } : {}),
  };
  expect(await rig.answer(await rig.fetched(), outcome, more)).toEqual(['recorded']);
  const reasons = await rig.gateway.owner.all(
    "SELECT h.reason FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE l.reference = ? AND h.entry = 'outcome'",
    [lead],
  );
  expect(reasons).toEqual([{ reason: kept }]);
});
