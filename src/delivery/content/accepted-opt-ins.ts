// Finds the revision up to which a recipient has accepted the opt-ins of a lead: an update need not repeat them.
// Invariant: only an accepted opt-in counts, not one that may have arrived, and only if it was accepted before this content first left:
// each attempt says the same (guarantee 4).
import type { Told, CompiledMapping } from '../../mapping/contract.ts';
import type { Sql } from '../../store/database.ts';
import { toldDeliveries, type ToldDelivery } from '../../store/deliveries/told-deliveries.ts';
import type { ClaimedDelivery } from '../trip/attempt.ts';
import type { Published } from '../trip/mapping-cache.ts';

interface AcceptedNeeds {
  readonly database: Sql;
  readonly published: Published;
}

/** By delivery; empty if the mapping always sends every opt-in. */
export async function readAcceptedOptIns(
  { database, published }: AcceptedNeeds,
  rows: readonly ClaimedDelivery[],
  content: CompiledMapping,
): Promise<ReadonlyMap<number, Told>> {
  const updates = rows.filter((row) => row.action === 'update');
  if (updates.length === 0 || content.optInOnUpdate === 'always') return new Map();
  const all = await toldDeliveries(
    database,
    updates.map((row) => row.leadId),
  );
  const versions = new Map<number, CompiledMapping>();
  for (const { sentMappingId } of all)
    // A version that this program can no longer read is taken to have sent the opt-ins that are sent today.
    if (!versions.has(sentMappingId))
      versions.set(sentMappingId, (await published.version(sentMappingId)) ?? content);
  return new Map(updates.map((row) => [row.id, acceptedBefore(row, all, versions)]));
}

/** Exported for its tests. */
function acceptedBefore(
  row: Pick<ClaimedDelivery, 'id' | 'leadId' | 'destinationId' | 'departures' | 'firstDepartedAt'>,
  all: readonly ToldDelivery[],
  versions: ReadonlyMap<number, CompiledMapping>,
): Told {
  const accepted = new Map<string, number>();
  for (const delivery of all) {
    if (delivery.id === row.id || delivery.leadId !== row.leadId) continue;
    if (delivery.destinationId !== row.destinationId || !wasAcceptedBefore(delivery, row)) continue;
    for (const pair of acceptedIn(delivery, versions.get(delivery.sentMappingId)))
      accepted.set(pair, Math.max(accepted.get(pair) ?? 0, delivery.sentRevision));
  }
  return accepted;
}

/** Accepted before this content left for the first time. */
const wasAcceptedBefore = (
  { settledAt }: ToldDelivery,
  { departures, firstDepartedAt }: Pick<ClaimedDelivery, 'departures' | 'firstDepartedAt'>,
): boolean =>
  departures === 0 ||
  firstDepartedAt === undefined ||
  (settledAt !== undefined && settledAt <= firstDepartedAt);

/** Opt-ins that the one request carried, or all of their calls. */
function acceptedIn(delivery: ToldDelivery, version: CompiledMapping | undefined): readonly string[] {
  const { action, calls } = delivery;
  if (version === undefined) return [];
  if (calls.length === 0)
    return isForeign({ outcome: delivery.reason, departures: delivery.departures })
      ? []
      : [...version.tells(action)];
  const carriers = (version.actions[action]?.calls ?? []).map(({ name }) => ({
    pairs: version.tells(action, name),
    call: calls.find((call) => call.name === name && call.done),
  }));
  const pairs = new Set(carriers.flatMap((carrier) => [...carrier.pairs]));
  return [...pairs].filter((pair) => {
    const own = carriers.filter((carrier) => carrier.pairs.has(pair));
    return (
      own.every(({ call }) => call !== undefined) &&
      own.some(({ call }) => call !== undefined && !isForeign(call))
    );
  });
}

/** A record that the recipient had before we sent anything did not take over our opt-in. */
const isForeign = ({
  outcome,
  departures,
}: {
  readonly outcome: string;
  readonly departures: number;
}): boolean => outcome === 'duplicate' && departures <= 1;
