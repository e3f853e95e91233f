// What must be nowhere when somebody is gone: an address of theirs, in any table, in any form a person could read.
// Invariant: every table of both schemas is read row by row, whatever it is called; refused rows whenever somebody goes.
import type { Gateway } from '../../trip/gateway.ts';
import { addressesOf, type Book, type Lead } from './book.ts';
import type { Finder } from './figures.ts';

const atOnce = 10_000;

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
      .filter(({ state }) => state === 'gone' || state === 'erased' || state === 'refused')
      .flatMap((lead) => addressesOf(lead).map((address) => [address, lead.reference] as const))
      .filter(([address]) => !kept.has(address)),
  );
  const asked = askedAbout(book);
  return (table, rows) => {
    for (const address of rows.flatMap(addressesIn)) {
      // What a request that is not closed speaks of is not taken from under it.
      if (table === 'lead_intake' && asked.has(address)) continue;
      if (gone.has(address)) find('remains', `${table}: of ${gone.get(address)}`);
    }
  };
}

/** Addresses that a request that is not closed speaks of. */
export const askedAbout = ({ demands }: Book): ReadonlySet<string> =>
  new Set(demands.filter(isOpen).flatMap(({ listed }) => [...listed].flatMap(addressesOf)));

const isOpen = ({ kind, closedAt, appliedAt, liftedAt }: Book['demands'][number]): boolean =>
  closedAt === undefined || (kind === 'restriction' && appliedAt !== undefined && liftedAt === undefined);

/** Of these leads, who just went or was erased, no refused row names an address, but one that is asked about. */
export async function checkRefusedRows(
  { owner }: Pick<Gateway, 'owner'>,
  find: Finder,
  leads: readonly Lead[],
  asked: ReadonlySet<string> = new Set(),
): Promise<void> {
  if (leads.length === 0) return;
  const of = new Map(leads.flatMap((lead) => addressesOf(lead).map((address) => [address, lead.reference])));
  const rows = await owner.all<object>("SELECT * FROM lead_intake WHERE status = 'refused'");
  for (const address of rows.flatMap(addressesIn))
    if (of.has(address) && !asked.has(address)) find('remains', `lead_intake: of ${of.get(address)}`);
}

/** Rows that were turned away since their time was over hold nobody. */
export async function checkTurnedAway(
  { owner }: Pick<Gateway, 'owner'>,
  find: Finder,
  leads: readonly Lead[],
): Promise<void> {
  if (leads.length === 0) return;
  const rows = await owner.all<object>(
    `SELECT * FROM lead_intake WHERE client_id = 'essai' AND reference IN (${leads.map(() => '?').join(', ')})`,
    leads.map(({ reference }) => reference),
  );
  for (const row of rows)
    if (addressesIn(row).length > 0) find('remains', `lead_intake: of ${leads[0]?.reference}, turned away`);
}

const looksLikeOne = /personne-\d+(?:-bis)?@courriel\.example|\+33\d{9}|\b0\d(?: \d\d){4}\b/gi;

const addressesIn = (row: object): readonly string[] =>
  Object.values(row).flatMap((value: unknown) => {
    const text = Buffer.isBuffer(value) ? value.toString('latin1') : typeof value === 'string' ? value : '';
    return (text.match(looksLikeOne) ?? []).map(written);
  });

/** As the book has it. */
const written = (address: string): string =>
  address.includes('@') ? address.toLowerCase() : address.replace(/^0/, '+33').replaceAll(' ', '');
