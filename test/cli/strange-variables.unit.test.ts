// A variable whose name holds a slip is told by `relais config`.
import { strangeVariables } from '../../src/app/strange-variables.ts';
import { variables } from '../../src/config.ts';

test('a variable that nothing reads is named, with what was meant; secrets, files and other programs are not', () => {
  expect(
    strangeVariables({
      RELAIS_HTTP_PROT: '8080',
      RELAIS_SECRET_DIR: '/etc/relais/secrets',
      RELAIS_SECRETS_DIRS: '/etc/relais/secrets',
      RELAIS_SECRET_JARDINS_TOKEN: 'x',
      RELAIS_MASTER_KEY_FILE: '/k',
      RELAIS_MYSQL_OWNER_PASSWORD_FILE: '/k',
      RELAIS_REDIS_PASSWORD_FILE: '/k',
      PATH: '/bin',
    }),
  ).toEqual([
    'RELAIS_HTTP_PROT is set, and nothing reads it. Did you mean RELAIS_HTTP_PORT?',
    'RELAIS_SECRETS_DIRS is set, and nothing reads it. Did you mean RELAIS_SECRETS_DIR?',
  ]);
  expect(strangeVariables(Object.fromEntries(variables.map(({ name }) => [name, 'x'])))).toEqual([]);
});
