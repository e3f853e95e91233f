// What must be nowhere when all is over: an address of somebody who is gone, in any table, in any form a person could read.
// Invariant: every table of both schemas is read row by row, whatever it is called.
import type { Gateway } from '../trip/gateway.ts';
import { addressesOf, type Book } from './book.ts';
import type { Finder } from './figures.ts';

const atOnce = 2_000;

export async function checkRemains({ owner, app }: Gateway, book: Book, find: Finder): Promise<void> {
  const judge = remainsIn(book, find);
  const tables = await owner.all<{ place: string; name: string }>(
    "SELECT TABLE_SCHEMA AS place, TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (?, ?) AND TABLE_TYPE = 'BASE TABLE'",
    [app.database.name, `${app.database.name}_keys`],
  );
  for (const { place, name } of tables)
    for (let from = 0; ; from += atOnce) {
      const rows = await owner.all<object>(
        `SELECT * FROM \`${place}\`.\`${name}\` LIMIT ${atOnce} OFFSET ${from}`,
      );
      judge(name, rows);
      if (rows.length < atOnce) break;
    }
}

/** Judges rows of a table: whoever is gone, and shares the address with nobody who is there, stands in none. */
export function remainsIn(book: Book, find: Finder): (table: string, rows: readonly object[]) => void {
  const all = [...book.leads.values()];
  const kept = new Set(all.filter(({ state }) => state === 'there').flatMap(addressesOf));
  const gone = new Map(
    all
      .filter(({ state }) => state === 'gone' || state === 'erased')
      .flatMap((lead) => addressesOf(lead).map((address) => [address, lead.reference] as const))
      .filter(([address]) => !kept.has(address)),
  );
  return (table, rows) => {
    for (const address of rows.flatMap(addressesIn))
      if (gone.has(address)) find('remains', `${table}: of ${gone.get(address)}`);
  };
}

const looksLikeOne = /personne-\d+(?:-bis)?@courriel\.example|\+33\d{9}/g;

const addressesIn = (row: object): readonly string[] =>
  Object.values(row).flatMap((value: unknown) => {
    const text = Buffer.isBuffer(value) ? value.toString('latin1') : typeof value === 'string' ? value : '';
    return text.match(looksLikeOne) ?? [];
  });
