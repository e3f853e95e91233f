// Which destinations of its client have got nothing of a lead, each with why.
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { readLeads } from '../../src/store/leads/leads.ts';
import { leadPage } from '../../src/support/reads/lead.ts';
import { notTaking, refusalOfPlan } from '../../src/support/reads/not-taking.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

const masked = { reveal: false, actor: 'account:1', reason: 'ticket 1' };
let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const [planner] = await gateway.start('planner');
  await gateway.send(strangerRow('N-1'));
  await gateway.until('planned', async () => (await gateway.states()).length === 1);
  await planner?.stop();
  const add = (id: string, version: string, from: string, status = 'active'): Promise<unknown> =>
    gateway.owner.run(
      `INSERT INTO destinations (id, client_id, connector, mapping_version_id, leads_from, status)
       SELECT ?, client_id, connector, ${version}, ${from}, ? FROM destinations WHERE id = 'essai-crm'`,
      [id, status],
    );
  await add('essai-archive', 'mapping_version_id', 'leads_from', 'archived');
  await add('essai-vide', '0', 'leads_from');
  await add('essai-casse', '999999', 'leads_from');
  await add('essai-apres', 'mapping_version_id', "'2099-01-01'");
  await add('essai-pareil', 'mapping_version_id', 'leads_from');
});
afterAll(() => gateway.close());

test('each is named with why, and the one that took it is not among them', async () => {
  const page = await leadPage(gateway.app, wholeCentre, { client: 'essai', reference: 'N-1' }, masked);
  expect(Object.fromEntries(page.notTaking.map(({ destinationId, why }) => [destinationId, why[0]]))).toEqual(
    {
      'essai-archive': 'archivée, elle ne prend plus rien',
      'essai-vide': 'aucun format n’y est publié',
      'essai-casse': 'son format en vigueur est inutilisable',
      'essai-apres': 'arrivé avant le 01/01/2099 01:00:00, date à partir de laquelle elle prend les leads',
      'essai-pareil': 'rien ne s’y oppose à présent : le lead vient d’arriver, ou le format a changé depuis',
    },
  );
});

test('one that takes certain leads alone says by which field this one is none of them', async () => {
  const { database } = gateway.app;
  const [head] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'N-1'");
  const read = (await readLeads(database, [head?.id ?? 0])).get(head?.id ?? 0);
  if (read === undefined) throw new Error('no lead');
  const mapping = { accepts: () => ({ yes: false, because: 'programme' }) } as unknown as CompiledMapping;
  const published = { version: () => Promise.resolve(mapping) };
  const others = new Set(['essai-archive', 'essai-vide', 'essai-casse', 'essai-apres', 'essai-pareil']);
  const [found] = await notTaking({ database, published }, read, others);
  expect(found?.destinationId).toBe('essai-crm');
  expect(found?.why[0]).toMatch(
    /^elle ne prend que certains leads, et celui-ci n’en est pas, à cause de : \p{Lu}/u,
  );
  const erased = { ...read, lead: { ...read.lead, erasedAt: new Date() } };
  expect(await notTaking({ database, published }, erased, others)).toEqual([]);
});

test('what was written down when it was planned has words in both languages, whatever code it is', () => {
  for (const code of ['no_destination', 'update_not_wanted', 'not_accepted:programme']) {
    const words = refusalOfPlan(code) ?? ['', ''];
    expect(words.filter((text) => text.length < 20 || text.includes('_'))).toEqual([]);
  }
  expect(refusalOfPlan('create_not_delivered')).toBeUndefined();
});
