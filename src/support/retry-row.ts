// A row that was set aside through no fault of its own is handed to the intake once more, by support.
// Invariant: only what Relais itself gave up (SET_ASIDE, INTERNAL), or holds for the officer (ERASED_SINCE); a row that broke the contract
// is corrected by whoever sent it.
// A lead comes back with what was refused for want of it: sent without, it would bear a consent that has been withdrawn since.
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { refuseNamesOfRows } from '../store/persons-names.ts';
import { lockRefusedRow, refusedAbout, retryRefusedRow } from '../store/refused-rows.ts';
import { forgetDeaths } from '../store/takings.ts';
import type { Actor } from './replay.ts';

/** Refusals that may have a fault of our own for their cause. */
const ownRefusals: readonly string[] = ['SET_ASIDE', 'INTERNAL'];
/** Held for the officer, whose decision it is to let it in. */
const heldRefusals: readonly string[] = ['ERASED_SINCE'];

/** Of rows about a lead, when nobody knew the lead. */
const forWantOfLead = 'UNKNOWN_LEAD';

/**
 * @param row number of the row, as digits
 * @param by `isOfficer`: the account that acts has the role of the data protection officer
 * @returns how many rows about the same lead are taken in once more with it
 * @throws FIND-001 when no refused row has the number, LEAD-005 when the row itself has to be corrected, ACCESS-003 when it is the
 *   officer's to let in
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
        `La ligne ${row} attend la délégation à la protection des données : RELAIS_ACTOR doit être l’identifiant d’un compte du rôle dpo.`,
        `Row ${row} is held for the data protection officer: RELAIS_ACTOR must be the login of an account with the role dpo.`,
      ]);
    await forgetDeaths(tx, 'intake', row);
    const alongside = refused.kind === 'lead' ? await refusedAbout(tx, refused, forWantOfLead) : [];
    for (const each of [row, ...alongside]) await retryRefusedRow(tx, each, isReleased);
    // What names no client may be anything, a person included.
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
