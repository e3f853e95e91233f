// relais breach: who an account has seen, and who was handed to a host or a destination; counts, references, entries of the log.
import { civilDate } from '../../src/domain/civil-date.ts';
import { appendHandovers, type Handover } from '../../src/store/log/handovers.ts';
import { environmentOf, actionsOf, terminalOf, type Ran } from '../cli/terminal.ts';
import { twoClients } from '../support/two-clients.ts';
import { openGateway, strangerRow, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
const idOf = new Map<string, number>();
const entry = (reference: string, more: Partial<Handover>): Handover => ({
  entry: 'looked_up',
  clientId: reference.startsWith('BA') ? 'autre' : 'essai',
  leadId: idOf.get(reference) ?? 0,
  ...more,
});

beforeAll(async () => {
  gateway = await openGateway({ files: twoClients(9) });
  const { app } = gateway;
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await app.publishing.publish({ destinationId, author: 'staff:1', note: 'first' });
  const same = { email: 'une.personne@courriel.example', mobile: '+33639980041' };
  await gateway.send(
    strangerRow('BE-1', same),
    strangerRow('BE-2', same),
    strangerRow('BE-3'),
    strangerRow('BA-1', { client_id: 'autre', ...same }),
    strangerRow('BA-2', { client_id: 'autre' }),
  );
  const [planner] = await gateway.start('planner');
  await gateway.until('planned', async () => (await gateway.states()).length >= 5);
  await planner?.stop();
  for (const { id, reference } of await gateway.owner.all<{ id: number; reference: string }>(
    'SELECT id, reference FROM leads',
  ))
    idOf.set(reference, id);
  const by = { actor: 'account:7', purpose: 'ticket 1' };
  const to = { entry: 'departed', destinationId: 'essai-crm', target: 'crm.essai.example' } as const;
  await app.database.transaction((tx) =>
    appendHandovers(tx, [
      ...['BE-1', 'BE-2', 'BA-2'].map((reference) => entry(reference, by)),
      entry('BE-2', { ...by, entry: 'revealed' }),
      entry('BE-3', { ...by, actor: 'account:8' }),
      entry('BE-3', to),
      entry('BE-1', { ...to, target: 'leads@crm.essai.example' }),
      entry('BE-2', { ...to, target: 'other-crm.essai.example' }),
      entry('BA-1', { ...to, destinationId: 'autre-crm', target: 'crm.essai.example:8443' }),
      entry('BA-2', { ...to, entry: 'withheld', destinationId: 'autre-crm' }),
    ]),
  );
});
afterAll(() => gateway.close());

const breach = (...more: readonly string[]): Promise<Ran> =>
  terminalOf(environmentOf(gateway))('breach', '--from', '1d', '--reason', 'incident 3', '--json', ...more);
const concerned = async (...more: readonly string[]) =>
  (await breach(...more)).out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('an account: the leads it has seen, by client; two leads of one address are one person; what was in clear apart', async () => {
  expect(await concerned('--account', 'account:7')).toMatchObject([
    { clientId: 'autre', persons: 1, leads: 1, inClear: 0, references: ['BA-2'] },
    { clientId: 'essai', persons: 1, leads: 2, inClear: 1, references: ['BE-1', 'BE-2'] },
  ]);
});

test('a destination: the leads that departed to it, of its client alone', async () => {
  expect(await concerned('--destination', 'essai-crm')).toMatchObject([
    { clientId: 'essai', persons: 2, leads: 3, inClear: 3, references: ['BE-1', 'BE-2', 'BE-3'] },
  ]);
});

test('a host: whatever left for it, its mailboxes and ports included, and no host that only ends like it', async () => {
  expect(await concerned('--host', 'CRM.essai.example')).toMatchObject([
    { clientId: 'autre', references: ['BA-1'] },
    { clientId: 'essai', references: ['BE-1', 'BE-3'] },
  ]);
});

test('a host, as departures name it: in an address, in a list of mailboxes, behind a secret address its authorisation', async () => {
  const { database } = gateway.app;
  const [authorisation] = await gateway.owner.all<{ id: number; targets: string }>(
    "SELECT id, targets FROM authorisations WHERE client_id = 'autre'",
  );
  const host = authorisation?.targets.replaceAll(/[[\]"]/g, '').split(/[ ,]+/)[0] ?? '';
  const to = { entry: 'departed', destinationId: 'essai-crm' } as const;
  await database.transaction((tx) =>
    appendHandovers(tx, [
      entry('BE-1', { ...to, target: 'https://crm.seul.example:8443/leads/{recipientId}' }),
      entry('BE-2', { ...to, target: 'adv@autre.example, leads@crm.seul.example, x@suite.example' }),
      entry('BE-3', { ...to, target: 'https://autre.example/?for=crm.seul.example' }),
      entry('BA-1', { ...to, target: '«secret:crm-url»', authorisationId: authorisation?.id ?? 0 }),
      entry('BA-2', { ...to, target: '«secret:crm-url»' }),
    ]),
  );
  expect(await concerned('--host', 'crm.seul.example')).toMatchObject([{ references: ['BE-1', 'BE-2'] }]);
  expect(await concerned('--host', host)).toMatchObject([{ clientId: 'autre', references: ['BA-1'] }]);
});

test('an account is everybody of its name; look-ups that showed no lead are not passed over', async () => {
  await gateway.owner.run("INSERT INTO accounts (login, roles) VALUES ('sophie.d', 'support')");
  await gateway.owner.run(
    "INSERT INTO staff_names (name, first_at, last_at) VALUES ('Sophie.D', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
  );
  const [ids] = await gateway.owner.all<{ account: number; staff: number }>(
    "SELECT (SELECT id FROM accounts WHERE login = 'sophie.d') AS account, (SELECT id FROM staff_names WHERE name = 'Sophie.D') AS staff",
  );
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [
      entry('BE-1', { actor: `account:${ids?.account}`, purpose: 'ticket 2' }),
      entry('BE-3', { actor: `staff:${ids?.staff}`, purpose: 'ticket 2', entry: 'revealed' }),
      // A refused row, in clear: it has no lead.
      { entry: 'revealed', clientId: 'autre', actor: `staff:${ids?.staff}`, purpose: 'ticket 2' },
    ]),
  );
  expect(await concerned('--account', 'Sophie.D')).toMatchObject([
    { clientId: 'autre', persons: 0, leads: 0, withoutLead: 1, references: [] },
    { clientId: 'essai', leads: 2, inClear: 1, withoutLead: 0, references: ['BE-1', 'BE-3'] },
  ]);
});

test('a key: the leads that it fetched; an account: the documents of requests that it took out, too', async () => {
  const fetched = { entry: 'departed', destinationId: 'essai-crm', actor: 'key:3' } as const;
  await gateway.app.database.transaction((tx) =>
    appendHandovers(tx, [
      entry('BE-1', fetched),
      entry('BE-2', { ...fetched, entry: 'outcome' }),
      { entry: 'request', clientId: 'autre', actor: 'account:9', purpose: 'request 4', reason: 'copied:2' },
      { entry: 'request', clientId: 'essai', actor: 'account:9', purpose: 'request 5', reason: 'informed' },
    ]),
  );
  expect(await concerned('--account', 'key:3')).toMatchObject([{ inClear: 1, references: ['BE-1'] }]);
  expect(await concerned('--account', 'account:9')).toMatchObject([
    { clientId: 'autre', leads: 0, withoutLead: 1 },
  ]);
});

test('asking is in the log before the answer, for each client concerned, and for nobody where nobody is', async () => {
  const before = await actionsOf(gateway, 'exported');
  await concerned('--host', 'crm.essai.example');
  expect(await concerned('--host', 'nowhere.example')).toEqual([]);
  expect(
    (await actionsOf(gateway, 'exported'))
      .slice(before.length)
      .map(({ client, purpose }) => [client, purpose]),
  ).toEqual([
    ['autre', 'incident 3'],
    ['essai', 'incident 3'],
    ['', 'incident 3'],
  ]);
});

test('outside of the period nobody is concerned; a day as its end counts whole', async () => {
  const day = civilDate(gateway.app.database.now());
  expect(await concerned('--account', 'account:7', '--from', '2020-01-01', '--to', '2020-01-02')).toEqual([]);
  expect((await concerned('--account', 'account:7', '--to', day)).length).toBe(2);
});

test.each([
  ['nothing to look for', [], 64],
  ['a period that ends before it begins', ['--account', 'account:7', '--to', '2020-01-01'], 64],
  ['two things', ['--account', 'account:7', '--host', 'crm.essai.example'], 64],
  ['an address that is no recipient’s', ['--host', 'zoe.lefevre@courriel.example'], 64],
  ['an unknown account', ['--account', 'personne'], 1],
  ['an unknown destination', ['--destination', 'essai-cr'], 1],
])('refused, with no entry: %s', async (_, more, code) => {
  const before = await actionsOf(gateway, 'exported');
  expect((await breach(...more)).code).toBe(code);
  expect(await actionsOf(gateway, 'exported')).toEqual(before);
});

test('the table shows counts, references and the end of the 72 hours; nothing of a person', async () => {
  const { out, err } = await terminalOf(environmentOf(gateway))(
    ...[
      'breach',
      '--from',
      '1d',
      '--account',
      'account:7',
      '--known',
      '2026-11-30T10:00',
      '--reason',
      'incident 3',
    ],
  );
  expect(out).toMatch(/^client +persons +leads +in clear/);
  expect(out).toContain('essai: BE-1, BE-2');
  expect(err).toContain('03/12/2026 10:00');
  expect(out + err).not.toContain('courriel.example');
});
