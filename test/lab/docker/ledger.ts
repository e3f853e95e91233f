// The account of a run: every lead that MySQL committed, what the log says of it, and what the recipient kept.
// Invariant: pure. Whatever does not agree is a sentence in the list.
import type { Kept } from './receiver.ts';

export interface Logged {
  readonly reference: string;
  readonly state: string;
  readonly key: string;
}

/**
 * @param sent references whose row was committed
 * @param logged deliveries of new leads, with the key each was sent under
 * @param kept what the recipient kept as new
 */
export function differences(
  sent: ReadonlySet<string>,
  logged: readonly Logged[],
  kept: readonly Kept[],
): readonly string[] {
  const found: string[] = [];
  const deliveries = Map.groupBy(logged, ({ reference }) => reference);
  const records = Map.groupBy(kept, ({ reference }) => reference);
  for (const reference of sent) {
    const [delivery, ...more] = deliveries.get(reference) ?? [];
    const count = records.get(reference)?.length ?? 0;
    if (delivery === undefined) found.push(`${reference}: committed, and no delivery was made`);
    else if (delivery.state !== 'delivered') found.push(`${reference}: ${delivery.state}`);
    if (more.length > 0) found.push(`${reference}: ${more.length + 1} deliveries`);
    if (count === 0) found.push(`${reference}: lost, the recipient has no record`);
    if (count > 1) found.push(`${reference}: the recipient has ${count} records`);
  }
  for (const [reference, [delivery]] of deliveries)
    if (!sent.has(reference))
      found.push(`${reference}: delivered and never committed (${delivery?.state ?? ''})`);
  const keys = new Map(logged.map(({ key, reference }) => [key, reference]));
  for (const { reference, key } of kept)
    if (keys.get(key) !== reference)
      found.push(`${reference}: the recipient has it under a key that the log lacks`);
  return found;
}
