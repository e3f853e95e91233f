// An old demand of a person who was erased since comes in under a new reference: it would bring them back with their old yes.
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { createAccount } from '../../src/access/accounts.ts';
import { retried } from '../support/set-aside.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
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
  // Whoever else works at the terminal may not: neither a name that is no account's nor an account without the role.
  const { access } = gateway.app;
  await createAccount(access, { login: 'sophie.support', roles: ['support'] }, 'tester');
  await createAccount(access, { login: 'odile.dpo', roles: ['dpo'] }, 'tester');
  const retried = (login: string) =>
    terminalOf(environmentOf(gateway, { RELAIS_ACTOR: login }))(
      ...['lead', 'retry', row?.row ?? '', '--reason', 'asked again, letter 4'],
    );
  for (const login of ['Odile', 'sophie.support'])
    expect((await retried(login)).err).toContain('held for the data protection officer');
  expect(await retried('Odile.DPO')).toMatchObject({ code: 0 });
  await take();
  expect(await isLead('E-2')).toBe(true);
});

test('C22: a lead collected before the erasure is not corrected to the erased address, until the officer lets that in', async () => {
  const erased = 'corrected@courriel.example';
  await take(
    strangerRow('C-1', { email: erased, mobile: null, collected_at: ago(30) }),
    strangerRow('C-2', { email: 'c2@courriel.example', mobile: null, collected_at: ago(20) }),
    strangerRow('C-4', { email: 'c4@courriel.example', mobile: null, collected_at: ago(20) }),
  );
  await gateway.app.rights.erase({ ...by, reference: 'C-1' });
  await gateway.owner.run("UPDATE alerts SET closed_at = UTC_TIMESTAMP(3) WHERE kind = 'erased_comes_back'");
  const correction = (reference: string, over: Partial<IntakeValues>): IntakeValues => ({
    ...{ client_id: 'essai', kind: 'correction', reference, row_reference: `${reference}-a` },
    ...over,
  });
  await take(
    correction('C-2', { email: erased.toUpperCase() }),
    strangerRow('C-3', { email: 'c3@courriel.example', mobile: null, collected_at: new Date() }),
    correction('C-3', { email: erased }),
    correction('C-4', { last_name: 'Essai' }),
  );
  const mails = async (): Promise<readonly unknown[]> =>
    (
      await gateway.owner.all<{ email: string }>(
        "SELECT p.email FROM prospects p JOIN leads l ON l.id = p.lead_id WHERE l.reference IN ('C-2', 'C-3') ORDER BY l.reference",
      )
    ).map(({ email }) => email);
  expect(await mails()).toEqual(['c2@courriel.example', erased]);
  expect([await refusals('C-2'), await refusals('C-4')]).toEqual([['ERASED_SINCE'], []]);
  expect(await tasks()).toHaveLength(1);
  const [row] = await gateway.owner.all<{ row: string }>(
    "SELECT CAST(id AS CHAR) AS `row` FROM lead_intake WHERE reference = 'C-2' AND status = 'refused'",
  );
  const asking = (role: 'support' | 'dpo'): Promise<unknown> =>
    retried(
      gateway.app.database,
      row?.row ?? '',
      { actor: 'Sophie', reason: 'asked again, letter 5' },
      { kind: 'account', roles: [role], clientId: undefined, spans: 'clients' },
    );
  await expect(asking('support')).rejects.toMatchObject({ code: 'ACCESS-003' });
  await asking('dpo');
  await take();
  expect(await mails()).toEqual([erased.toUpperCase(), erased]);
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

test('C22: erased by its reference alone, a refused row holds the old demands of its addresses too', async () => {
  await take(
    strangerRow('R-3', { email: 'Alone@courriel.example', mobile: '06 39 98 15 77', last_name: ' Bad ' }),
  );
  await gateway.app.requests.atOnce({
    ...{ clientId: 'essai', kind: 'erasure', references: ['R-3'], identity: 'seen', actor: 'Sophie' },
  });
  // A restore deletes the row too.
  expect(
    await gateway.owner.all("SELECT act FROM erasures_unwritten WHERE reference = 'R-3' AND lead_id = 0"),
  ).toEqual([{ act: 'erased' }]);
  await take(
    strangerRow('R-4', { email: 'alone@courriel.example', mobile: null, collected_at: ago(3) }),
    strangerRow('R-5', { email: null, mobile: null, landline: '+33639981577', collected_at: ago(3) }),
  );
  for (const held of ['R-4', 'R-5']) expect(await refusals(held)).toEqual(['ERASED_SINCE']);
});
