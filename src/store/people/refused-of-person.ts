// Finds, deletes and changes the refused rows of a client that name a person's mail or phones, under any reference.
// Invariant: an address matches as a whole, however it is spelt, and never as a part of another one.
import { isSameName, type PersonName } from '../../domain/person-name.ts';
import { type Sql, changesAny } from '../database.ts';
import { insertGroupsByWeight } from '../placeholders.ts';
import { addressesOf, formerAddresses, leadsWithAddress } from './oppositions.ts';
import { namesOfLeads } from './person-records.ts';
import { clearConsents } from '../intake/refused-rows.ts';
import { addressesIn, ending } from '../../domain/addresses-in-text.ts';
import { type Addresses, addressDigests } from '../../domain/opposition.ts';

export interface RefusedOfPerson {
  readonly row: string;
  readonly kind: string;
  readonly reference: string;
  readonly receivedAt: Date;
  readonly lastName: string | null;
  readonly firstName: string | null;
}

/** Size of a row for its reading, in bytes. */
const bytes = [
  '1000',
  ...['comment', 'consents', 'interactions'].map((name) => `COALESCE(OCTET_LENGTH(${name}), 0)`),
].join(' + ');

/** Columns with a use of their own; all others are read too. */
interface Row extends Omit<RefusedOfPerson, 'receivedAt' | 'lastName' | 'firstName'> {
  readonly received_at: Date;
  readonly last_name: string | null;
  readonly first_name: string | null;
  readonly email: string | null;
  readonly mobile: string | null;
  readonly landline: string | null;
}

/** Addresses looked for in the refused rows of a client. */
interface Sought {
  readonly clientId: string;
  /** Key of the addresses on the opposition list. */
  readonly key: Buffer;
  readonly persons: readonly Addresses[];
  /** Addresses of which only the digest is known. */
  readonly digests: readonly Buffer[];
}

interface RefusedNaming extends RefusedOfPerson {
  /** Those of the addresses that the row names. */
  readonly addresses: readonly Addresses[];
}

/** Refused rows of the client that name one of these addresses, in any column and under any name; oldest first. */
export async function refusedNaming(sql: Sql, sought: Sought): Promise<readonly RefusedNaming[]> {
  const { clientId, persons, digests } = sought;
  if (digests.length === 0 && !persons.some((one) => Object.values(one).some((address) => address !== '')))
    return [];
  const [isKnown, hasDigest] = [known(persons), digested(sought, digests)];
  const heads = await sql.all<{ row: string; bytes: number }>(
    `SELECT CAST(id AS CHAR) AS \`row\`, ${bytes} AS bytes FROM lead_intake FORCE INDEX (lead_intake_turn)
      WHERE status = 'refused' AND client_id = ? ORDER BY lead_intake.id`,
    [clientId],
  );
  const found: RefusedNaming[] = [];
  for (const group of insertGroupsByWeight(heads, 512, (head) => head.bytes)) {
    const rows = await sql.all<Row>(
      `SELECT CAST(id AS CHAR) AS \`row\`, lead_intake.* FROM lead_intake FORCE INDEX (PRIMARY)
        WHERE id IN (?) AND status = 'refused' ORDER BY lead_intake.id`,
      [group.map((head) => head.row)],
    );
    for (const all of rows) {
      const addresses = addressesOfRow(all).filter((one) => isKnown(one) || hasDigest(one));
      const {
        row,
        kind,
        reference,
        received_at: receivedAt,
        last_name: lastName,
        first_name: firstName,
      } = all;
      if (addresses.length > 0)
        found.push({ row, kind, reference, receivedAt, lastName, firstName, addresses });
    }
  }
  return found;
}

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

type Match = (address: Addresses) => boolean;

/** True for a mail or a phone of these persons. */
function known(persons: readonly Addresses[]): Match {
  const mails = new Set(persons.map(({ email = '' }) => email.trim().toLowerCase()));
  const phones = new Set(
    persons.flatMap(({ mobile = '', landline = '' }) => [ending(mobile), ending(landline)]),
  );
  return ({ email = '', mobile = '' }) =>
    (email !== '' && mails.has(email)) || (mobile !== '' && phones.has(ending(mobile)));
}

/** True for an address with one of these digests. */
function digested({ clientId, key }: Pick<Sought, 'clientId' | 'key'>, digests: readonly Buffer[]): Match {
  const wanted = new Set(digests.map((digest) => digest.toString('hex')));
  return (address) =>
    wanted.size > 0 &&
    addressDigests(key, clientId, address).some((digest) => wanted.has(digest.toString('hex')));
}

/** Columns of one phone, whatever is between its digits. */
const phoneColumns = new Set(['mobile', 'landline']);
const ownColumns = new Set(['row', 'id', 'client_id', 'kind', 'status', 'refusal']);

const addressesOfRow = (row: object): readonly Addresses[] =>
  Object.entries(row).flatMap(([column, value]: [string, unknown]) => {
    if (ownColumns.has(column) || (typeof value !== 'string' && typeof value !== 'number')) return [];
    const text = String(value);
    return [
      ...addressesIn(text),
      ...(phoneColumns.has(column) ? spellings(text) : []),
      // One mail, with a slip of the typist: the reason of many a refusal.
      ...(column === 'email' ? addressesIn(text.replaceAll(/\s/g, '').replaceAll(',', '.')) : []),
    ];
  });

