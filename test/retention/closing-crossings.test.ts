// C55: what somebody does for a client at the very moment its contract is closed: it is done before, and ended with it, or refused.
import { closeClient } from '../../src/retention/closing.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import type { Database } from '../../src/store/database.ts';
import { grantAuthorisation } from '../../src/support/authorisations.ts';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { overtaken } from '../store/crossing.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await recordInstruction(gateway.app.database, {
    clientId: 'essai',
    givenOn: '2026-11-20',
    givenBy: 'la direction',
    document: 'lettre de fin de contrat',
    covers: ['contract_end', 'recipients'],
    operation: '',
    recordedBy: 'tester',
  });
});
afterEach(() => gateway.close());

const by = { actor: 'tester', reason: 'ticket 1' };
const close = (): Promise<void> =>
  closeClient(gateway.app.database, { clientId: 'essai', instruction: 1, deleteOn: '2199-01-31', ...by });
const grant = (database: Database): Promise<unknown> =>
  grantAuthorisation(
    database,
    {
      clientId: 'essai',
      destinationId: 'essai-crm',
      recipient: 'Essai Nord',
      targets: ['localhost'],
      categories: ['identity'],
      documentRef: 'Contrat 2',
      validFrom: new Date('2026-01-01T00:00:00Z'),
      grantedBy: 'tester',
    },
    { instructions: [1] },
  );
const whileDone = (table: string, act: (database: Database) => Promise<unknown>) =>
  overtaken<unknown>({ owner: gateway.owner, database: gateway.app.database, table }, act, close);

test('C55: a destination that is resumed at that moment is archived with the others', async () => {
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'suspended', by);
  const [, closed] = await whileDone('destinations', (database) =>
    setDestinationStatus(database, 'essai-crm', 'active', by),
  );
  expect(closed?.status).toBe('fulfilled');
  expect(await gateway.owner.all('SELECT status FROM destinations')).toEqual([{ status: 'archived' }]);
});

test('C55: a recipient that is authorised at that moment is authorised no more, and none is afterwards', async () => {
  const [, closed] = await whileDone('handovers', grant);
  expect(closed?.status).toBe('fulfilled');
  expect(await gateway.owner.all('SELECT recipient FROM authorisations WHERE revoked_at IS NULL')).toEqual(
    [],
  );
  await expect(grant(gateway.app.database)).rejects.toMatchObject({ code: 'CLIENT-001' });
});

test('C55, C22: an erasure that a late answer reopened at that moment is not dropped: a person informs the recipient', async () => {
  await gateway.start('planner');
  await gateway.send(leadRow('X-1'));
  await gateway.until('planned', async () => (await gateway.states()).length === 1);
  await gateway.owner.run("UPDATE deliveries SET state = 'delivered', maybe_received = 1, departures = 1");
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'X-1', ...by });
  await gateway.until('an erasure', async () => (await gateway.states("d.action = 'erase'")).length === 1);
  await gateway.owner.run("UPDATE deliveries SET state = 'delivered' WHERE action = 'erase'");
  await close();
  await gateway.owner.run("UPDATE deliveries SET state = 'planned', run = 2 WHERE action = 'erase'");
  await gateway.until('ended', async () =>
    (await gateway.states()).every(
      ({ state }) => state === 'delivered' || state === 'failed' || state === 'cancelled',
    ),
  );
  expect(await gateway.states("d.action = 'erase'")).toMatchObject([
    { state: 'failed', reason: 'manual_erasure_required' },
  ]);
  expect(await gateway.owner.all("SELECT kind FROM alerts WHERE kind = 'manual_task'")).toHaveLength(1);
});
