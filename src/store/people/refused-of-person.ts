// Finds, deletes and changes the refused rows of a client that name a person's mail or phones, under any reference.
// Invariant: an address matches as a whole, however it is spelt, and never as a part of another one.
import { isSameName, type PersonName } from '../../domain/person-name.ts';
import { type Sql, changesAny } from '../database.ts';
import { addressesOf, formerAddresses, leadsWithAddress } from './oppositions.ts';
import { namesOfLeads } from './person-records.ts';
import { clearConsents, digits, ending, holds, texts } from '../intake/refused-rows.ts';
import { type Addresses, addressDigests } from '../../domain/opposition.ts';

/** Separators of words in a text: an address ends there, so that ed@ is not found in fred@. */
const words = `CONCAT('|', REGEXP_REPLACE(${texts}, '[[:space:]<>(),;:=/"|]+', '|'), '|')`;

function naming(persons: readonly Addresses[]): {
  readonly where: string;
  readonly values: readonly string[];
} {
  const mails = new Set(persons.flatMap(({ email = '' }) => (email.trim() === '' ? [] : [email.trim()])));
  const phones = new Set(
    persons.flatMap(({ mobile = '', landline = '' }) => [ending(mobile), ending(landline)]),
  );
  const parts = [
    // Also a mail at the end of a sentence.
    ...[...mails]
      .flatMap((mail) => [mail, `${mail}.`])
      .map((address) => ({
        where: holds(words),
        value: `|${address}|`,
      })),
    ...[...phones]
      .filter((phone) => phone !== '')
      .map((phone) => ({ where: `LOCATE(?, CONCAT(${digits}, '|')) > 0`, value: `${phone}|` })),
  ];
  return { where: parts.map((part) => part.where).join(' OR '), values: parts.map((part) => part.value) };
}

/** Most rows listed. */
const mostRows = 200;

export interface RefusedOfPerson {
  readonly row: string;
  readonly kind: string;
  readonly reference: string;
  readonly receivedAt: Date;
  readonly lastName: string | null;
  readonly firstName: string | null;
}

/** Refused rows of the client that name one of these addresses, newest first. */
export const refusedOfPerson = (
  sql: Sql,
  clientId: string,
  persons: readonly Addresses[],
): Promise<readonly RefusedOfPerson[]> => rowsNaming(sql, clientId, persons, `LIMIT ${mostRows}`);

/** Refused rows of this reference. */
export const refusedOfReference = (
  sql: Sql,
  { clientId, reference }: { readonly clientId: string; readonly reference: string },
): Promise<readonly RefusedOfPerson[]> =>
  sql.all<RefusedOfPerson>(
    `SELECT CAST(id AS CHAR) AS \`row\`, kind, COALESCE(reference, '') AS reference, received_at AS receivedAt,
            last_name AS lastName, first_name AS firstName
       FROM lead_intake WHERE client_id = ? AND reference = ? AND status = 'refused' ORDER BY id`,
    [clientId, reference],
  );

async function rowsNaming(
  sql: Sql,
  clientId: string,
  persons: readonly Addresses[],
  limit: string,
): Promise<readonly RefusedOfPerson[]> {
  const { where, values } = naming(persons);
  if (values.length === 0) return [];
  return sql.all<RefusedOfPerson>(
    `SELECT CAST(id AS CHAR) AS \`row\`, kind, COALESCE(reference, '') AS reference, received_at AS receivedAt,
            last_name AS lastName, first_name AS firstName
       FROM lead_intake FORCE INDEX (lead_intake_turn)
      WHERE status = 'refused' AND client_id = ? AND (${where}) ORDER BY lead_intake.id DESC ${limit}`,
    [clientId, ...values],
  );
}

/** True when the names match; a row without a last name counts as the person's. */
const mayBear = (
  person: PersonName,
  { lastName, firstName }: Pick<RefusedOfPerson, 'lastName' | 'firstName'>,
): boolean =>
  (lastName ?? '').trim() === '' ||
  isSameName(person, { lastName: lastName ?? '', firstName: firstName ?? '' });

/**
 * Refused rows that an erasure of this lead deletes too: they name its mail or a phone, and its name or none. Rows with the
 * address and another name are proposed to a person, not deleted.
 */
export async function refusedOfLead(sql: Sql, clientId: string, leadId: number): Promise<readonly string[]> {
  const names = (await namesOfLeads(sql, [leadId])).get(leadId) ?? {};
  return (await rowsNaming(sql, clientId, await addressesOf(sql, [leadId]), ''))
    .filter((row) => mayBear(names, row))
    .map(({ row }) => row);
}

/** Returns the number deleted. */
export async function removeRefusedOfLead(tx: Sql, clientId: string, leadId: number): Promise<number> {
  const rows = await refusedOfLead(tx, clientId, leadId);
  for (const row of rows) await removeRefusedRow(tx, clientId, Number(row));
  return rows.length;
}

