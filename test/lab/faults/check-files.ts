// The part of the checker that looks at files: each row stands in one of them, unless the log voided the others.
// Invariant: that a number was voided is told by the log, for each of its rows; nobody's clock is asked.
import type { Story } from './check.ts';

/** A file that may have arrived is sent again as it is; a row goes into another one only when the log voided the first for it. */
export function inTwoFiles({ receipts, entries, deliveryOf }: Story): readonly string[] {
  const idOf = new Map([...deliveryOf.values()].map((one) => [one.key, one.id]));
  const voids = Map.groupBy(
    entries.filter((one) => one.entry === 'batch_voided'),
    (one) => one.deliveryId,
  );
  const rows = receipts.filter((one) => one.file !== undefined);
  return [...Map.groupBy(rows, (one) => `${one.destination} ${one.key}`)].flatMap(([name, group]) => {
    const voided = voids.get(idOf.get(group[0]?.key ?? '') ?? -1)?.length ?? 0;
    return group.length > 1 + voided ? [`${name} in ${group.map((one) => one.file).join(', ')}`] : [];
  });
}
