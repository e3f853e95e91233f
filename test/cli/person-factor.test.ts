// C39, C58: where the terminal needs a second factor, no command reads a person without one, and the log names the account that showed it.
import { Secret, TOTP } from 'otpauth';
import { createAccount, setPasswordWithCode } from '../../src/access/accounts.ts';
import type { Role } from '../../src/access/permissions.ts';
import { sessionOfToken } from '../../src/access/sessions.ts';
import { beginEnrolment, finishEnrolment, signIn } from '../../src/access/sign-in.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf, type Ran } from './terminal.ts';

const password = 'le chat dort sous la table';
let gateway: Gateway;
/** Recovery codes by login: each is taken once, whatever the clock says. */
const codes = new Map<string, string[]>();

async function enrolled(login: string, roles: readonly Role[]): Promise<number> {
  const place = gateway.app.access;
  const caller = { address: '192.0.2.1', agent: 'Firefox' };
  const { id, setupCode } = await createAccount(place, { login, roles }, 'tester');
  await setPasswordWithCode(place, setupCode, password);
  const signed = await signIn(place, { login, password }, caller);
  const token = signed.kind === 'signed_in' ? signed.token : '';
  const session = await sessionOfToken(place, token);
  if (session === undefined) throw new Error('no session');
  const { typed } = await beginEnrolment(place, session, token);
  const again = await sessionOfToken(place, token);
  const code = new TOTP({ secret: Secret.fromBase32(typed.replaceAll(' ', '')) }).generate();
  const done = again === undefined ? undefined : await finishEnrolment(place, again, { token, code }, caller);
  codes.set(login, [...(done?.recoveryCodes ?? [])]);
  return id;
}

let dpo = 0;
beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'staff:1', note: 'first' });
  await gateway.send(strangerRow('PF-1'), strangerRow('PF-2'));
  expect((await gateway.app.intake.acceptBatch(10)).taken).toBe(2);
  dpo = await enrolled('claire', ['dpo']);
  await enrolled('ines', ['dpo', 'admin']);
  await enrolled('marc', ['admin']);
});
afterAll(() => gateway.close());

const relais = (more: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Ran> =>
  terminalOf(environmentOf(gateway, { RELAIS_TERMINAL_FACTOR: 'yes', ...more }))(...argv);
const as = (login: string): Readonly<Record<string, string>> => ({
  RELAIS_ACTOR: login,
  RELAIS_FACTOR_CODE: codes.get(login)?.shift() ?? '',
});
const reads = async (): Promise<readonly { entry: string; actor: string }[]> =>
  gateway.owner.all(
    "SELECT entry, actor FROM handovers WHERE entry IN ('looked_up', 'revealed', 'person_exported') ORDER BY id",
  );

test.each([
  [['lead', 'show', 'PF-1', '--client', 'essai']],
  [['lead', 'show', 'PF-1', '--client', 'essai', '--reveal', '--reason', 'ticket 1']],
  [['lead', 'find', '--reference', 'PF-1']],
  [['lead', 'find', '--email', 'pf-1@courriel.example', '--reason', 'ticket 1']],
  [['lookups', '--client', 'essai', '--reference', 'PF-1', '--reason', 'ticket 1']],
  [['mapping', 'preview', 'essai-crm', '--lead', 'PF-1', '--reason', 'ticket 1']],
  [['mapping', 'diff', 'essai-crm', 'file', '1', '--show-values', '--reason', 'ticket 1']],
])('C58: without the code nothing is shown and nothing is logged: %s', async (argv) => {
  const before = await reads();
  const ran = await relais({}, ...argv);
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('ACCESS-003') as string]);
  expect(ran.out).not.toMatch(/PF-1|essai-crm/);
  expect(await reads()).toEqual(before);
});

test('C58: with the code of an account that may, the person is shown, and the log names the account', async () => {
  const ran = await relais(
    as('claire'),
    'lead',
    'show',
    'PF-1',
    '--client',
    'essai',
    '--reveal',
    '--reason',
    'ticket 1',
  );
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(ran.out).toContain('pf-1@courriel.example');
  expect((await reads()).at(-1)).toEqual({ entry: 'revealed', actor: `account:${dpo}` });
});

test('C58: a code counts once, and a wrong one is refused and in the log', async () => {
  const once = as('claire');
  expect((await relais(once, 'lead', 'show', 'PF-1', '--client', 'essai')).code).toBe(0);
  const again = await relais(once, 'lead', 'show', 'PF-1', '--client', 'essai');
  expect([again.code, again.err]).toEqual([1, expect.stringContaining('ACCESS-002') as string]);
  const [refused] = await gateway.owner.all<{ actor: string; reason: string }>(
    "SELECT actor, reason FROM handovers WHERE entry = 'sign_in_refused' ORDER BY id DESC LIMIT 1",
  );
  expect(refused).toEqual({ actor: `account:${dpo}`, reason: 'CODE' });
});

test('C39: an account without the permission reads no person in clear', async () => {
  expect((await relais(as('marc'), 'lead', 'show', 'PF-2', '--client', 'essai')).code).toBe(0);
  const ran = await relais(
    as('marc'),
    'lead',
    'show',
    'PF-2',
    '--client',
    'essai',
    '--reveal',
    '--reason',
    'ticket 1',
  );
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('person.reveal') as string]);
  expect(ran.out).toBe('');
});

test('commands that read no person need no code; without the variable none does', async () => {
  expect((await relais({}, 'delivery', 'list')).code).toBe(0);
  const ran = await terminalOf(environmentOf(gateway))('lead', 'show', 'PF-1', '--client', 'essai');
  expect(ran.code).toBe(0);
  expect((await reads()).at(-1)?.entry).toBe('looked_up');
});

test('C58: a name that is only typed is no account’s', async () => {
  const { actorOf } = await import('../../src/support/named-text.ts');
  expect(await actorOf(gateway.owner, 'claire', true)).toBe(`account:${dpo}`);
  expect(await actorOf(gateway.owner, 'claire', false)).toMatch(/^staff:\d+$/);
});
