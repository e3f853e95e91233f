// An old demand of a person who was erased since comes in under a new reference: it would bring them back with their old yes.
import type { IntakeValues } from '../../src/store/intake.ts';
import { retryRow } from '../../src/support/retry-row.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

const ago = (days: number): Date => new Date(Date.now() - days * 86_400_000);
async function take(...rows: readonly IntakeValues[]): Promise<void> {
  await gateway.send(...rows);
  while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
}
const by = { clientId: 'essai', actor: 'tester', reason: 'request 7' };
const refusals = async (reference: string): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ refusal: string }>(
      "SELECT refusal FROM lead_intake WHERE reference = ? AND status = 'refused'",
      [reference],
    )
  ).flatMap(({ refusal }) => (JSON.parse(refusal) as { code: string }[]).map(({ code }) => code));
const isLead = async (reference: string): Promise<boolean> =>
  (await gateway.owner.all('SELECT 1 FROM leads WHERE reference = ? AND erased_at IS NULL', [reference]))
    .length === 1;
const tasks = (): Promise<readonly unknown[]> =>
  gateway.owner.all("SELECT 1 FROM alerts WHERE kind = 'erased_comes_back' AND closed_at IS NULL");

const person = { email: 'zoe.old@courriel.example', mobile: '+33639981501' };

test('C22: what was collected before the erasure is held for the officer, under whatever reference and address; what came after is taken', async () => {
  await take(strangerRow('E-1', { ...person, collected_at: ago(30) }));
  await take({
    ...{ client_id: 'essai', kind: 'correction', reference: 'E-1', row_reference: 'E-1-a' },
    email: 'zoe.new@courriel.example',
  });
  await gateway.app.rights.erase({ ...by, reference: 'E-1' });
  await take(
    strangerRow('E-2', { ...person, mobile: null, collected_at: ago(30) }),
    strangerRow('E-3', { mobile: null, email: 'ZOE.new@courriel.example', collected_at: ago(1) }),
    strangerRow('E-4', { email: null, mobile: null, landline: person.mobile, collected_at: ago(30) }),
    strangerRow('E-5', { ...person, collected_at: new Date() }),
    strangerRow('E-6', { collected_at: ago(30) }),
  );
  for (const held of ['E-2', 'E-3', 'E-4']) expect(await refusals(held)).toEqual(['ERASED_SINCE']);
  for (const taken of ['E-5', 'E-6']) expect(await isLead(taken)).toBe(true);
  // One task, however many rows.
  expect(await tasks()).toHaveLength(1);
});

test('C22: handed in again it is held again, until the officer lets it in', async () => {
  await gateway.owner.run("UPDATE lead_intake SET status = 'new', refusal = NULL WHERE reference = 'E-2'");
  await take();
  expect(await refusals('E-2')).toEqual(['ERASED_SINCE']);
  const [row] = await gateway.owner.all<{ row: string }>(
    "SELECT CAST(id AS CHAR) AS `row` FROM lead_intake WHERE reference = 'E-2'",
  );
  await retryRow(gateway.app.database, row?.row ?? '', { actor: 'Sophie', reason: 'asked again, letter 4' });
  await take();
  expect(await isLead('E-2')).toBe(true);
});

test('C22: an erasure of a person of whom there were refused rows only holds their old demands as well', async () => {
  await take(strangerRow('R-1', { email: 'refused@courriel.example', mobile: null, last_name: ' Bad ' }));
  const { id } = await gateway.app.requests.open({
    ...{ clientId: 'essai', kind: 'erasure', email: 'refused@courriel.example', actor: 'Sophie' },
  });
  await gateway.app.requests.apply(id, {
    selection: { leads: 'all', rows: 'all' },
    identity: 'seen',
    actor: 'Sophie',
  });
  await take(strangerRow('R-2', { email: 'refused@courriel.example', mobile: null, collected_at: ago(3) }));
  expect(await refusals('R-2')).toEqual(['ERASED_SINCE']);
});