/**
 * The ids of these rows that have an address of the person in their own mail or phone columns: a row that only mentions one, in a
 * comment for instance, may be another person's.
 */
export async function ownRefusedRows(
  sql: Sql,
  of: {
    readonly clientId: string;
    readonly rows: readonly string[];
    readonly leadIds: readonly number[];
    readonly email?: string;
    readonly phones: readonly string[];
  },
): Promise<readonly string[]> {
  if (of.rows.length === 0) return [];
  const known = await addressesOf(sql, of.leadIds);
  const mails = new Set(
    [of.email, ...known.map(({ email }) => email)].flatMap((mail) => mail?.trim().toLowerCase() ?? []),
  );
  const phones = new Set(
    [...of.phones, ...known.flatMap(({ mobile, landline }) => [mobile ?? '', landline ?? ''])]
      .map(ending)
      .filter((phone) => phone !== ''),
  );
  const found = await sql.all<Record<'row' | 'email' | 'mobile' | 'landline', string | null>>(
    `SELECT CAST(id AS CHAR) AS \`row\`, email, mobile, landline FROM lead_intake FORCE INDEX (PRIMARY)
      WHERE id IN (?) AND client_id = ? AND status = 'refused'`,
    [of.rows, of.clientId],
  );
  return found
    .filter(
      ({ email, mobile, landline }) =>
        ((email ?? '').trim() !== '' && mails.has((email ?? '').trim().toLowerCase())) ||
        [mobile, landline].some((phone) => phones.has(ending(phone ?? ''))),
    )
    .flatMap(({ row }) => row ?? []);
}

/** True when a refused row waits for another intake; waits for a transaction that is resubmitting it. */
export async function isHandedInAgain(tx: Sql, clientId: string, row: number): Promise<boolean> {
  const [found] = await tx.all<{ status: string }>(
    'SELECT status FROM lead_intake WHERE id = ? AND client_id = ? FOR UPDATE',
    [row, clientId],
  );
  return found?.status === 'new';
}

/** Deletes a refused row of the client by its id. Returns false when it did not exist. */
export const removeRefusedRow = (tx: Sql, clientId: string, row: number): Promise<boolean> =>
  changesAny(tx, "DELETE FROM lead_intake WHERE id = ? AND client_id = ? AND status = 'refused'", [
    row,
    clientId,
  ]);

/** Removes the consents from a refused row, so that it cannot be resubmitted unchanged. Returns false when there were none. */
export const clearConsentsOfRow = async (tx: Sql, clientId: string, row: number): Promise<boolean> =>
  (await clearConsents(tx, 'id = ? AND client_id = ?', [row, clientId])) > 0;

// Finds refused rows with a mail or phone that a lead had before a correction, of which only the keyed digest is known.
// Invariant: an address that another lead of the client has now does not match; any spelling is found.

interface FormerOf {
  readonly clientId: string;
  readonly leadId: number;
  /** Other leads that are erased with it: an address of theirs is no other person's. */
  readonly with?: readonly number[];
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

interface RefusedUnder extends RefusedOfPerson {
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

/** Addresses and references of refused rows, all of a reference or one by its id, which an erasure deletes. */
export async function addressesOfRefused(
  sql: Sql,
  clientId: string,
  rows: { readonly reference: string } | { readonly row: number },
): Promise<{ readonly addresses: readonly Addresses[]; readonly references: readonly string[] }> {
  const [where, value] = 'row' in rows ? ['id = ?', rows.row] : ['reference = ?', rows.reference];
  const found = await sql.all<Pick<Row, 'texts' | 'mobile' | 'landline' | 'reference'>>(
    `SELECT COALESCE(email, '') AS texts, mobile, landline, COALESCE(reference, '') AS reference FROM lead_intake
      WHERE client_id = ? AND ${where} AND status = 'refused'`,
    [clientId, value],
  );
  const references = new Set(found.map(({ reference }) => reference).filter((reference) => reference !== ''));
  return { addresses: found.flatMap(addressesIn), references: [...references] };
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

const isOfAnother = async (
  sql: Sql,
  { clientId, leadId, with: others = [] }: FormerOf,
  address: Addresses,
): Promise<boolean> =>
  (await leadsWithAddress(sql, clientId, address)).some((id) => id !== leadId && !others.includes(id));

/** Ids of all rows that an erasure of these leads deletes with them, whichever lead it begins with. */
export async function refusedOfLeads(
  sql: Sql,
  {
    clientId,
    leadIds,
    key,
  }: { readonly clientId: string; readonly leadIds: readonly number[]; readonly key: Buffer },
): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const leadId of leadIds)
    rows.push(
      ...(await refusedOfLead(sql, clientId, leadId)),
      ...(await refusedUnderFormer(sql, { clientId, leadId, key, with: leadIds })),
    );
  return rows;
}
