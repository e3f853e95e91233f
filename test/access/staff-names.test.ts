// C58: names of colleagues stand apart from the log, which has numbers, and go when their own time is over.
import { accountNames, staffActorOf } from '../../src/store/access/accounts.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { tidyAccess } from '../../src/roles/background.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.send(strangerRow('S-1'));
  await gateway.app.intake.acceptBatch(10);
});
afterAll(() => gateway.close());

const as = (RELAIS_ACTOR: string) => terminalOf(environmentOf(gateway, { RELAIS_ACTOR }));
const lookUp = (who: string, reason: string) =>
  as(who)('lead', 'find', '--reference', 'S-1', '--reason', reason);
const actorOf = async (reason: string): Promise<string> =>
  (await gateway.owner.all<{ actor: string }>('SELECT actor FROM handovers WHERE purpose = ?', [reason]))
    .map(({ actor }) => actor)
    .join();
/** Every table but the one of names. */
async function tablesThatHold(text: string): Promise<readonly string[]> {
  const tables = await gateway.owner.all<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [gateway.app.database.name],
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = JSON.stringify(await gateway.owner.all(`SELECT * FROM \`${name}\``));
    if (rows.includes(text)) found.push(name);
  }
  return found;
}

test('C58: who has no account stands in the log by a number of their own, and is shown by name while there is one', async () => {
  await lookUp('Nomcanari Sophie', 'ticket 1');
  await lookUp('Nomcanari Karim', 'ticket 2');
  await lookUp('Nomcanari Sophie', 'ticket 3');
  const [sophie, karim] = [await actorOf('ticket 1'), await actorOf('ticket 2')];
  expect(sophie).toMatch(/^staff:\d+$/);
  expect(await actorOf('ticket 3')).toBe(sophie);
  expect(karim).not.toBe(sophie);
  const asked = ['lookups', '--client', 'essai', '--reference', 'S-1', '--reason', 'audit 4'];
  const { out } = await as('Nomcanari Karim')(...asked);
  expect(out).toMatch(/Nomcanari Sophie .*ticket 1/);
  // What another command does with an instruction of theirs holds no name either.
  await as('Nomcanari Sophie')(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-10-01', '--from', 'Mme Exemple'],
    ...['--document', 'annexe 3', '--covers', 'retention'],
  );
  const note = await as('Nomcanari Karim')('note', 'show', 'essai');
  expect(note.out).toContain(`Effectuée par : un agent du centre (n° ${sophie.slice(6)})`);
  expect(await tablesThatHold('Nomcanari')).toEqual(['staff_names']);
});

test('C58: whatever is typed is a name: nobody passes for an account, a system or a colleague', async () => {
  const typed = [
    'account:1',
    'planner',
    'staff:1',
    'key:1',
    `${'x'.repeat(300)}`,
    "'; DROP TABLE x --",
    'é😀',
  ];
  for (const [index, name] of typed.entries()) {
    expect((await lookUp(name, `odd ${index}`)).code).toBe(0);
    expect(await actorOf(`odd ${index}`)).toMatch(/^staff:\d+$/);
  }
  expect(new Set(await Promise.all(typed.map((_, index) => actorOf(`odd ${index}`)))).size).toBe(
    typed.length,
  );
});

test('two commands of a new colleague at once are one person', async () => {
  const both = await Promise.all(
    Array.from({ length: 8 }, () => staffActorOf(gateway.app.database, 'Nouvelle')),
  );
  expect(new Set(both).size).toBe(1);
});

test('C58: a name goes when its time is over, and the log verifies as before', async () => {
  const sophie = await actorOf('ticket 1');
  await gateway.owner.run(
    "UPDATE staff_names SET last_at = TIMESTAMPADD(DAY, -3 * 366, UTC_TIMESTAMP(3)) WHERE name = 'Nomcanari Sophie'",
  );
  await gateway.owner.run(
    `INSERT INTO accounts (login, roles, password, ended_at) VALUES ('parti.exemple', 'support', 'x', TIMESTAMPADD(DAY, -3 * 366, UTC_TIMESTAMP(3))),
       ('recent.exemple', 'support', 'x', TIMESTAMPADD(DAY, -900, UTC_TIMESTAMP(3))), ('present.exemple', 'support', 'x', NULL)`,
  );
  expect(await tidyAccess(gateway.app.access)).toBe(true);
  expect(await tidyAccess(gateway.app.access)).toBe(false);
  const logins = await gateway.owner.all<{ login: string }>('SELECT login FROM accounts ORDER BY id');
  expect(logins.map(({ login }) => login)).toEqual([
    expect.stringMatching(/^\(\d+\)$/),
    'recent.exemple',
    'present.exemple',
  ]);
  expect((await accountNames(gateway.app.database, [sophie])).size).toBe(0);
  const { out } = await as('Nomcanari Karim')(
    ...['lookups', '--client', 'essai', '--reference', 'S-1', '--reason', 'audit 5'],
  );
  expect(out).toMatch(new RegExp(`${sophie} .*ticket 1`));
  // Back again she is somebody new: the number of who is forgotten is given to nobody.
  await lookUp('Nomcanari Sophie', 'ticket 9');
  expect(await actorOf('ticket 9')).not.toBe(sophie);
  while ((await gateway.app.sealer.seal(500)) > 0);
  expect((await as('Nomcanari Karim')('log', 'verify')).code).toBe(0);
});
