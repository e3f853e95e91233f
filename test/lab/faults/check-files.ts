// The part of the checker for files: each row is in one of them, unless the log voided the others.
// Invariant: the log says for each row that its file was voided; for a row that support cancelled in between, the file's own entry
// says it. No clock is read.
import type { Entry } from './ledgers.ts';
import type { Story } from './check.ts';

/** A file that may have arrived is sent again as it is; a row goes into another one only when the log voided the first for it. */
export function inTwoFiles({ receipts, entries, deliveryOf }: Story): readonly string[] {
  const idOf = new Map([...deliveryOf.values()].map((one) => [one.key, one.id]));
  const entriesOf = Map.groupBy(entries, (one) => one.deliveryId);
  const voidedFiles = new Set(
    (entriesOf.get(0) ?? []).filter((one) => one.entry === 'batch_voided').map((one) => one.batchId),
  );
  const rows = receipts.filter((one) => one.file !== undefined);
  return [...Map.groupBy(rows, (one) => `${one.destination} ${one.key}`)].flatMap(([name, group]) => {
    const own = entriesOf.get(idOf.get(group[0]?.key ?? '') ?? -1) ?? [];
    // Each run may leave once: an erasure that a late arrival overtook is sent once more.
    const runs = 1 + own.filter((one) => one.entry === 'replayed').length;
    return group.length > runs + voidedFor(own, voidedFiles)
      ? [`${name} in ${group.map((one) => one.file).join(', ')}`]
      : [];
  });
}

/** Files voided for a delivery: by entries of its own, or after it was cancelled in them. */
function voidedFor(own: readonly Entry[], voidedFiles: ReadonlySet<number>): number {
  const voids = own.filter((one) => one.entry === 'batch_voided');
  const left = new Set<number>();
  let last = 0;
  for (const { entry, batchId } of own) {
    if (entry === 'departed') last = batchId;
    if (entry === 'cancelled' && voidedFiles.has(last)) left.add(last);
  }
  for (const { batchId } of voids) left.delete(batchId);
  return voids.length + left.size;
}
