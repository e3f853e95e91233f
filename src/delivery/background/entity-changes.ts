// Ends the phone grants that name a legal entity which a publication no longer counts, and informs the recipient (C16b).
// Invariant: each active phone grant of the client is checked once, part by part; a grant that breaks our code delays no other.
import { answerToTell, entitiesOf, isNamedEntity } from '../../domain/consent.ts';
import { consentPurposes, type ConsentRecord } from '../../domain/lead.ts';
import { foreignCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { raiseBroken } from '../../store/alerts/alerts.ts';
import { readConsents } from '../../store/leads/consents.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import {
  endEntityChange,
  insertEntityChange,
  leadsWithPhoneGrant,
  markLookedAt,
  nextEntityChange,
  putOffEntityChange,
  takeEntityChange,
  type EntityChange,
} from '../../store/destinations/version-effects.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { noteEnds, type Holding, type NotedEnd } from './note-ends.ts';

export interface EntityChangeNeeds extends Pick<Holding, 'snapshot'> {
  readonly database: Database;
  readonly published: Published;
  readonly log: Log;
}

const leadsAtOnce = 100;
const restMinutes = 60;
const step = 'ENTITY_CHANGE';

/** One part of one change. Returns whether there may be more. */
export async function tellEntityChange(needs: EntityChangeNeeds): Promise<boolean> {
  const { database } = needs;
  const id = await nextEntityChange(database);
  if (id === undefined) return false;
  try {
    return await database.transaction((tx) => tellPart(tx, needs, id, leadsAtOnce));
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    return tellOne(needs, id);
  }
}

/** One of a part breaks our code: the next lead by itself, and what breaks comes again later, by a line of its own. */
async function tellOne(needs: EntityChangeNeeds, id: number): Promise<boolean> {
  const { database, log } = needs;
  try {
    return await database.transaction((tx) => tellPart(tx, needs, id, 1));
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    const code = foreignCode(error);
    return database.transaction(async (tx) => {
      const change = await takeEntityChange(tx, id);
      const [lead] = change === undefined ? [] : await leadsWithPhoneGrant(tx, change, 1);
      if (change === undefined || lead === undefined) return false;
      log.error('consent.set_aside', { lead, code });
      await insertEntityChange(tx, { ...change, afterLead: lead - 1, untilLead: lead }, restMinutes);
      await goOn(tx, change, lead);
      await raiseBroken(tx, { destinationId: change.destinationId, clientId: change.clientId, step, code });
      return true;
    });
  }
}

async function tellPart(
  tx: Sql,
  { published, snapshot, log }: EntityChangeNeeds,
  id: number,
  most: number,
): Promise<boolean> {
  const change = await takeEntityChange(tx, id);
  if (change === undefined) return false;
  const destination = await findDestination(tx, change.destinationId);
  const mapping = await published.version(destination?.mappingVersionId ?? 0);
  if (mapping === undefined) {
    // The published version does not compile: nothing leaves until it is repaired.
    await putOffEntityChange(tx, id, restMinutes);
    return true;
  }
  const leadIds = await leadsWithPhoneGrant(tx, change, most);
  const locks = await lockLeads(tx, leadIds);
  const consents = await readConsents(tx, leadIds);
  const counts = entitiesOf(mapping.client, change.destinationId);
  const ends = leadIds.flatMap((leadId) =>
    locks.get(leadId)?.erased === false
      ? endsOf(consents.get(leadId) ?? [], change, counts, tx.now()).map((optIn): NotedEnd => ({
          leadId,
          clientId: change.clientId,
          optIn,
          destinationId: change.destinationId,
        }))
      : [],
  );
  await noteEnds(tx, { snapshot, locks }, ends);
  if (ends.length > 0) log.info('consent.ended', { destination: change.destinationId, count: ends.length });
  await goOn(tx, change, leadIds.at(-1));
  return true;
}

/** Behind a lead, or at the end where there was none. */
const goOn = (tx: Sql, { id, untilLead }: EntityChange, lead: number | undefined): Promise<void> =>
  lead === undefined || lead >= untilLead ? endEntityChange(tx, id) : markLookedAt(tx, id, lead);

/** Opt-ins of a lead that counted at the destination before, and do not any more. */
function endsOf(
  consents: readonly ConsentRecord[],
  { beforeNames }: EntityChange,
  counts: ReadonlySet<string>,
  now: Date,
): readonly string[] {
  const counted = new Set(beforeNames);
  return consentPurposes.flatMap((purpose) => {
    const answer = answerToTell(consents, purpose, 'phone', now);
    if (answer?.state !== 'granted') return [];
    const named = answer.record.legalEntity;
    return isNamedEntity(named, counted) && !isNamedEntity(named, counts) ? [`${purpose}.phone`] : [];
  });
}
