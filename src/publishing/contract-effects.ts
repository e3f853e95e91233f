// What a version that comes into force changes besides itself: the client's notices, and the companies a phone consent may name.
// Invariant: in the transaction that puts it in force; a notice keeps its words, and a grant that stops counting is told as ended (C16b).
import { entitiesOf } from '../domain/legal-entity.ts';
import { RelaisError } from '../errors.ts';
import { clientFactsIn } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../mapping/contract.ts';
import type { Sql } from '../store/database.ts';
import { noteEntityChange } from '../store/entity-changes.ts';
import type { MappingVersion } from '../store/mapping-versions.ts';
import { keepNotices } from '../store/notices.ts';

/** @param before what was in force at the destination. @throws MAPPING-006 */
export async function followContract(
  tx: Sql,
  before: MappingVersion | undefined,
  { client, clientId, destinationId }: CompiledMapping,
): Promise<void> {
  const changed = await keepNotices(tx, clientId, client.notices ?? []);
  if (changed.length > 0)
    throw new RelaisError(
      'MAPPING-006',
      `client.yaml of ${clientId} gives other words to ${changed.join(', ')}. Nothing was published.`,
    );
  if (before === undefined) return;
  const earlier = clientFactsIn(JSON.parse(before.sources) as MappingSources);
  if (earlier === undefined) return;
  const [counted, counts] = [entitiesOf(earlier, destinationId), entitiesOf(client, destinationId)];
  // Without a name every name counts.
  const isLost = counts.size > 0 && (counted.size === 0 || [...counted].some((name) => !counts.has(name)));
  if (isLost) await noteEntityChange(tx, { clientId, destinationId, beforeNames: [...counted] });
}