/** As an international number and as a French one. */
const spellings = (phone: string): readonly Addresses[] =>
  ending(phone) === ''
    ? []
    : [`+${phone.replaceAll(/\D/g, '')}`, `+33${ending(phone)}`].map((mobile) => ({ mobile }));

/** True when the names match. Without a last name the row's first name may be either, or both; without any it counts as the person's. */
function mayBear(
  person: PersonName,
  { lastName, firstName }: Pick<RefusedOfPerson, 'lastName' | 'firstName'>,
): boolean {
  const row = { lastName: (lastName ?? '').trim(), firstName: firstName ?? '' };
  const { firstName: first = '', lastName: last = '' } = person;
  return row.lastName === ''
    ? [first, last, first + last, last + first].some((name) => isSameName({ firstName: name }, row))
    : isSameName(person, row);
}

interface RefusedOf {
  readonly clientId: string;
  readonly leadIds: readonly number[];
  /** Key of the addresses on the opposition list. */
  readonly key: Buffer;
  /** Leads of which only the addresses before a correction count. */
  readonly formerOnly?: ReadonlySet<number>;
}

/**
 * Ids of the refused rows that an erasure of these leads deletes with them: they name an address of a lead, and its name or none. A
 * former address that another lead of the client has now does not count. Rows with the address and another name are proposed to a
 * person, not deleted.
 */
export async function refusedOfLeads(sql: Sql, of: RefusedOf): Promise<readonly string[]> {
  const { clientId, leadIds, key, formerOnly } = of;
  const names = await namesOfLeads(sql, leadIds);
  const persons = (await addressesOf(sql, leadIds)).filter(({ leadId }) => formerOnly?.has(leadId) !== true);
  const former = new Map<number, readonly Buffer[]>();
  for (const leadId of leadIds) former.set(leadId, await formerAddresses(sql, leadId));
  const rows = await refusedNaming(sql, { clientId, key, persons, digests: [...former.values()].flat() });
  const isGoing = (id: number): boolean => leadIds.includes(id) && formerOnly?.has(id) !== true;
  const found = new Set<string>();
  for (const [leadId, digests] of former) {
    const isNow = known(persons.filter((one) => one.leadId === leadId));
    const wasOnce = digested(of, digests);
    for (const { row, addresses } of rows.filter((one) => mayBear(names.get(leadId) ?? {}, one))) {
      let isTheirs = addresses.some(isNow);
      for (const address of addresses.filter(wasOnce))
        isTheirs ||= (await leadsWithAddress(sql, clientId, address)).every(isGoing);
      if (isTheirs) found.add(row);
    }
  }
  return [...found];
}

/** Returns the number deleted. */
export async function removeRefusedOfLeads(tx: Sql, of: RefusedOf): Promise<number> {
  const rows = await refusedOfLeads(tx, of);
  for (const row of rows) await removeRefusedRow(tx, of.clientId, Number(row));
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
  const isTheirs = known([
    ...(await addressesOf(sql, of.leadIds)),
    ...(of.email === undefined ? [] : [{ email: of.email }]),
    ...of.phones.map((mobile) => ({ mobile })),
  ]);
  const found = await sql.all<Pick<Row, 'row' | 'email' | 'mobile' | 'landline'>>(
    `SELECT CAST(id AS CHAR) AS \`row\`, email, mobile, landline FROM lead_intake FORCE INDEX (PRIMARY)
      WHERE id IN (?) AND client_id = ? AND status = 'refused'`,
    [of.rows, of.clientId],
  );
  return found.filter((row) => addressesOfRow(row).some(isTheirs)).map(({ row }) => row);
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

/**
 * Removes the consents from a refused row, so that it cannot be resubmitted unchanged; at a restore it may be new, and refused again.
 * Returns false when there were none.
 */
export const clearConsentsOfRow = async (tx: Sql, clientId: string, row: number): Promise<boolean> =>
  (await clearConsents(tx, 'id = ? AND client_id = ?', [row, clientId])) > 0;

/** Addresses and references of refused rows, all of a reference or one by its id, which an erasure deletes. */
export async function addressesOfRefused(
  sql: Sql,
  clientId: string,
  rows: { readonly reference: string } | { readonly row: number },
): Promise<{ readonly addresses: readonly Addresses[]; readonly references: readonly string[] }> {
  const [where, value] = 'row' in rows ? ['id = ?', rows.row] : ['reference = ?', rows.reference];
  const found = await sql.all<Pick<Row, 'email' | 'mobile' | 'landline' | 'reference'>>(
    `SELECT email, mobile, landline, reference FROM lead_intake WHERE client_id = ? AND ${where} AND status = 'refused'`,
    [clientId, value],
  );
  const references = new Set(found.map(({ reference }) => reference).filter((reference) => reference !== ''));
  return {
    addresses: found.flatMap(({ reference: _, ...own }) => addressesOfRow(own)),
    references: [...references],
  };
}
