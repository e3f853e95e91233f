// The part of the checker that looks at what a client that comes for its leads said of them.
// Invariant: the log is compared with what the client was answered; of one run one yes is an acceptance, however many leases it had.
import type { Entry, Ledgers } from './ledgers.ts';

/** A yes that was answered for: `lease` names run, attempt and token. */
export interface Acknowledged {
  readonly key: string;
  readonly lease: string;
}

/** A lease is unknown only once its lead is gone from the tables, its deliveries with it. */
export function yesLostOrTwice({
  acknowledged,
  unknown,
  entries,
  deliveries,
  leads,
}: Ledgers): readonly string[] {
  const said = Map.groupBy(
    entries.filter((one) => one.entry === 'outcome' || one.entry === 'late'),
    (one) => one.deliveryId,
  );
  const idOf = new Map(deliveries.map((one) => [one.key, one.id]));
  const ids = new Set(acknowledged.map(({ key }) => idOf.get(key) ?? 0));
  const gone = new Set(leads.flatMap((one) => (one.gone ? [one.id] : [])));
  const goneKeys = new Set(deliveries.flatMap((one) => (gone.has(one.leadId) ? [one.key] : [])));
  return [
    ...unknown.flatMap(({ key, lease }) => (goneKeys.has(key) ? [] : [`${key} ${lease}: unknown`])),
    ...acknowledged.flatMap(({ key, lease }) => {
      const id = idOf.get(key) ?? 0;
      return (said.get(id) ?? []).some((one) => isOf(one, lease)) ? [] : [`${key} ${lease}: lost`];
    }),
    ...[...ids].flatMap((id) => {
      const yeses = (said.get(id) ?? []).filter(({ outcome }) => outcome === 'accepted');
      return [...Map.groupBy(yeses, ({ run }) => run)].flatMap(([run, group]) =>
        group.length > 1 ? [`${id} run ${run} × ${group.length}`] : [],
      );
    }),
  ];
}

const isOf = ({ run, attempt, outcome }: Entry, lease: string): boolean =>
  lease.startsWith(`${run}-${attempt}-`) && (outcome === 'accepted' || outcome === 'duplicate');
