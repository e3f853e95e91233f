// C58: who works at the terminal, as the operating system says it.
import { operatorOf, systemFacts, type SystemFacts } from '../../src/config/os-user.ts';

const facts = (more: Partial<SystemFacts> = {}): SystemFacts => ({
  uid: 1001,
  username: 'relais',
  loginUid: undefined,
  nameOf: (uid) => ({ 1001: 'relais', 2001: 'sophie' })[uid],
  ...more,
});
const typed = (more: object = {}) => ({ actor: undefined, sudoUser: undefined, sudoUid: undefined, ...more });

test.each([
  ['the login of the session', typed(), facts({ loginUid: 1001 }), 'relais', true],
  [
    'behind sudo the login, whatever is typed',
    typed({ actor: 'Alice' }),
    facts({ loginUid: 2001 }),
    'sophie',
    true,
  ],
  [
    'a forged SUDO_USER does not replace the login',
    typed({ sudoUser: 'alice', sudoUid: '3001' }),
    facts({ loginUid: 2001 }),
    'sophie',
    true,
  ],
  [
    'a login without a name is its number, whatever SUDO_USER and SUDO_UID say: any user may set both',
    typed({ sudoUser: 'claire', sudoUid: '5001' }),
    facts({ loginUid: 5001 }),
    'uid 5001',
    true,
  ],
  [
    'root in a container is not whom the variables name',
    typed({ sudoUser: 'directrice', sudoUid: '2001' }),
    facts({ uid: 0, username: 'root' }),
    'directrice',
    false,
  ],
  [
    'root without a login is whom sudo names',
    typed({ actor: 'Alice', sudoUser: 'sophie', sudoUid: '2001' }),
    facts({ uid: 0, username: 'root' }),
    'sophie',
    true,
  ],
  ['without a login a typed name is only typed', typed({ actor: 'Alice' }), facts(), 'Alice', false],
  ['and so is SUDO_USER of another user than root', typed({ sudoUser: 'sophie' }), facts(), 'sophie', false],
  ['without anything the user of the process', typed(), facts(), 'relais', true],
] as const)('C58: %s', (_, given, system, name, isProved) =>
  expect(operatorOf(given, system)).toEqual({ name, isProved }),
);

test('this system has a user', () => expect(systemFacts().username).not.toBe(''));
