// Reopens withheld deliveries when their cause is gone: the authorisation has begun, the mapping can be used again, the go-live list is
// complete.
// Invariant: each delivery reopens without an operator, with an entry; one whose cause this job cannot check is tried once an hour at most.
import { civilDate } from '../../domain/civil-date.ts';
import { splitReason } from '../../domain/delivery.ts';
import { coveringAuthorisation, type Authorisation } from '../../domain/destination.ts';
import { goLiveDefinitions, itemsMissing } from '../../domain/go-live.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import { readAuthorisations } from '../../store/destinations/authorisations.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { allDestinations, type Destination } from '../../store/destinations/destinations.ts';
import { destinationsWithDueWork, dueOfDestination } from '../../store/deliveries/due-work.ts';
import { goLiveStandings } from '../../store/destinations/notices.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import {
  heldWithoutRestriction,
  renewAges,
  destinationsWithWithheld,
  withheldOfDestination,
  reopenLogged,
} from '../../store/leads/restrictions.ts';
import { markSettled } from '../../store/deliveries/delivery-settlements.ts';
import { withoutRepeats } from '../planning/hourly-alerts.ts';
import type { Quarantine, Subject } from '../trip/quarantine.ts';
import { unspent } from '../outcome/effects.ts';
import type { Published } from '../trip/mapping-cache.ts';

interface RecheckNeeds {
  readonly database: Database;
  readonly published: Published;
  /** True if the go-live list withholds leads of a client. */
  readonly holdsList?: boolean | undefined;
}

/** Causes that time or an operator repairs. */
const repairable = [
  'recipient_not_authorised',
  'mapping_missing',
  'category_not_authorised',
  'go_live_incomplete',
];
/** An authorisation granted while the delivery was being withheld was not seen by it. */
const crossingMs = 30_000;
/** A delivery that cannot be judged from here is tried again this often at most: each try adds two entries to the log. */
const lookAgainMs = 3_600_000;

/** The inputs by which the withheld deliveries of a destination are judged. */
interface Present {
  readonly all: readonly Authorisation[];
  /** Clauses of the go-live list that its client has not fulfilled. */
  readonly owed: ReadonlySet<string>;
  readonly now: Date;
}

/**
 * True if a withheld delivery would pass now, by the rules of the departure. If the address is a secret it can only be tried: after a
 * change of mapping or authorisation, else once an hour.
 */
function isRepaired(row: Delivery, mapping: CompiledMapping, { all, owed, now }: Present): boolean {
  const { base, code } = splitReason(row.reason);
  if (base === 'mapping_missing') return true;
  if (base === 'go_live_incomplete') return !owed.has(code ?? '');
  const targets = mapping.actions[row.action]?.targets ?? [];
  const covering = coveringAuthorisation(all, targets, mapping.categories, now);
  // An erasure needs no authorisation of today: one withheld by an earlier version is sent, or becomes a task.
  if (covering === undefined) return base === 'recipient_not_authorised' && row.action === 'erase';
  if (
    base === 'category_not_authorised' &&
    !mapping.categories.every((category) => covering.categories.includes(category))
  )
    return false;
  if (targets.length > 0) return true;
  // `dueAt` of a withheld delivery is the moment it was withheld.
  const since = row.dueAt.getTime();
  return covering.validFrom.getTime() >= since - crossingMs || now.getTime() - since > lookAgainMs;
}

async function reopenInTime(tx: Sql, ids: readonly number[]): Promise<number> {
  const rows = await reopenLogged(tx, ids, 'planner');
  await renewAges(
    tx,
    rows.filter(({ expiresAt }) => expiresAt <= tx.now()).map(({ id }) => id),
  );
  return rows.length;
}

/** Withheld for want of an authorisation that has meanwhile begun, or of a mapping that can be used again. Returns how many. */
export async function reopenRepaired(
  needs: RecheckNeeds,
  quarantine: Quarantine,
  now: Date,
): Promise<number> {
  const concerned = await destinationsWithWithheld(needs.database);
  // Nothing withheld, nothing compiled: 500 idle destinations must not cost a compiled mapping each.
  if (concerned.size === 0) return 0;
  const freed = await reopenUnrestricted(needs.database, quarantine);
  const destinations = (await allDestinations(needs.database)).filter(({ id }) => concerned.has(id));
  return (
    freed +
    (await quarantine.each(destinations, subjectOf, (destination) =>
      reopenOf(needs, quarantine, destination, now),
    ))
  );
}

