// Orders the rows about one lead: earlier rows are accepted first, by whichever process.
// Invariant: per lead, rows count in the order of their ids; a row that must wait for an earlier one stays 'new'.
import type { Sql } from '../store/database.ts';
import type { LeadName } from '../store/intake/intake.ts';
import { newRowsAbout, type IntakeRow, type RowId } from '../store/intake/intake-take.ts';
import { nameKey } from '../store/leads/lead-writes.ts';
import type { Candidate } from './batch.ts';

/** Takes the `lead` rows of these names that are free, with their content. */
export type Pull = (names: readonly LeadName[]) => Promise<readonly IntakeRow[]>;

interface Ordered {
  readonly pulled: readonly IntakeRow[];
  readonly waits: ReadonlySet<RowId>;
}

/** Nothing is pulled in for rows that are all new leads. */
const nonePulled: Ordered = { pulled: [], waits: new Set() };

/**
 * Corrections and events follow earlier rows. A `lead` row they need is pulled in although its id is beyond the limit;
 * where another process has locked it, or an earlier row about the lead, they wait for the next round.
 */
export async function orderRows(
  tx: Sql,
  taken: readonly IntakeRow[],
  candidates: readonly Candidate[],
  pull: Pull,
): Promise<Ordered> {
  const followers = candidates.filter((candidate) => candidate.row.kind !== 'lead');
  if (followers.length === 0) return nonePulled;
  const names = uniqueNames(followers.map((candidate) => candidate.row));
  const about = Map.groupBy(await newRowsAbout(tx, names), nameKey);
  const ours = new Set(taken.map((row) => row.id));
  const missing = names.filter((name) =>
    about.get(nameKey(name))?.some((row) => row.kind === 'lead' && !ours.has(row.id)),
  );
  const pulled = missing.length === 0 ? [] : await pull(missing);
  for (const row of pulled) ours.add(row.id);
  const waits = followers.filter((follower) =>
    about
      .get(nameKey(follower.row))
      ?.some((row) => !ours.has(row.id) && (row.kind === 'lead' || row.id < follower.id)),
  );
  return { pulled, waits: new Set(waits.map((candidate) => candidate.id)) };
}

export function uniqueNames(names: readonly LeadName[]): readonly LeadName[] {
  return [
    ...new Map(
      names.map((name) => [nameKey(name), { clientId: name.clientId, reference: name.reference }]),
    ).values(),
  ];
}
