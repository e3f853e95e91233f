// The acts on what Relais set aside: a refused row is taken in again, a client's changes of leads are planned again.
// Invariant: only rows that Relais itself gave up (SET_ASIDE, INTERNAL), or that wait for the officer (ERASED_SINCE); a row that broke the
// contract is corrected by its sender.
// A lead comes back with the rows that were refused for lack of it: without them it would carry a consent withdrawn since.
import { hasRole } from '../../access/accounts.ts';
import { may, type Holder } from '../../access/permissions.ts';
import { RelaisError } from '../../errors.ts';
import { unknownClient } from '../../errors/unknown.ts';
import type { Sql } from '../../store/database.ts';
import { lockChangesAside, takeUpChanges } from '../../store/deliveries/support-writes.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import {
  lockRefusedRow,
  refusedAbout,
  restrictedRows,
  retryRefusedRow,
} from '../../store/intake/refused-rows.ts';
import type { RefusedRow } from '../../store/intake/intake-refusals.ts';
import { forgetDeaths } from '../../store/intake/takings.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { findLeadId } from '../../store/leads/rights.ts';
import { refuseNames, refuseNamesOfRows } from '../../store/people/persons-names.ts';
import { isWithin } from '../place.ts';
import { inOne, reason, type Act, type Clocked } from './act.ts';

interface Why {
  readonly reason: string;
}

/** Refusals that a fault of Relais may have caused. */
const ownRefusals: readonly string[] = ['SET_ASIDE', 'INTERNAL'];
/** Refusal that only the officer may lift. */
const forOfficer = 'ERASED_SINCE';
/** Refusal of rows about an unknown lead. */
const forWantOfLead = 'UNKNOWN_LEAD';

/** The numbers of those refused rows that this holder may take in again as they are: what the act would refuse is not offered. */
export async function mayRetryRows(
  sql: Sql,
  holder: Holder,
  rows: readonly Pick<RefusedRow, 'id' | 'kind' | 'problems'>[],
): Promise<ReadonlySet<string>> {
  const mayBe = rows.filter(({ problems }) => {
    const codes = problems.map(({ code }) => code);
    const isHeld = codes.includes(forOfficer);
    return may(holder, 'row.retry') && isTakenBack(codes) && (!isHeld || may(holder, 'row.release'));
  });
  const keptOut = await rowsKeptOut(sql, mayBe);
  return new Set(mayBe.flatMap(({ id }) => (keptOut.has(id) ? [] : [id])));
}

/** Those that a restriction of processing keeps out; corrections and withdrawals come in under it too. */
const rowsKeptOut = (
  sql: Sql,
  rows: readonly Pick<RefusedRow, 'id' | 'kind'>[],
): Promise<ReadonlySet<string>> =>
  restrictedRows(
    sql,
    rows.flatMap(({ id, kind }) => (kind === 'lead' ? [id] : [])),
  );

const isTakenBack = (codes: readonly string[]): boolean =>
  codes.length > 0 && codes.every((code) => code === forOfficer || ownRefusals.includes(code));

interface TakenIn {
  /** '' where no client has the name that the row gives. */
  readonly clientId: string;
  /** Rows about the same lead that are handed in with it. */
  readonly alongside: number;
}

/**
 * Hands a refused row to the intake again, by its number.
 * @throws FIND-001 when no refused row has the number, LEAD-005 when the row itself has to be corrected, LEAD-006 under a restriction of
 * processing, ACCESS-003 when only the officer may release it, USAGE-001 for a reason that names a person
 */
export const retryRow: Act<Why, TakenIn, Clocked> = {
  permission: 'row.retry',
  fields: { reason },
  work: ({ to: [number = ''], ...doing }, also) =>
    inOne(doing, also, async (tx) => {
      const { place, by, input } = doing;
      const refused = await lockRefusedRow(tx, number);
      if (refused === undefined || !isWithin(by.scope, refused.clientId))
        throw new RelaisError('FIND-001', [
          `Aucune ligne refusée n’a le numéro ${number}.`,
          `No refused row has the number ${number}.`,
        ]);
      const { row } = refused;
      if (!isTakenBack(refused.codes))
        throw new RelaisError('LEAD-005', [
          `La ligne ${row} a été refusée : ${refused.codes.join(', ')}.`,
          `Row ${row} was refused as ${refused.codes.join(', ')}.`,
        ]);
      if ((await rowsKeptOut(tx, [{ id: row, kind: refused.kind }])).size > 0)
        throw new RelaisError('LEAD-006', [
          `La ligne ${row} est celle d’une personne qui a demandé la limitation du traitement.`,
          `Row ${row} is of a person who asked for a restriction of processing.`,
        ]);
      const isReleased = refused.codes.includes(forOfficer);
      // At the terminal RELAIS_ACTOR says whose account it is.
      const isOfficer =
        by.scope.kind === 'terminal' ? await hasRole(place, by.actor, 'dpo') : may(by.scope, 'row.release');
      if (isReleased && !isOfficer)
        throw new RelaisError('ACCESS-003', [
          `La ligne ${row} attend la délégation à la protection des données : elle la rejoue depuis un compte du rôle dpo.`,
          `Row ${row} is held for the data protection officer: they retry it from an account with the role dpo.`,
        ]);
      const alongside = refused.kind === 'lead' ? await refusedAbout(tx, refused, forWantOfLead) : [];
      for (const each of [row, ...alongside]) await refuseNamesOfRows(tx, { row: each }, input.reason);
      const leadId = await findLeadId(tx, refused.clientId, refused.reference);
      await refuseNames(tx, leadId === undefined ? [] : [leadId], input.reason);
      await forgetDeaths(tx, 'intake', row);
      for (const each of [row, ...alongside]) await retryRefusedRow(tx, each, isReleased);
      // A client id that no client has may be any text, a person's data included: it is not logged.
      const clientId = (await findClient(tx, refused.clientId))?.id ?? '';
      await appendHandovers(
        tx,
        [row, ...alongside].map((each) => ({
          entry: 'reopened' as const,
          clientId,
          actor: by.actor,
          purpose: input.reason,
          reason: `intake_row:${each}`,
        })),
      );
      return { clientId, alongside: alongside.length };
    }),
};

/** Changes of one transaction. */
const step = 500;

/**
 * Plans a client's changes of leads again that planning set aside, at once: after their cause is repaired. Returns how many there were.
 * A change that ends a planner again is set aside again.
 * @throws FIND-001 for an unknown client
 */
export const replanClient: Act<Why, number, Clocked> = {
  permission: 'row.retry',
  fields: { reason },
  work: async ({ to: [clientId = ''], ...doing }, also) => {
    const { place, by, input } = doing;
    if (!isWithin(by.scope, clientId) || (await findClient(place.database, clientId)) === undefined)
      throw unknownClient(clientId);
    let [count, taken] = [0, step];
    while (taken === step) {
      taken = await place.database.transaction((tx) =>
        takeUp(tx, clientId, { actor: by.actor, purpose: input.reason }),
      );
      count += taken;
    }
    return inOne(doing, also, () => Promise.resolve(count));
  },
};

async function takeUp(
  tx: Sql,
  clientId: string,
  by: { readonly actor: string; readonly purpose: string },
): Promise<number> {
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
      ...by,
      reason: 'set_aside',
    })),
  );
  return changes.length;
}
