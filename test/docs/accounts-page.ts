// The table of permissions on docs/accounts.md, from the one table in src/access: `npm run docs` writes it, a test holds it to it.
import { permissions, roles, ruleOf } from '../../src/access/permissions.ts';

const head = ['permission', ...roles, 'API key', 'what'];
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = [
  line(head),
  `|${head.map(() => '---').join('|')}|`,
  ...permissions.map((permission) => {
    const rule = ruleOf(permission);
    const marks = roles.map((role) => (rule.roles.includes(role) ? '×' : ''));
    return line([`\`${permission}\``, ...marks, rule.key === true ? '×' : '', rule.words]);
  }),
].join('\n');

export const accountsPage = (page: string): string =>
  page.replace(
    /(<!-- permissions: npm run docs -->\n)[\s\S]*?(<!-- end -->)/,
    (_, start: string, end: string) => `${start}\n${table}\n\n${end}`,
  );
