// Deliveries read before their claim: many at once, as plain columns, are the same as each alone, packed.
import { optionalBlocks } from '../../src/domain/lead.ts';
import { readAttemptsAhead } from '../../src/store/departure-locks.ts';
import { insertConsents } from '../../src/store/leads/consents.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

test.each([[[]], [[...optionalBlocks]]])('with the blocks %j', async (names) => {
  const { gateway, owner, secrets } = home;
  const blocks = new Set(names);
  await owner.run('DELETE FROM deliveries');
  const ids: number[] = [];
  for (let index = 0; index < 20; index += 1) {
    const lead = await home.lead(`A-${blocks.size}-${index}`);
    // Names that a delivery and its lead both have differ.
    await owner.run('UPDATE leads SET revision = 3, consent_revision = 2, restricted_at = ? WHERE id = ?', [
      index === 1 ? new Date('2026-11-30T10:00:00.123Z') : null,
      lead,
    ]);
    await owner.run('DELETE FROM prospects WHERE lead_id = ?', [lead]);
    await owner.run(
      'INSERT INTO prospects (lead_id, client_id, last_name, first_name, mobile) VALUES (?, ?, ?, ?, ?)',
      [lead, 'essai', `L’Hévéder "${index}"`, null, '+33639980123'],
    );
    await owner.run(
      'INSERT INTO lead_projects (lead_id, client_id, programme, budget_max, rooms) VALUES (?, ?, ?, ?, ?)',
      [lead, 'essai', 'ES-LYON', 250_000, 3],
    );
    for (const state of ['refused', 'granted'] as const)
      await gateway.transaction((tx) =>
        insertConsents(tx, [
          {
            clientId: 'essai',
            leadId: lead,
            revision: 1,
            event: {
              purpose: 'marketing',
              channel: 'email',
              state,
              recordedAt: new Date('2026-11-29T09:00:00.001Z'),
            },
          },
        ]),
      );
    if (index === 2)
      await owner.run(`DELETE FROM \`${home.keysSchema}\`.lead_secrets WHERE lead_id = ?`, [lead]);
    ids.push(
      await home.delivery(lead, {
        state: 'queued',
        revision: 2,
        recipient_reference: index === 3 ? 'R-3' : null,
        queued_at: new Date('2026-11-30T11:00:00.456Z'),
      }),
    );
  }
  const together = await readAttemptsAhead(gateway, secrets, ids, blocks);
  expect(together.rows.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(ids);
  expect(together.leads.size).toBe(20);
  expect(together.secrets.size).toBe(19);
  for (const row of together.rows) {
    const alone = await readAttemptsAhead(gateway, secrets, [row.id], blocks);
    expect(alone.rows).toEqual([row]);
    expect(alone.leads.get(row.leadId)).toEqual(together.leads.get(row.leadId));
    expect(alone.secrets.get(row.leadId)).toEqual(together.secrets.get(row.leadId));
  }
});
