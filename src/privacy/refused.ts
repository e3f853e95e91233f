// Rights that reach a person of whom there are refused rows only, or besides the lead (C21, C22).
// Invariant: every step is an entry of the log; a refused row is used for nothing, so that nobody has to be told.
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

/** Does the work where no lead has the reference. @throws FIND-001 where one is about to: nothing may be left for it to bring in */
export async function hasOnlyRefused<T>(
  tx: Sql,
  request: RefusedRequest,
  work: (tx: Sql, request: RefusedRequest) => Promise<T>,
): Promise<T | undefined> {
  const leadId = await findLeadId(tx, request.clientId, request.reference);
  if (leadId !== undefined) return undefined;
  await refuseNamesOfRows(tx, request, request.reason);
  const done = await work(tx, request);
  // Asked last: a refused row that support hands in again was waited for by the work.
  if (Boolean(done) && (await isComingIn(tx, request))) throw leadComingIn(request.reference);
  return done;
}

/** Where no lead has the reference: erases refused rows that do. Returns how many; 0: there are none. */
export async function eraseRefusedOnly(tx: Sql, request: RefusedRequest): Promise<number> {
  const count = await removeRefused(tx, request);
  if (count > 0) await note(tx, 'erased', request, count);
  return count;
}

/** Where no lead has the reference: takes the consents out of refused rows that do. False: there are none. */
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
      // What names no client may be anything, a person included.
      clientId: client === undefined ? '' : request.clientId,
      actor: request.actor,
      purpose: request.reason,
      reason: `refused_rows:${count}`,
    },
  ]);
}
