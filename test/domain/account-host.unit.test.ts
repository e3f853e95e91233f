// Which host parts of MySQL accounts name one host.
import { hostOfAccount, isOneHost } from '../../src/domain/account-host.ts';

test.each([
  ['10.0.3.7', true],
  ['::1', true],
  ['localhost', true],
  ['gateway.centre.example', true],
  ['10.0.3.7/255.255.255.255', true],
  ['10.0.3.7/32', true],
  ['2001:db8::7/128', true],
  ['2001:db8::/32', false],
  ['10.0.3.0/128', false],
  ['%', false],
  ['', false],
  ['10.0.3.%', false],
  ['%.%', false],
  ['10.0.3._', false],
  ['%.centre.example', false],
  ['10.0.3.0/255.255.255.0', false],
  ['10.0.3.0/24', false],
])('C40: %s is one host: %s', (host, isOne) => expect(isOneHost(host)).toBe(isOne));

test('the host of an account is what follows the last @', () => {
  expect(hostOfAccount('relais@10.0.3.7')).toBe('10.0.3.7');
  expect(hostOfAccount('a@b@%')).toBe('%');
});
