// Applies a new version to waiting deliveries: it ends some, reopens others, and some keep the old content.
// Invariant: none ends before a person has confirmed their number, and a delivery so ended reopens by itself with the first
// version that takes its lead again.
import { counted, type OneAndSeveral } from '../domain/counted.ts';
import type { Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { checkSources, clientFactsIn, type CheckOptions } from '../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../mapping/contract.ts';
import type { Database, Sql } from '../store/database.ts';
import { readDeliveries, type Delivery } from '../store/deliveries/deliveries.ts';
import { entryNames, appendHandovers } from '../store/log/handovers.ts';
import { findDestination } from '../store/destinations/destinations.ts';
import { lockLeads, readLeads } from '../store/leads/leads.ts';
import { readVersions, type MappingVersion } from '../store/destinations/mapping-versions.ts';
import { withheldOfDestination, reopenLogged } from '../store/leads/restrictions.ts';
import {
  endedByAccepts,
  reopenEnded,
  unsentCreates,
  noteEntityChange,
  type WaitingCreate,
} from '../store/destinations/version-effects.ts';
import { civilDate } from '../domain/civil-date.ts';
import { itemsMissing, reasonsAgainstPublishing } from '../domain/go-live.ts';
import { entitiesOf } from '../domain/consent.ts';
import { closedAmong } from '../store/retention/closings.ts';
import { holdToList, keepNotices } from '../store/destinations/notices.ts';

const page = 500;
/** Deliveries examined in one publication; beyond it the count is a lower bound. */
const mostLooked = 20_000;

/** Decides if so many waiting deliveries may end. */
export type MayEnd = (destinationId: string, count: number) => Promise<boolean>;

/** Called before anything is stored. @throws MAPPING-004 */
export async function refuseEnding(
  { database, check }: { readonly database: Database; readonly check: CheckOptions },
  next: CompiledMapping,
  mayEnd: MayEnd | undefined,
): Promise<void> {
  const count = await countEnding({ database, check }, next);
  if (count === 0 || (await mayEnd?.(next.destinationId, count)) === true) return;
  const [french, english] = counted(count, leadsEnding);
  throw new RelaisError('MAPPING-004', [
    `Le format de ${next.destinationId} ne prend pas ${french}. Rien n’a été publié.`,
    `The mapping of ${next.destinationId} does not take ${english}. Nothing was published.`,
  ]);
}

const leadsEnding: OneAndSeveral = [
  ['lead qui attend de partir : il serait annulé', 'lead that waits to leave: it would end as not_accepted'],
  [
    'leads qui attendent de partir : ils seraient annulés',
    'leads that wait to leave: they would end as not_accepted',
  ],
];

/** Counts the waiting deliveries that would end; a lower bound beyond 20,000 examined. */
export async function countEnding(
  { database, check }: { readonly database: Database; readonly check: CheckOptions },
  next: CompiledMapping,
): Promise<number> {
  return wouldEnd(database, await mappingInForce(database, next.destinationId, check), next);
}

/** The version in force, compiled today; undefined when there is none, or when it no longer passes. */
async function mappingInForce(
  sql: Sql,
  destinationId: string,
  check: CheckOptions,
): Promise<CompiledMapping | undefined> {
  const destination = await findDestination(sql, destinationId);
  if (destination === undefined) return undefined;
  const [current] = await readVersions(sql, [destination.mappingVersionId]);
  if (current === undefined) return undefined;
  const checked = checkSources(JSON.parse(current.sources) as MappingSources, { ...check, tests: false });
  return checked.ok ? checked.mapping : undefined;
}

/** Waiting deliveries whose leads the new version does not take, though the version in force does or cannot be compiled. */
async function wouldEnd(
  database: Database,
  inForce: CompiledMapping | undefined,
  next: CompiledMapping,
): Promise<number> {
  let count = 0;
  for await (const [, lead] of leadsOf(database, (after) =>
    unsentCreates(database, next.destinationId, after, page),
  ))
    if (inForce?.accepts(lead).yes !== false && !next.accepts(lead).yes) count += 1;
  return count;
}

async function* leadsOf(
  sql: Sql,
  next: (after: number) => Promise<readonly WaitingCreate[]>,
): AsyncGenerator<readonly [WaitingCreate, Lead]> {
  let looked = 0;
  for (let after = 0; looked < mostLooked; looked += page) {
    const rows = await next(after);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    const leads = await readLeads(sql, [...new Set(rows.map((row) => row.leadId))]);
    for (const row of rows) {
      const lead = leads.get(row.leadId)?.lead;
      if (lead !== undefined && lead.erasedAt === undefined) yield [row, lead];
    }
  }
}

/** Reasons of withholding that a version or an authorisation may have removed. */
const repairable = [
  'mapping_missing',
  'recipient_not_authorised',
  'category_not_authorised',
  'opt_in_held',
  'opt_in_missing',
];

/** Withheld deliveries that a new version judges again, 10,000 at most. */
export const toReopen = (sql: Sql, destinationId: string): Promise<readonly number[]> =>
  withheldOfDestination(sql, destinationId, repairable, 10_000);

/** Reopens deliveries withheld for a cause that the new mapping or authorisation may have removed. */
export async function reopen(tx: Sql, destinationId: string, actor: string): Promise<number> {
  const ids = await toReopen(tx, destinationId);
  return (await reopenLogged(tx, ids, actor)).length;
}

/** Reopens deliveries that a version ended because it did not take the lead, and this one does. In steps: a lead's lock is brief. */
export async function reopenAccepted(
  database: Database,
  mapping: CompiledMapping,
  actor: string,
): Promise<number> {
  const wanted: WaitingCreate[] = [];
  for await (const [row, lead] of leadsOf(database, (after) =>
    endedByAccepts(database, mapping.destinationId, after, page),
  ))
    if (mapping.accepts(lead).yes) wanted.push(row);
  let count = 0;
  for (let start = 0; start < wanted.length; start += page) {
    const part = wanted.slice(start, start + page);
    count += await database.transaction(async (tx) => {
      // An erasure may have come between: an erased delivery stays ended.
      const locked = await lockLeads(
        tx,
        part.map((row) => row.leadId),
      );
      const ids = part.filter((row) => locked.get(row.leadId)?.erased === false).map((row) => row.id);
      const rows = await readDeliveries(tx, await reopenEnded(tx, ids, mapping.maxAgeMs));
      await appendHandovers(tx, reopenedEntries(rows, actor, 'accepted_again'));
      return rows.length;
    });
  }
  return count;
}

const reopenedEntries = (rows: readonly Delivery[], actor: string, reason?: string) =>
  rows.map((row) => ({ entry: 'reopened' as const, ...entryNames(row), actor, reason }));

// Applies the effects of a version that comes into force: notices, go-live list, companies that a phone consent may name.
// Invariant: in the transaction that puts it in force; a notice keeps its words, and a grant that no longer counts is sent
// as ended (C16b).

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
