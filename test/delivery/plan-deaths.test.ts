// A change of a lead that ends the planner: set aside with an alert, and no other waits for it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { addChange } from '../../src/store/leads/lead-changes.ts';
import { replanned } from '../support/set-aside.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

const deathsOver = async (deadly: string): Promise<number> => {
  for (let deaths = 0; deaths < 6; deaths += 1) {
    const child = spawn(process.execPath, [join(__dirname, 'dying-planner.ts'), home.ownerUrl, deadly], {
      stdio: 'inherit',
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0) return deaths;
    await home.owner.run('UPDATE takings SET taken_at = TIMESTAMPADD(MINUTE, -1, taken_at)');
  }
  return Number.POSITIVE_INFINITY;
};

test('twice alone is enough; the leads around it are planned, and it as well once support says that it was not the lead', async () => {
  await home.owner.run("UPDATE destinations SET mapping_version_id = 1 WHERE id = 'essai-crm'");
  const names = ['P-1', 'P-2', 'DEADLY', 'P-3', 'P-4'];
  const ids = new Map<string, number>();
  for (const name of names) {
    const leadId = await home.lead(name);
    ids.set(name, leadId);
    await addChange(home.gateway, { clientId: 'essai', leadId, revision: 1, kind: 'created' });
  }
  expect(await deathsOver('DEADLY')).toBe(3);
  const planned = await home.owner.all<{ lead: number }>(
    'SELECT lead_id AS `lead` FROM deliveries ORDER BY lead_id',
  );
  expect(planned.map((row) => row.lead)).toEqual(
    names.filter((name) => name !== 'DEADLY').map((name) => ids.get(name)),
  );
  expect(await home.owner.all('SELECT lead_id AS `lead` FROM lead_changes')).toEqual([
    { lead: ids.get('DEADLY') },
  ]);
  expect(await home.owner.all('SELECT kind, client_id, reason FROM alerts')).toEqual([
    { kind: 'intake_failed', client_id: 'essai', reason: 'PLANNING:SET_ASIDE' },
  ]);
  const by = { actor: 'support', reason: 'ticket 118' };
  await expect(replanned(home.gateway, 'nobody', by)).rejects.toMatchObject({ code: 'FIND-001' });
  expect(await replanned(home.gateway, 'essai', by)).toBe(1);
  expect(await deathsOver('nobody')).toBe(0);
  expect(await home.owner.all('SELECT 1 FROM lead_changes')).toEqual([]);
  expect(await replanned(home.gateway, 'essai', by)).toBe(0);
});
