// A server whose administrator has shortened the lists that an aggregate may return: every consent is read, and no process ends over it.
import { openDatabase } from '../../src/store/database.ts';
import { packedConsents, unpackConsents } from '../../src/store/leads/consents.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

test('C20: a withdrawal is read with the grant before it, however short the lists of the server are', async () => {
  const lead = await home.lead('R-1');
  for (const [state, at] of [
    ['granted', '2026-11-01'],
    ['withdrawn', '2026-11-02'],
  ] as const)
    await home.owner.run(
      "INSERT INTO consents (client_id, lead_id, purpose, channel, state, recorded_at, source) VALUES ('essai', ?, 'marketing', 'email', ?, ?, 'form')",
      [lead, state, at],
    );
  const list = `SELECT ${packedConsents} AS consents FROM leads l WHERE l.id = ?`;
  const [whole] = await home.owner.all<{ consents: unknown }>(list, [lead]);
  const text = typeof whole?.consents === 'string' ? whole.consents : JSON.stringify(whole?.consents);
  const [before] = await home.owner.all<{ length: number }>('SELECT @@GLOBAL.group_concat_max_len AS length');
  // Cut behind the first of the two.
  await home.owner.text(`SET GLOBAL group_concat_max_len = ${text.indexOf(']')}`);
  const reader = openDatabase({ url: home.ownerUrl, connections: 1 });
  try {
    const [row] = await reader.all<{ consents: unknown }>(list, [lead]);
    const read = unpackConsents([row?.consents])
      .get(lead)
      ?.map(({ state }) => state);
    expect(read).toEqual(['granted', 'withdrawn']);
  } finally {
    await home.owner.text(`SET GLOBAL group_concat_max_len = ${before?.length ?? 1_048_576}`);
    await reader.close();
  }
});
