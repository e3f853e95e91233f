// Refused rows that name a person by a mail or phone that their lead had before a correction: only its keyed digest is known.
// Invariant: an address that another lead of the client has now is not taken for the former one's; found whatever its spelling.
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import type { Sql } from './database.ts';
import { formerAddresses, leadsWithAddress } from './oppositions.ts';
import { namesOfLeads } from './person-leads.ts';
import { mayBear } from './refused-of-person.ts';
import { ending, texts } from './refused-rows.ts';

export interface FormerOf {
  readonly clientId: string;
  readonly leadId: number;
  /** Of the addresses on the opposition list. */
  readonly key: Buffer;
}

interface Row {
  readonly row: string;
  readonly texts: string;
  readonly mobile: string | null;
  readonly landline: string | null;
  readonly lastName: string | null;
  readonly firstName: string | null;
}

const rowsAtOnce = 500;
const mail = /[^\s<>(),;:=/"|]+@[^\s<>(),;:=/"|]*[^\s<>(),;:=/"|.]/g;

/** Numbers of the rows; none is looked at where the lead never had another address. */
export async function refusedUnderFormer(sql: Sql, of: FormerOf): Promise<readonly string[]> {
  const former = new Set((await formerAddresses(sql, of.leadId)).map((digest) => digest.toString('hex')));
  if (former.size === 0) return [];
  const names = (await namesOfLeads(sql, [of.leadId])).get(of.leadId) ?? {};
  const found: string[] = [];
  for (let after = '0'; ;) {
    const page = await sql.all<Row>(
      `SELECT CAST(id AS CHAR) AS \`row\`, ${texts} AS texts, mobile, landline, last_name AS lastName, first_name AS firstName
         FROM lead_intake FORCE INDEX (lead_intake_turn)
        WHERE status = 'refused' AND client_id = ? AND lead_intake.id > CAST(? AS UNSIGNED)
        ORDER BY lead_intake.id LIMIT ${rowsAtOnce}`,
      [of.clientId, after],
    );
    for (const row of page.filter((one) => mayBear(names, one)))
      for (const address of addressesIn(row))
        if (isFormer(of, former, address) && !(await isOfAnother(sql, of, address))) found.push(row.row);
    const last = page.at(-1);
    if (last === undefined || page.length < rowsAtOnce) return [...new Set(found)];
    after = last.row;
  }
}

/** Returns how many rows went. */
export async function removeRefusedUnderFormer(tx: Sql, of: FormerOf): Promise<number> {
  const rows = await refusedUnderFormer(tx, of);
  for (const row of rows)
    await tx.run("DELETE FROM lead_intake WHERE id = CAST(? AS UNSIGNED) AND status = 'refused'", [row]);
  return rows.length;
}

/** Of all refused rows of a reference, which an erasure takes along. */
export async function addressesOfRefused(
  sql: Sql,
  { clientId, reference }: { readonly clientId: string; readonly reference: string },
): Promise<readonly Addresses[]> {
  const rows = await sql.all<Pick<Row, 'texts' | 'mobile' | 'landline'>>(
    `SELECT COALESCE(email, '') AS texts, mobile, landline FROM lead_intake
      WHERE client_id = ? AND reference = ? AND status = 'refused'`,
    [clientId, reference],
  );
  return rows.flatMap(addressesIn);
}

/** Each mail in any text, each phone as it stands and as a French one. */
function addressesIn({
  texts: text,
  mobile,
  landline,
}: Pick<Row, 'texts' | 'mobile' | 'landline'>): readonly Addresses[] {
  const phones = [mobile, landline].flatMap((phone) => {
    const digits = (phone ?? '').replaceAll(/\D/g, '');
    return digits === '' ? [] : [`+${digits}`, `+33${ending(digits)}`];
  });
  return [
    ...[...text.matchAll(mail)].map(([email]) => ({ email })),
    ...[...new Set(phones)].map((phone) => ({ mobile: phone })),
  ];
}

const isFormer = ({ key, clientId }: FormerOf, former: ReadonlySet<string>, address: Addresses): boolean =>
  addressDigests(key, clientId, address).some((digest) => former.has(digest.toString('hex')));

const isOfAnother = async (sql: Sql, { clientId, leadId }: FormerOf, address: Addresses): Promise<boolean> =>
  (await leadsWithAddress(sql, clientId, address)).some((id) => id !== leadId);
