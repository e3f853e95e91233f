// docs/accounts.md says what the one table of permissions says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissions } from '../../src/access/permissions.ts';
import { accountsPage } from './accounts-page.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/accounts.md'), 'utf8');

test('the table of docs/accounts.md is what `npm run docs` writes', () => {
  expect(accountsPage(page)).toBe(page);
  for (const permission of permissions) expect(page).toContain(`\`${permission}\``);
});