/** Lifting a restriction reopens the deliveries it withheld; one that was being withheld at that moment is found here. */
async function reopenUnrestricted(database: Database, quarantine: Quarantine): Promise<number> {
  const ids = await heldWithoutRestriction(database, 'any', 500);
  if (ids.length === 0) return 0;
  return reopenThese(database, quarantine, await readDeliveries(database, ids));
}

const subjectOf = ({ id, clientId }: Destination): Subject => ({ clientId, destinationId: id });

async function reopenOf(
  { database, published, holdsList }: RecheckNeeds,
  quarantine: Quarantine,
  destination: Destination,
  now: Date,
): Promise<number> {
  const mapping = await published.version(destination.mappingVersionId);
  if (mapping === undefined) return 0;
  const all = (await readAuthorisations(database, [destination.id])).get(destination.id) ?? [];
  const owed =
    holdsList === true ? await clausesOwed(database, destination.clientId, now) : new Set<string>();
  const present: Present = { all, owed, now };
  let reopened = 0;
  for (let after = 0; ;) {
    const ids = await withheldOfDestination(database, destination.id, repairable, 500, after);
    const repaired: Delivery[] = [];
    for (const row of await readDeliveries(database, ids)) {
      const pinned = row.maybeReceived && row.sentMappingId > 0 ? row.sentMappingId : undefined;
      const usable = pinned === undefined || (await published.version(pinned)) !== undefined;
      if (usable && isRepaired(row, mapping, present)) repaired.push(row);
    }
    if (repaired.length > 0) reopened += await reopenThese(database, quarantine, repaired);
    if (ids.length < 500) return reopened;
    after = ids.at(-1) ?? 0;
  }
}

async function clausesOwed(sql: Sql, clientId: string, now: Date): Promise<ReadonlySet<string>> {
  const [standing] = await goLiveStandings(sql, [clientId]);
  if (standing === undefined || standing.liveBefore) return new Set();
  return new Set(itemsMissing(standing.facts, civilDate(now)).map((item) => goLiveDefinitions[item].clause));
}

/** Together; where one of them breaks that, each by itself. */
async function reopenThese(
  database: Database,
  quarantine: Quarantine,
  rows: readonly Delivery[],
): Promise<number> {
  const reopenSome = (some: readonly Delivery[]): Promise<number> =>
    database.transaction((tx) =>
      reopenInTime(
        tx,
        some.map(({ id }) => id),
      ),
    );
  return reopenSome(rows).catch((error: unknown) => {
    if (isStoreTrouble(error)) throw error;
    return quarantine.each(
      rows,
      ({ id, clientId, destinationId }) => ({ clientId, destinationId, deliveryId: id }),
      (row) => reopenSome([row]),
    );
  });
}

/** Deliveries of a destination whose published mapping does not compile stand visibly withheld. Returns how many. */
export async function withholdUnusable(needs: RecheckNeeds, quarantine: Quarantine): Promise<number> {
  const concerned = new Set(await destinationsWithDueWork(needs.database));
  if (concerned.size === 0) return 0;
  const destinations = (await allDestinations(needs.database)).filter(
    ({ id, mappingVersionId, status }) =>
      concerned.has(id) && mappingVersionId !== 0 && status !== 'archived',
  );
  return quarantine.each(destinations, subjectOf, (destination) => withholdOf(needs, destination));
}

async function withholdOf(
  { database, published }: RecheckNeeds,
  { id, clientId, mappingVersionId }: Destination,
): Promise<number> {
  if ((await published.version(mappingVersionId)) !== undefined) return 0;
  return database.transaction(async (tx) => {
    const rows = await readDeliveries(tx, await dueOfDestination(tx, id, 500));
    await markSettled(
      tx,
      rows.map((row) => unspent(row, 'withheld', 'mapping_missing')),
    );
    await appendHandovers(
      tx,
      rows.map((row) => entryAbout(row, 'withheld', 'planner', { reason: 'mapping_missing' })),
    );
    if (rows.length > 0)
      await raiseAlerts(
        tx,
        await withoutRepeats(tx, [{ kind: 'mapping_unusable', clientId, destinationId: id }]),
      );
    return rows.length;
  });
}
