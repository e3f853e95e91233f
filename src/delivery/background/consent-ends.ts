// Ends grants whose time is over: shortly before the end, every recipient that received the grant receives its end (C16b).
// Invariant: the lead gets a revision and a change, as after a statement of the person; a grant that was renewed meanwhile is kept.
import { answerToTell, grantEnd, isProved } from '../../domain/consent.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { raiseBroken } from '../../store/alerts/alerts.ts';
import {
  leadsWithEnds,
  putOffConsentEnds,
  takeConsentEnds,
  type ConsentEnd,
  readConsents,
} from '../../store/leads/consents.ts';
import type { ConsentRecord } from '../../domain/lead.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { tellEntityChange } from './entity-changes.ts';
import { inTurn } from './poll-loop.ts';
import { noteEnds } from './note-ends.ts';

export interface ConsentEndNeeds {
  readonly database: Database;
  /** Keeps the revision a recipient may hold before it changes. */
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly published: Published;
  readonly log: Log;
}

const leadsAtOnce = 100;
const restMinutes = 60;
const step = 'CONSENT_END';

/** Looks at the grants whose end is due, and at those that a publication ended. Returns whether there may be more. */
export const createConsentEnds = (needs: ConsentEndNeeds) => ({
  tell: async (): Promise<boolean> => {
    let more = false;
    await inTurn(
      async () => void (more = await tellDue(needs)),
      async () => void (more = (await tellEntityChange(needs)) || more),
    );
    return more;
  },
});
export type ConsentEnds = ReturnType<typeof createConsentEnds>;

async function tellDue(needs: ConsentEndNeeds): Promise<boolean> {
  const { database, log } = needs;
  const leadIds = await leadsWithEnds(database, leadsAtOnce);
  if (leadIds.length === 0) return false;
  const count = await endTogether(needs, leadIds);
  if (count > 0) log.info('consent.ended', { count });
  return leadIds.length === leadsAtOnce;
}

/** One of them breaks our code: each is ended by itself, and what breaks comes again later. */
async function endTogether(needs: ConsentEndNeeds, leadIds: readonly number[]): Promise<number> {
  const { database, log, snapshot } = needs;
  try {
    return await database.transaction((tx) => endOf(tx, leadIds, snapshot));
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    const [only, ...others] = leadIds;
    if (only === undefined) return 0;
    if (others.length > 0) {
      let sum = 0;
      for (const id of leadIds) sum += await endTogether(needs, [id]);
      return sum;
    }
    const code = foreignCode(error);
    log.error('consent.set_aside', { lead: only, code });
    await putOffConsentEnds(database, only, restMinutes);
    await raiseBroken(database, { destinationId: '', step, code });
    return 0;
  }
}

async function endOf(
  tx: Sql,
  leadIds: readonly number[],
  snapshot: ConsentEndNeeds['snapshot'],
): Promise<number> {
  const locks = await lockLeads(tx, leadIds);
  const due = await takeConsentEnds(tx, leadIds);
  const consents = await readConsents(
    tx,
    due.map(({ leadId }) => leadId),
  );
  const over = due.filter((end) => hasEnded(consents.get(end.leadId) ?? [], end, tx.now()));
  const touched = [...new Set(over.map(({ leadId }) => leadId))].filter(
    (id) => locks.get(id)?.erased === false,
  );
  if (touched.length === 0) return 0;
  await noteEnds(
    tx,
    { snapshot, locks },
    over
      .filter(({ leadId }) => touched.includes(leadId))
      .map(({ leadId, clientId, purpose, channel }) => ({
        leadId,
        clientId,
        optIn: `${purpose}.${channel}`,
      })),
  );
  return touched.length;
}

/**
 * True if this grant is in force, or would be if it had not ended. A grant that cannot be proved never counted: no recipient received
 * it.
 */
function hasEnded(events: readonly ConsentRecord[], end: ConsentEnd, now: Date): boolean {
  const answer = answerToTell(events, end.purpose, end.channel, now);
  return (
    answer?.lapsed === true &&
    isProved(answer.record) &&
    grantEnd(answer.record)?.getTime() === end.endsAt.getTime()
  );
}
