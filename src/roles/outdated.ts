// Deletes data whose retention is over: oppositions, erased addresses, counts of anomalies and of hours, sessions.
// Invariant: in bounded parts; a part that fails does not prevent the others.
import { keptDays } from '../delivery/background/destination-hours.ts';
import { inTurn } from '../delivery/background/in-turn.ts';
import { civilDay } from '../domain/civil-time.ts';
import { endErasures, endOppositions } from '../privacy/oppositions.ts';
import { dropAnomalies } from '../store/anomalies.ts';
import type { Database } from '../store/database.ts';
import { dropHourCounts } from '../store/destination-hours.ts';
import { forgetNames } from '../store/account-names.ts';
import { forgetRotated } from '../store/rotated-secrets.ts';
import { forgetSessions } from '../store/sessions.ts';
import { forgetTries } from '../store/sign-in-tries.ts';
import { sessionLimits, staffNameYears, triesKeptMs } from '../access/limits.ts';
import type { AccessPlace } from '../access/place.ts';
import { forgetOldRequests } from '../access/request-keys.ts';

const atOnce = 500;
/** The list serves to correct forms and scripts; after half a year it would only show how agents worked. */
const anomalyDays = 180;

/** Returns true when there may be more. */
export async function dropOutdated(database: Database): Promise<boolean> {
  let more = false;
  await inTurn(
    async () => void (more = await endOppositions(database, atOnce)),
    async () => void (more = (await endErasures(database, atOnce)) || more),
    async () => void (more = (await endAnomalies(database)) || more),
    async () => void (more = (await dropHourCounts(database, keptDays, atOnce)) === atOnce || more),
  );
  return more;
}

async function endAnomalies(database: Database): Promise<boolean> {
  const before = new Date(database.now().getTime() - anomalyDays * 86_400_000);
  return (await dropAnomalies(database, civilDay(before, 'Europe/Paris'), atOnce)) === atOnce;
}

/**
 * Deletes expired access data: sessions past their end, old tries to sign in, answers to requests of yesterday,
 * signing secrets that no longer sign. Deletes a part of each at a time. Returns whether there may be more.
 */
export async function tidyAccess(place: AccessPlace): Promise<boolean> {
  const sessions = await forgetSessions(place.database, sessionLimits.idleMs);
  const tries = await forgetTries(place.database, triesKeptMs);
  const names = await forgetNames(place.database, staffNameYears);
  const renewed = await forgetRotated(place.database);
  return renewed + names + sessions + tries + (await forgetOldRequests(place)) > 0;
}
