// Names of persons in texts that are kept about them.
// Invariant: read in the transaction that would keep the text, so that nothing is kept where one is refused.
import { nameIn, type PersonName } from '../domain/names-in-text.ts';
import { RelaisError } from '../errors.ts';
import { inList, type ReadOnlySql } from './database.ts';

/** By lead, a thousand at most. */
export async function namesOf(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, PersonName>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList(leadIds);
  const rows = await sql.all<PersonName & { readonly leadId: number }>(
    `SELECT lead_id AS leadId, last_name AS lastName, first_name AS firstName FROM prospects WHERE lead_id IN (${marks})`,
    values,
  );
  return new Map(rows.map((row) => [row.leadId, row]));
}

/** @throws USAGE-001 where the text holds the last or the first name of one of these leads */
export async function refuseNames(sql: ReadOnlySql, leadIds: readonly number[], text: string): Promise<void> {
  if (text === '') return;
  for (let start = 0; start < leadIds.length; start += 1_000) {
    const persons = await namesOf(sql, leadIds.slice(start, start + 1_000));
    const name = [...persons.values()]
      .map((person) => nameIn(text, person))
      .find((found) => found !== undefined);
    if (name !== undefined)
      throw new RelaisError('USAGE-001', [
        `« ${name} » est le nom d’une personne concernée, et ce texte est gardé pour toujours : écrivez plutôt un numéro de ticket.`,
        `"${name}" is the name of a person this is about, and the text is kept for ever: write a ticket number instead.`,
      ]);
  }
}
