// Refuses texts to be stored that contain the name of a person they are about, or anybody's mail address or phone number.
// Invariant: read in the transaction that would store the text, so that a refused text is not stored.
import { nameIn, namesSomebody, type PersonName } from '../../domain/names-in-text.ts';
import { RelaisError } from '../../errors.ts';
import type { ReadOnlySql } from '../database.ts';

/** @throws USAGE-001 when the text contains a mail address or a phone number */
export function refuseAddresses(
  text: string,
  [french, english]: readonly [string, string] = ['Un texte pour le journal', 'A text for the log'],
): void {
  if (!namesSomebody(text)) return;
  throw new RelaisError('USAGE-001', [
    `${french} contient une adresse e-mail ou un numéro de téléphone. Le journal n’oublie jamais : écrivez plutôt un numéro de ticket.`,
    `${english} holds a mail address or a phone number. The log never forgets: write a ticket number instead.`,
  ]);
}

/** By lead, a thousand at most. */
export async function namesOf(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, PersonName>> {
  const rows = await sql.all<PersonName & { readonly leadId: number }>(
    'SELECT lead_id AS leadId, last_name AS lastName, first_name AS firstName FROM prospects WHERE lead_id IN (?)',
    [leadIds],
  );
  return new Map(rows.map((row) => [row.leadId, row]));
}

/** @throws USAGE-001 when the text contains the last or first name of one of these leads */
export async function refuseNames(sql: ReadOnlySql, leadIds: readonly number[], text: string): Promise<void> {
  if (text === '') return;
  for (let start = 0; start < leadIds.length; start += 1_000)
    refuseIn(text, [...(await namesOf(sql, leadIds.slice(start, start + 1_000))).values()]);
}

/** The same for the persons of a request, by its leads and its refused rows. @throws USAGE-001 */
export async function refuseNamesOfRequest(sql: ReadOnlySql, requestId: number, text: string): Promise<void> {
  if (!/\p{L}/u.test(text)) return;
  const persons = await sql.all<PersonName>(
    `SELECT p.last_name AS lastName, p.first_name AS firstName
       FROM request_subjects s JOIN prospects p ON p.lead_id = s.subject_id WHERE s.request_id = ? AND s.kind = 'lead'
     UNION ALL
     SELECT i.last_name, i.first_name
       FROM request_subjects s JOIN lead_intake i ON i.id = s.subject_id WHERE s.request_id = ? AND s.kind = 'row'`,
    [requestId, requestId],
  );
  refuseIn(text, persons);
}

/** The same for the persons of refused rows, all of a reference or one by its id. @throws USAGE-001 */
export async function refuseNamesOfRows(
  sql: ReadOnlySql,
  rows: { readonly clientId: string; readonly reference: string } | { readonly row: string },
  text: string,
): Promise<void> {
  const [where, values] =
    'row' in rows
      ? ['id = CAST(? AS UNSIGNED)', [rows.row]]
      : ['client_id = ? AND reference = ?', [rows.clientId, rows.reference]];
  const persons = await sql.all<PersonName>(
    `SELECT last_name AS lastName, first_name AS firstName FROM lead_intake WHERE ${where} AND status = 'refused'`,
    values,
  );
  refuseIn(text, persons);
}

/** @throws USAGE-001 when the text contains the name of one of these persons */
export function refuseIn(text: string, persons: readonly PersonName[]): void {
  const name = persons.map((person) => nameIn(text, person)).find((found) => found !== undefined);
  if (name !== undefined)
    throw new RelaisError('USAGE-001', [
      `« ${name} » est le nom d’une personne concernée, et ce texte est gardé pour toujours : écrivez plutôt un numéro de ticket.`,
      `"${name}" is the name of a person this is about, and the text is kept for ever: write a ticket number instead.`,
    ]);
}
