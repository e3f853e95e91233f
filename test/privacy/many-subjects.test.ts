// A request about more leads than one transaction takes: an address that a company shares.
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

test('C22: one confirmation carries out all of it', async () => {
  const email = 'standard@societe.example';
  await gateway.send(...Array.from({ length: 53 }, (_, index) => strangerRow(`M-${index + 1}`, { email })));
  await gateway.app.intake.acceptBatch(100);
  const { requests } = gateway.app;
  const { id } = await requests.open({
    clientId: 'essai',
    kind: 'erasure',
    email,
    identity: 'seen',
    actor: 'tester',
  });
  const done = await requests.apply(id, { selection: { leads: 'all', rows: 'all' }, actor: 'tester' });
  expect(done).toMatchObject({ leads: 53, rows: 0 });
  expect((await requests.show(id)).request.state).toBe('applied');
  const [left] = await gateway.owner.all<{ n: number }>(
    'SELECT COUNT(*) AS n FROM leads WHERE erased_at IS NULL',
  );
  expect(left).toEqual({ n: 0 });
});
