// The borders on docs/house.md, as .dependency-cruiser.cjs draws them: `npm run docs` writes them, a test holds them to it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Rule {
  readonly name: string;
  readonly comment: string;
}

const config = createRequire(import.meta.url)(join(process.cwd(), '.dependency-cruiser.cjs')) as {
  readonly forbidden: readonly Rule[];
};

/** Every line of the table: whose it is, and what it may import besides itself. */
export const borders: readonly { readonly name: string; readonly allowed: readonly string[] }[] =
  config.forbidden.flatMap(({ name, comment }) => {
    const allowed = /may import, of [^,]+, only itself(?: and: ([^.]*))?\./.exec(comment);
    if (allowed === null) return [];
    return [{ name: name.replace(/-imports$/, ''), allowed: (allowed[1] ?? '').split(' ').filter(Boolean) }];
  });

const isRoom = ({ name }: { readonly name: string }): boolean => name.includes('/');

/** A long list is read as what is missing from it. */
function listed(name: string, allowed: readonly string[], all: readonly string[]): string {
  const missing = all.filter((other) => other !== name && !allowed.includes(other));
  if (allowed.length === 0) return 'nothing';
  const shorter = [`all but ${missing.join(', ')}`, allowed.join(', ')].toSorted(
    (a, b) => a.length - b.length,
  );
  return shorter[0] ?? '';
}

function tableOf(head: string, rows: typeof borders): string {
  const all = [...new Set([...rows.map(({ name }) => name), ...rows.flatMap(({ allowed }) => allowed)])];
  const lines = rows.map(({ name, allowed }) => `| \`${name}\` | ${listed(name, allowed, all)} |`);
  return [`| ${head} | may import |`, '|---|---|', ...lines]
    .join('\n')
    .replaceAll('anyConnector', 'a connector');
}

const tables: Readonly<Record<string, string>> = {
  zones: tableOf(
    'zone',
    borders.filter((border) => !isRoom(border)),
  ),
  rooms: tableOf('room', borders.filter(isRoom)),
};

/** The page with its tables of borders written anew; all else as it is. */
export const housePage = (page: string): string =>
  Object.entries(tables).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: npm run docs -->\n)[\\s\\S]*?(<!-- end -->)`),
        (_, start: string, end: string) => `${start}\n${table}\n\n${end}`,
      ),
    page,
  );
