// The list of permissions on docs/accounts.md, from the one table in src/access: `npm run docs` writes it, a test holds it to the table.
import { permissions, roles, ruleOf } from '../../src/access/permissions.ts';
import { rewritten } from './page-lists.ts';

/** Each role is a letter at its place, and a system with an API key the last one: SIDAVK. */
const letterOf = (name: string): string => name.charAt(0).toUpperCase();
const marksOf = (permission: (typeof permissions)[number]): string => {
  const rule = ruleOf(permission);
  const marks = roles.map((role) => (rule.roles.includes(role) ? letterOf(role) : '·'));
  return [...marks, rule.key === true ? 'K' : '·'].join('');
};
const list = permissions
  .map((permission) => `- \`${permission}\` \`${marksOf(permission)}\` ${ruleOf(permission).words}`)
  .join('\n');

export const accountsPage = (page: string): string =>
  rewritten(
    page,
    /(<!-- permissions: npm run docs -->\n)[\s\S]*?(<!-- end -->)/,
    (start, end) => `${start}\n${list}\n\n${end}`,
  );
