// Applies rights to refused intake rows of a person without a lead, or beside the lead (C21, C22).
// Invariant: every step is an entry of the log; a refused row was never sent, so no recipient has to be notified.
import { leadComingIn } from '../errors/unknown.ts';
import type { Sql } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers, type HandoverEntry } from '../store/handovers.ts';
import { refuseNamesOfRows } from '../store/persons-names.ts';
import { anyRefused, clearRefusedConsents, isComingIn, removeRefused } from '../store/refused-rows.ts';
import { findLeadId } from '../store/rights.ts';

export interface RefusedRequest {
  readonly clientId: string;
  readonly reference: string;
  readonly actor: string;
  readonly reason: string;
}

/** Runs the work where no lead has the reference. @throws FIND-001 where a lead of it is coming in, which the work would miss */
export async function hasOnlyRefused<T>(
  tx: Sql,
  request: RefusedRequest,
  work: (tx: Sql, request: RefusedRequest) => Promise<T>,
): Promise<T | undefined> {
  const leadId = await findLeadId(tx, request.clientId, request.reference);
  if (leadId !== undefined) return undefined;
  await refuseNamesOfRows(tx, request, request.reason);
  const done = await work(tx, request);
  // Checked last: the work waited for the lock of a refused row that support is handing in again.
  if (Boolean(done) && (await isComingIn(tx, request))) throw leadComingIn(request.reference);
  return done;
}

/** Where no lead has the reference: erases its refused rows. Returns how many; 0: there are none. */
export async function eraseRefusedOnly(tx: Sql, request: RefusedRequest): Promise<number> {
  const count = await removeRefused(tx, request);
  if (count > 0) await note(tx, 'erased', request, count);
  return count;
}

/** Where no lead has the reference: removes the consents from its refused rows. False: there are none. */
export async function withdrawRefusedOnly(tx: Sql, request: RefusedRequest): Promise<boolean> {
  if (!(await anyRefused(tx, request))) return false;
  await note(tx, 'withdrawn', request, await clearRefusedConsents(tx, request));
  return true;
}

async function note(tx: Sql, entry: HandoverEntry, request: RefusedRequest, count: number): Promise<void> {
  const client = await findClient(tx, request.clientId);
  await appendHandovers(tx, [
    {
      entry,
      // A client id that no client has may be any text, a person's data included: it is not logged.
      clientId: client === undefined ? '' : request.clientId,
      actor: request.actor,
      purpose: request.reason,
      reason: `refused_rows:${count}`,
    },
  ]);
}
