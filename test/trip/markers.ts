// Finds a marked person wherever something is written down: raw, encoded, or plainly hashed.
import { createHash } from 'node:crypto';
import type { Gateway } from './gateway.ts';

/** Every way a marker could be written down. */
export function spellings(value: string): readonly string[] {
  const hash = (name: string, encoding: 'hex' | 'base64'): string =>
    createHash(name).update(value).digest(encoding);
  const national = value.startsWith('+33') ? [`0${value.slice(3)}`, value.slice(1)] : [];
  return [
    value,
    ...national,
    value.toLowerCase(),
    value.toUpperCase(),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    value.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
    Buffer.from(value).toString('hex'),
    ...['md5', 'sha1', 'sha256', 'sha512'].flatMap((name) => [hash(name, 'hex'), hash(name, 'base64')]),
  ];
}

export const markersIn = (
  markers: Readonly<Record<string, string>>,
  where: string,
  text: string,
): readonly string[] =>
  Object.entries(markers).flatMap(([name, value]) =>
    spellings(value).flatMap((spelling) => (text.includes(spelling) ? [`${where}: ${name}`] : [])),
  );

/** Every cell of every table but these, bytes in each way they could be read; references that CRMs gave are left out. */
export async function tablesText(
  { owner, app }: Pick<Gateway, 'owner' | 'app'>,
  without: readonly string[],
): Promise<string> {
  const names = await owner.all<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [app.database.name],
  );
  let text = '';
  for (const { name } of names)
    if (!without.includes(name))
      text += await tableText(owner, `\`${name}\``, name === 'deliveries' ? ['recipient_reference'] : []);
  return text;
}

/** Every cell of a table but those of these columns. */
export async function tableText(
  owner: Gateway['owner'],
  table: string,
  without: readonly string[] = [],
): Promise<string> {
  let text = '';
  for (const row of await owner.all<Record<string, unknown>>(`SELECT * FROM ${table}`)) {
    const cells = Object.entries(row).filter(([column]) => !without.includes(column));
    text += `${table} ${cells.map(([, value]) => cellText(value)).join(' ')}\n`;
  }
  return text;
}

const cellText = (value: unknown): string =>
  Buffer.isBuffer(value)
    ? `${value.toString('latin1')} ${value.toString('utf8')} ${value.toString('hex')} ${value.toString('base64')}`
    : String(value);
