// Applies the effects of a version that comes into force: notices, go-live list, companies that a phone consent may name.
// Invariant: in the transaction that puts it in force; a notice keeps its words, and a grant that no longer counts is sent
// as ended (C16b).
import { civilDate } from '../domain/civil-date.ts';
import { itemsMissing, reasonsAgainstPublishing } from '../domain/go-live.ts';
import { entitiesOf } from '../domain/legal-entity.ts';
import { RelaisError } from '../errors.ts';
import { clientFactsIn } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../mapping/contract.ts';
import { closedAmong } from '../store/closings.ts';
import type { Sql } from '../store/database.ts';
import { noteEntityChange } from '../store/entity-changes.ts';
import { holdToList } from '../store/go-live.ts';
import type { MappingVersion } from '../store/mapping-versions.ts';
import { keepNotices } from '../store/notices.ts';

/** Once the client's list was complete, it is required permanently. */
async function followList(tx: Sql, { client, destinationId, consentTable }: CompiledMapping): Promise<void> {
  const today = civilDate(tx.now());
  const open = reasonsAgainstPublishing(client, { destinationId, written: consentTable }, today);
  if (open.length === 0 && itemsMissing(client, today).length === 0) await holdToList(tx, client.id);
}

/** @param before the version in force at the destination until now. @throws MAPPING-006, CLIENT-001 */
export async function followContract(
  tx: Sql,
  before: MappingVersion | undefined,
  mapping: CompiledMapping,
): Promise<void> {
  const { client, clientId, destinationId } = mapping;
  if ((await closedAmong(tx, [clientId])).has(clientId))
    throw new RelaisError('CLIENT-001', [
      `Le contrat de ${clientId} a pris fin. Rien n’a été publié.`,
      `The contract of ${clientId} has ended. Nothing was published.`,
    ]);
  await followList(tx, mapping);
  const changed = await keepNotices(tx, clientId, client.notices ?? []);
  if (changed.length > 0)
    throw new RelaisError('MAPPING-006', [
      `Le client.yaml de ${clientId} donne un autre texte à ${changed.join(', ')}. Rien n’a été publié.`,
      `client.yaml of ${clientId} gives other words to ${changed.join(', ')}. Nothing was published.`,
    ]);
  if (before === undefined) return;
  const earlier = clientFactsIn(JSON.parse(before.sources) as MappingSources);
  if (earlier === undefined) return;
  const [counted, counts] = [entitiesOf(earlier, destinationId), entitiesOf(client, destinationId)];
  // Without a name in the contract every name counts.
  const isLost = counts.size > 0 && (counted.size === 0 || [...counted].some((name) => !counts.has(name)));
  if (isLost) await noteEntityChange(tx, { clientId, destinationId, beforeNames: [...counted] });
}
