// Finds refused rows with a mail or phone that a lead had before a correction, of which only the keyed digest is known.
// Invariant: an address that another lead of the client has now does not match; any spelling is found.
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import type { Sql } from './database.ts';
import { formerAddresses, leadsWithAddress } from './oppositions.ts';
import { namesOfLeads } from './person-leads.ts';
import { mayBear, type RefusedOfPerson } from './refused-of-person.ts';
import { ending, texts } from './refused-rows.ts';

export interface FormerOf {
  readonly clientId: string;
  readonly leadId: number;
  /** Key of the addresses on the opposition list. */
  readonly key: Buffer;
}

interface Row extends RefusedOfPerson {
  readonly texts: string;
  readonly mobile: string | null;
  readonly landline: string | null;
}

const rowsAtOnce = 500;
const mail = /[^\s<>(),;:=/"|]+@[^\s<>(),;:=/"|]*[^\s<>(),;:=/"|.]/g;

/** Ids of the rows; none is read when the lead never had another address. */
export async function refusedUnderFormer(sql: Sql, of: FormerOf): Promise<readonly string[]> {
  const names = (await namesOfLeads(sql, [of.leadId])).get(of.leadId) ?? {};
  const rows = await refusedUnderDigests(sql, { ...of, digests: await formerAddresses(sql, of.leadId) });
  const found: string[] = [];
  for (const { row, addresses } of rows.filter((one) => mayBear(names, one))) {
    let isTheirs = false;
    for (const address of addresses) isTheirs ||= !(await isOfAnother(sql, of, address));
    if (isTheirs) found.push(row);
  }
  return found;
}

export interface RefusedUnder extends RefusedOfPerson {
  /** The known addresses that the row names. */
  readonly addresses: readonly Addresses[];
}

/** Refused rows of the client that name an address known only by its digest, under any name. */
export async function refusedUnderDigests(
  sql: Sql,
  of: Pick<FormerOf, 'clientId' | 'key'> & { readonly digests: readonly Buffer[] },
): Promise<readonly RefusedUnder[]> {
  const wanted = new Set(of.digests.map((digest) => digest.toString('hex')));
  if (wanted.size === 0) return [];
  const found: RefusedUnder[] = [];
  for (let after = '0'; ;) {
    const page = await sql.all<Row>(
      `SELECT CAST(id AS CHAR) AS \`row\`, kind, COALESCE(reference, '') AS reference, received_at AS receivedAt,
              ${texts} AS texts, mobile, landline, last_name AS lastName, first_name AS firstName
         FROM lead_intake FORCE INDEX (lead_intake_turn)
        WHERE status = 'refused' AND client_id = ? AND lead_intake.id > CAST(? AS UNSIGNED)
        ORDER BY lead_intake.id LIMIT ${rowsAtOnce}`,
      [of.clientId, after],
    );
    for (const { texts: said, mobile, landline, ...row } of page) {
      const addresses = addressesIn({ texts: said, mobile, landline }).filter((address) =>
        addressDigests(of.key, of.clientId, address).some((digest) => wanted.has(digest.toString('hex'))),
      );
      if (addresses.length > 0) found.push({ ...row, addresses });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < rowsAtOnce) return found;
    after = last.row;
  }
}

/** Returns the number of rows deleted. */
export async function removeRefusedUnderFormer(tx: Sql, of: FormerOf): Promise<number> {
  const rows = await refusedUnderFormer(tx, of);
  for (const row of rows)
    await tx.run("DELETE FROM lead_intake WHERE id = CAST(? AS UNSIGNED) AND status = 'refused'", [row]);
  return rows.length;
}

/** Addresses in the refused rows of a reference, which an erasure deletes too. */
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

/** Each mail in any text, each phone as written and as a French one. */
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

const isOfAnother = async (sql: Sql, { clientId, leadId }: FormerOf, address: Addresses): Promise<boolean> =>
  (await leadsWithAddress(sql, clientId, address)).some((id) => id !== leadId);
