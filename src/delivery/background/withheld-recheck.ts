// What stands withheld for a cause that time or an operator repairs: an authorisation that begins, a mapping that can be used again.
// Invariant: it reopens by itself, with an entry; what cannot be judged from here is looked at once an hour at most.
import { splitReason } from '../../domain/delivery.ts';
import { coveringAuthorisation, type Authorisation } from '../../domain/destination.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import { readAuthorisations } from '../../store/authorisations.ts';
import type { Database, Sql } from '../../store/database.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries.ts';
import { allDestinations } from '../../store/destinations.ts';
import { destinationsWithDueWork, dueOfDestination } from '../../store/due-work.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { destinationsWithWithheld, reopenWithheld, withheldOfDestination } from '../../store/withheld.ts';
import { markSettled } from '../../store/delivery-settlements.ts';
import { entryNames } from '../../store/entry-names.ts';
import { withoutRepeats } from '../planning/hourly-alerts.ts';
import type { Published } from '../mapping-cache.ts';
import { unspent } from '../attempt/outcome-effects.ts';

interface RecheckNeeds {
  readonly database: Database;
  readonly published: Published;
}

/** Causes that time or an operator repairs. */
const repairable = ['recipient_not_authorised', 'mapping_missing', 'category_not_authorised'];
/** An authorisation granted while the delivery was being withheld was not seen by it. */
const crossingMs = 30_000;
/** What cannot be judged from here is tried again this often at most: every look leaves two lines in the log. */
const lookAgainMs = 3_600_000;

/**
 * Whether a withheld delivery would pass now, judged as departure judges it. Where the address is a secret it can only
 * be tried: after a change of mapping or authorisation, else once an hour.
 */
function isRepaired(
  row: Delivery,
  mapping: CompiledMapping,
  all: readonly Authorisation[],
  now: Date,
): boolean {
  const { base } = splitReason(row.reason);
  if (base === 'mapping_missing') return true;
  const targets = mapping.actions[row.action]?.targets ?? [];
  const covering = coveringAuthorisation(all, targets, mapping.categories, now);
  // An erasure needs no authorisation of today: one that stands from an earlier version goes, or becomes a task.
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

async function reopenLogged(tx: Sql, ids: readonly number[]): Promise<number> {
  const rows = await readDeliveries(tx, await reopenWithheld(tx, ids));
  await appendHandovers(
    tx,
    rows.map((row) => ({ entry: 'reopened' as const, ...entryNames(row), actor: 'planner' })),
  );
  return rows.length;
}

/** Withheld for want of an authorisation that has meanwhile begun, or of a mapping that can be used again. Returns how many. */
export async function reopenRepaired({ database, published }: RecheckNeeds, now: Date): Promise<number> {
  let reopened = 0;
  const concerned = await destinationsWithWithheld(database);
  // Nothing withheld, nothing compiled: 500 idle destinations must not cost a compiled mapping each.
  for (const destination of concerned.size === 0 ? [] : await allDestinations(database)) {
    if (!concerned.has(destination.id)) continue;
    const mapping = await published.version(destination.mappingVersionId);
    if (mapping === undefined) continue;
    const all = (await readAuthorisations(database, [destination.id])).get(destination.id) ?? [];
    for (let after = 0; ;) {
      const ids = await withheldOfDestination(database, destination.id, repairable, 500, after);
      const repaired: number[] = [];
      for (const row of await readDeliveries(database, ids)) {
        const pinned = row.maybeReceived && row.sentMappingId > 0 ? row.sentMappingId : undefined;
        const usable = pinned === undefined || (await published.version(pinned)) !== undefined;
        if (usable && isRepaired(row, mapping, all, now)) repaired.push(row.id);
      }
      if (repaired.length > 0) reopened += await database.transaction((tx) => reopenLogged(tx, repaired));
      if (ids.length < 500) break;
      after = ids.at(-1) ?? 0;
    }
  }
  return reopened;
}

/** Deliveries of a destination whose published mapping does not compile stand visibly withheld. Returns how many. */
export async function withholdUnusable({ database, published }: RecheckNeeds): Promise<number> {
  let count = 0;
  const concerned = new Set(await destinationsWithDueWork(database));
  for (const destination of concerned.size === 0 ? [] : await allDestinations(database)) {
    if (!concerned.has(destination.id)) continue;
    if (destination.mappingVersionId === 0 || destination.status === 'archived') continue;
    if ((await published.version(destination.mappingVersionId)) !== undefined) continue;
    count += await database.transaction(async (tx) => {
      const rows = await readDeliveries(tx, await dueOfDestination(tx, destination.id, 500));
      await markSettled(
        tx,
        rows.map((row) => unspent(row, 'withheld', 'mapping_missing', 0, true)),
      );
      await appendHandovers(
        tx,
        rows.map((row) => ({
          entry: 'withheld' as const,
          ...entryNames(row),
          actor: 'planner',
          reason: 'mapping_missing',
        })),
      );
      if (rows.length > 0)
        await raiseAlerts(
          tx,
          await withoutRepeats(tx, [
            { kind: 'mapping_unusable', clientId: destination.clientId, destinationId: destination.id },
          ]),
        );
      return rows.length;
    });
  }
  return count;
}
