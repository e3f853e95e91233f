// A process that is frozen between the lease of what a client fetches and the answer to it, for longer than the lease: by then the leads
// may be another's, withdrawn or erased. Nothing of them is in the answer, and they are given again.
import type { Api } from '../../src/api/server.ts';
import type { Database } from '../../src/store/database.ts';
import { strangerRow } from '../trip/gateway.ts';
import { openInterface } from './interface.ts';
import { openPullRig, type PullRig } from './pull-rig.ts';

let rig: PullRig;
let api: Api;
let frozenMs: number;
const real = performance.now.bind(performance);

beforeEach(async () => {
  frozenMs = 0;
  rig = await openPullRig();
  const { app } = rig.gateway;
  api = await openInterface({ ...app, database: freezing(app.database) });
});
afterEach(async () => {
  performance.now = real;
  await api.close();
  await rig.close();
});

/** The clock that goes on in a frozen process jumps once the lease is the client's; no timer of the process has fired. */
const freezing = (database: Database): Database => ({
  ...database,
  run: async (sql, values) => {
    const done = await database.run(sql, values);
    if (sql.includes('SET lease_until = TIMESTAMPADD')) {
      performance.now = () => real() + frozenMs;
    }
    return done;
  },
});

async function ask(path: string, body: object): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rig.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  performance.now = real;
  expect([response.status, text]).toEqual([200, text]);
  return text;
}

describe.each([
  ['the pull connector', '/v1/pull/essai-pull', { operation: undefined }],
  ['contacts that are pulled', '/v1/contacts', { operation: 'pullContacts' }],
  ['contacts that are read', '/v1/contacts', { operation: 'readContacts' }],
])('%s', (_door, path, body) => {
  test.each([
    ['under its lease the lead is in the answer', 14, true],
    ['past its lease nothing is', 16, false],
  ])('%s', async (_what, minutes, isGiven) => {
    await rig.gateway.send(strangerRow('F-1'));
    await rig.due(1);
    frozenMs = minutes * 60_000;
    expect((await ask(path, body)).includes('F-1')).toBe(isGiven);
    if (isGiven) return;
    // What was only looked at is due as before, and counts as no hand-over; what was to be pulled is not counted as gone.
    if (body.operation !== 'readContacts') expect(await rig.log('F-1')).not.toContain('outcome:unconfirmed');
    await rig.lapse();
    await rig.due(1);
    expect(await rig.fetched()).toMatchObject([{ lead: 'F-1' }]);
  });
});
