// Which leads wait for what their client owes before it goes live: the greeting of inbound calls, the number outbound calls show.
// Invariant: by the contract in force, read twice a second at most; a form waits for neither, and only a create waits.
import { civilDate } from '../../domain/civil-date.ts';
import { goLiveDefinitions, itemMissingFor } from '../../domain/go-live.ts';
import type { Channel } from '../../domain/lead.ts';
import type { Database } from '../../store/database.ts';
import { goLiveStandings, type GoLiveStanding } from '../../store/go-live.ts';
import type { LeadRead } from '../../store/leads.ts';
import type { ClaimedDelivery } from './claim.ts';

/** The clause that each lead waits for, by lead; those that wait for nothing are left out. */
export type GoLiveGate = (
  rows: readonly ClaimedDelivery[],
  leads: ReadonlyMap<number, LeadRead>,
) => Promise<ReadonlyMap<number, string>>;

/** How long a contract counts as that of a moment ago, ms. */
const recentMs = 500;

export function createGoLiveGate(database: Database): GoLiveGate {
  const seen = new Map<string, { at: number; read: Promise<GoLiveStanding | undefined> }>();
  const standingOf = (clientId: string): Promise<GoLiveStanding | undefined> => {
    const known = seen.get(clientId);
    if (known !== undefined && performance.now() - known.at < recentMs) return known.read;
    const read = goLiveStandings(database, [clientId]).then(([standing]) => standing);
    seen.set(clientId, { at: performance.now(), read });
    read.catch(() => seen.delete(clientId));
    return read;
  };
  return async (rows, leads) => {
    const owed = new Map<number, string>();
    for (const { action, leadId } of rows) {
      const lead = leads.get(leadId)?.lead;
      if (action !== 'create' || lead === undefined || lead.channel === 'web_form') continue;
      const clause = clauseOwed(await standingOf(lead.clientId), lead.channel, database.now());
      if (clause !== undefined) owed.set(leadId, clause);
    }
    return owed;
  };
}

/** The clause that leads of a channel wait for; undefined: none. */
export function clauseOwed(
  standing: GoLiveStanding | undefined,
  channel: Channel,
  now: Date,
): string | undefined {
  if (standing === undefined || standing.liveBefore) return undefined;
  const item = itemMissingFor(standing.facts, channel, civilDate(now));
  return item === undefined ? undefined : goLiveDefinitions[item].clause;
}
