// Hands quarantined rows to the intake, and quarantined changes to planning, once more, for support.
// Invariant: only rows that Relais itself gave up (SET_ASIDE, INTERNAL), or that wait for the officer (ERASED_SINCE); a row that broke the
// contract is corrected by its sender.
// A lead comes back with the rows that were refused for lack of it: without them it would carry a consent withdrawn since.
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations/destinations.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { refuseNamesOfRows } from '../store/people/persons-names.ts';
import { lockRefusedRow, refusedAbout, retryRefusedRow } from '../store/intake/refused-rows.ts';
import { forgetDeaths } from '../store/intake/takings.ts';
import type { Actor } from './replay.ts';
import { unknownClient } from '../errors/unknown.ts';
import { lockChangesAside, takeUpChanges } from '../store/deliveries/support-writes.ts';

/** Refusals that a fault of Relais may have caused. */
const ownRefusals: readonly string[] = ['SET_ASIDE', 'INTERNAL'];
/** Refusals that only the officer may lift. */
const heldRefusals: readonly string[] = ['ERASED_SINCE'];

/** Refusal of rows about an unknown lead. */
const forWantOfLead = 'UNKNOWN_LEAD';

/**
 * @param row number of the row, as digits
 * @param by `isOfficer`: the acting account has the role of the data protection officer
 * @returns number of rows about the same lead that are handed in with it
 * @throws FIND-001 when no refused row has the number, LEAD-005 when the row itself has to be corrected, ACCESS-003 when only the
 * officer may release it
 */
export async function retryRow(
  database: Database,
  row: string,
  by: Actor & { readonly isOfficer?: boolean },
): Promise<{ readonly alongside: number }> {
  return database.transaction(async (tx) => {
    const refused = await lockRefusedRow(tx, row);
    if (refused === undefined)
      throw new RelaisError('FIND-001', [
        `Aucune ligne refusée n’a le numéro ${row}.`,
        `No refused row has the number ${row}.`,
      ]);
    if (!refused.codes.every((code) => [...ownRefusals, ...heldRefusals].includes(code)))
      throw new RelaisError('LEAD-005', [
        `La ligne ${row} a été refusée : ${refused.codes.join(', ')}.`,
        `Row ${row} was refused as ${refused.codes.join(', ')}.`,
      ]);
    await refuseNamesOfRows(tx, { row }, by.reason);
    const isReleased = refused.codes.some((code) => heldRefusals.includes(code));
    if (isReleased && by.isOfficer !== true)
      throw new RelaisError('ACCESS-003', [
        `La ligne ${row} attend la délégation à la protection des données : elle la rejoue depuis un compte du rôle dpo.`,
        `Row ${row} is held for the data protection officer: they retry it from an account with the role dpo.`,
      ]);
    await forgetDeaths(tx, 'intake', row);
    const alongside = refused.kind === 'lead' ? await refusedAbout(tx, refused, forWantOfLead) : [];
    for (const each of [row, ...alongside]) await retryRefusedRow(tx, each, isReleased);
    // A client id that no client has may be any text, a person's data included: it is not logged.
    const clientId = (await findClient(tx, refused.clientId))?.id ?? '';
    await appendHandovers(
      tx,
      [row, ...alongside].map((each) => ({
        entry: 'reopened' as const,
        clientId,
        actor: by.actor,
        purpose: by.reason,
        reason: `intake_row:${each}`,
      })),
    );
    return { alongside: alongside.length };
  });
}

// Plans quarantined changes of leads again at once, for support, after their cause is repaired.
// Invariant: in the log, with actor and reason; a change that crashes a planner again is quarantined again.

/** Changes of one transaction. */
const step = 500;

/**
 * Plans a client's quarantined changes again. Returns how many there were.
 * @throws FIND-001 for an unknown client
 */
export async function replan(database: Database, clientId: string, by: Actor): Promise<number> {
  if ((await findClient(database, clientId)) === undefined) throw unknownClient(clientId);
  let count = 0;
  for (;;) {
    const taken = await database.transaction(async (tx) => {
      const changes = await lockChangesAside(tx, clientId, step);
      if (changes.length === 0) return 0;
      for (const { id } of changes) await forgetDeaths(tx, 'plan', String(id));
      await takeUpChanges(
        tx,
        changes.map(({ id }) => id),
      );
      await appendHandovers(
        tx,
        [...new Set(changes.map(({ leadId }) => leadId))].map((leadId) => ({
          entry: 'reopened' as const,
          clientId,
          leadId,
          actor: by.actor,
          purpose: by.reason,
          reason: 'set_aside',
        })),
      );
      return changes.length;
    });
    if (taken === 0) return count;
    count += taken;
  }
}
