// C58: who looked a person up, when and why, by the id of their account; and after an erasure who did it, for which reason.
import { actionsOf, environmentOf, terminalOf, type Relais } from '../../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';

let gateway: Gateway;
let relais: Relais;
/** Somebody who has an account. */
let withAccount: Relais;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  withAccount = terminalOf(environmentOf(gateway, { RELAIS_ACTOR: 'claude.exemple' }));
  await gateway.owner.run("INSERT INTO accounts (login, roles) VALUES ('claude.exemple', 'support')");
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
  await gateway.send(strangerRow('L-1', { email: 'lea@courriel.example' }), strangerRow('L-2'));
  await gateway.until('taken in', async () => (await gateway.states()).length === 2);
});
afterAll(() => gateway.close());

const lookups = (...more: readonly string[]): ReturnType<Relais> =>
  relais('lookups', '--client', 'essai', ...more, '--reason', 'request 90');

test('C58: every look-up of a person is told with who and why, and asking is one itself', async () => {
  await relais(
    'lead',
    'find',
    '--email',
    'lea@courriel.example',
    '--client',
    'essai',
    '--reason',
    'ticket 1',
  );
  await withAccount('lead', 'show', 'L-1', '--client', 'essai', '--reveal', '--reason', 'ticket 2');
  await relais('lead', 'find', '--reference', 'L-2', '--reason', 'ticket 3');
  const { out, code } = await lookups('--email', 'Lea@courriel.example', '--json');
  expect(code).toBe(0);
  const seen = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(seen).toMatchObject([
    { reference: 'L-1', what: 'looked_up', actor: 'staff:1', name: 'Sophie', why: 'ticket 1' },
    { reference: 'L-1', what: 'revealed', actor: 'account:1', name: 'claude.exemple', why: 'ticket 2' },
  ]);
  expect((await lookups('--reference', 'L-1')).out).toContain('request 90');
  expect(
    (await actionsOf(gateway, 'looked_up')).filter(({ purpose }) => purpose === 'request 90'),
  ).toHaveLength(2);
});

test('C58: an operator who has an account stands in the log by its id, not by a name', async () => {
  const rows = await gateway.owner.all<{ actor: string }>(
    "SELECT DISTINCT actor FROM handovers WHERE purpose = 'ticket 2'",
  );
  expect(rows).toEqual([{ actor: 'account:1' }]);
  const named = await gateway.owner.all("SELECT id FROM handovers WHERE actor LIKE '%claude%'");
  expect(named).toEqual([]);
});

test('C22: after an erasure lead show says when, who, why and with which proof', async () => {
  await withAccount(
    'lead',
    'erase',
    'L-1',
    '--client',
    'essai',
    '--reason',
    'request 91',
    '--identity',
    'seen',
    '--yes',
  );
  const { out } = await relais('lead', 'show', 'L-1', '--client', 'essai', '--lang', 'en');
  expect(out).toMatch(/Person erased, .+, by claude\.exemple \(request \d+\), proof \d+/);
  expect((await lookups('--reference', 'L-1')).out).toContain('ticket 2');
});

test('nobody is told without a reason, and of nobody there is nothing', async () => {
  expect((await relais('lookups', '--client', 'essai', '--reference', 'L-2')).code).toBe(64);
  expect((await lookups('--email', 'nobody@courriel.example')).code).toBe(1);
  expect((await lookups()).code).toBe(64);
});
