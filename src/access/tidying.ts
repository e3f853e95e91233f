// Deletes expired access data: sessions past their end, old tries to sign in, answers to requests of yesterday,
// signing secrets that no longer sign.
import { forgetNames } from '../store/account-names.ts';
import { forgetRotated } from '../store/rotated-secrets.ts';
import { forgetSessions } from '../store/sessions.ts';
import { forgetTries } from '../store/sign-in-tries.ts';
import { sessionLimits, staffNameYears, triesKeptMs } from './limits.ts';
import type { AccessPlace } from './place.ts';
import { forgetOldRequests } from './request-keys.ts';

/** Deletes a part of each at a time. Returns whether there may be more. */
export async function tidyAccess(place: AccessPlace): Promise<boolean> {
  const sessions = await forgetSessions(place.database, sessionLimits.idleMs);
  const tries = await forgetTries(place.database, triesKeptMs);
  const names = await forgetNames(place.database, staffNameYears);
  const renewed = await forgetRotated(place.database);
  return renewed + names + sessions + tries + (await forgetOldRequests(place)) > 0;
}
