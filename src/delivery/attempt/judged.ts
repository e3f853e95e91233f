// What was judged under no lock and cannot leave: written down where lead and version are still those it was judged by.
// Invariant: a change that was planned, or a version that was published, while the row was under way counted on this row to follow it.
import { lockVersionsInForce } from '../../store/destinations.ts';
import type { Sql } from '../../store/database.ts';
import type { LeadLock } from '../../store/leads.ts';
import type { OutcomeEffects } from './attempt.ts';
import { noteStopped, unspent } from './outcome-effects.ts';
import type { Stopped } from './stopped.ts';
import type { TripEnd } from './trip-end.ts';

/** What lead and version decided: others may decide otherwise. */
export const isJudgement = ({ state, readRevision }: Stopped): boolean =>
  state === 'withheld' || state === 'failed' || (state === 'cancelled' && readRevision !== undefined);

const waitsForVersion = (stopped: Stopped): boolean =>
  isJudgement(stopped) && stopped.inForceId !== undefined;

/** Whether recording an end waits for whoever publishes: only what goes to the same destination may wait with it. */
export const isJudged = ({ stopped = [] }: TripEnd): boolean => stopped.some(waitsForVersion);

/** The versions in force of the destinations for which something was judged: whoever publishes next waits. Leads are locked before. */
export const lockVersions = (tx: Sql, ends: readonly TripEnd[]): Promise<ReadonlyMap<string, number>> =>
  lockVersionsInForce(
    tx,
    ends.flatMap(({ stopped = [] }) => stopped.filter(waitsForVersion).map(({ row }) => row.destinationId)),
  );

interface Standing {
  readonly leads: ReadonlyMap<number, LeadLock>;
  readonly versions: ReadonlyMap<string, number>;
}

/** Where something else stands by now, the row is judged again. */
export function noteJudged(judged: Stopped, { leads, versions }: Standing, work: OutcomeEffects): void {
  const { row, readRevision, inForceId } = judged;
  const lead = leads.get(row.leadId);
  if (lead === undefined || !isJudgement(judged)) return noteStopped(judged, work);
  if (lead.erased) return noteStopped({ ...judged, state: 'cancelled', reason: 'erased', fields: [] }, work);
  const isSameLead = readRevision === undefined || readRevision === lead.revision;
  const isSameVersion = inForceId === undefined || inForceId === versions.get(row.destinationId);
  if (isSameLead && isSameVersion) return noteStopped(judged, work);
  work.settlements.push(unspent(row, 'planned', '', 0, true));
}
