// Keeps a client's opposition list: the withdrawals of a deleted lead, the addresses of erased leads, and objections.
// Invariant: written in the transaction of the act that causes it; of an address only the keyed digest is kept.
import {
  addressDigests,
  oppositionsEndBefore,
  oppositionSource,
  standingWithdrawals,
  type Addresses,
  type OptIn,
} from '../domain/opposition.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import { unknownClient } from '../errors/unknown.ts';
import { readConsents } from '../store/leads/consents.ts';
import type { Database, Sql } from '../store/database.ts';
import { appendHandovers, type Handover } from '../store/log/handovers.ts';
import {
  addressesOf,
  dropOppositions,
  formerHoldings,
  keepOppositions,
  nextReceipt,
  leadsUnderAddress,
  type LeadAddresses,
  dropErased,
  keepErased,
} from '../store/people/oppositions.ts';
import { leadsUnderDigests } from '../store/people/same-address.ts';
import { refuseNames } from '../store/people/persons-names.ts';
import { addressesOfRefused } from '../store/people/refused-of-person.ts';
import { lockClients } from '../store/client-locks.ts';
import { leaveWithdrawals, repeatWithdrawals, type Reached } from '../store/people/same-person.ts';

/**
 * Before a lead is erased or deleted: its withdrawals stay findable in the leads that have a copy, and come on the list. Returns the
 * entries of the log, one for each opt-in.
 */
export async function keepOpposition(
  tx: Sql,
  key: Buffer,
  { clientId, leadId, actor }: { readonly clientId: string; readonly leadId: number; readonly actor: string },
): Promise<readonly Handover[]> {
  await leaveWithdrawals(tx, leadId);
  const consents = (await readConsents(tx, [leadId])).get(leadId) ?? [];
  const standing = standingWithdrawals(consents, tx.now());
  const [addresses] = standing.length === 0 ? [] : await addressesOf(tx, [leadId]);
  if (addresses === undefined) return [];
  // A withdrawal also covers the addresses that the lead had before a correction.
  const digests = await digestsEver(tx, key, addresses);
  await keepOppositions(
    tx,
    digests.flatMap((digest) =>
      standing.map(({ purpose, channel, recordedAt, receipt = 0 }) => ({
        clientId,
        digest,
        purpose,
        channel,
        recordedAt,
        receipt,
      })),
    ),
  );
  if (digests.length === 0) return [];
  return standing.map(({ purpose, channel }) => ({
    entry: 'opposition_kept',
    clientId,
    leadId,
    actor,
    reason: `${purpose}.${channel}`,
  }));
}

const digestsEver = async (tx: Sql, key: Buffer, lead: LeadAddresses): Promise<readonly Buffer[]> =>
  (await digestsOfLeads(tx, key, [lead])).get(lead.leadId) ?? [];

/** Digests of every address that these leads have, or had before a correction. */
export async function digestsOfLeads(
  tx: Sql,
  key: Buffer,
  leads: readonly LeadAddresses[],
): Promise<ReadonlyMap<number, readonly Buffer[]>> {
  const ids = leads.map(({ leadId }) => leadId);
  const former = Map.groupBy(await formerHoldings(tx, ids), ({ leadId }) => leadId);
  return new Map(
    leads.map((lead) => [
      lead.leadId,
      distinct([
        ...addressDigests(key, lead.clientId, lead),
        ...(former.get(lead.leadId) ?? []).map(({ digest }) => digest),
      ]),
    ]),
  );
}

/** Before a lead is erased: records its addresses, so that intake refuses older data of them (`src/intake/too-late.ts`). */
export async function keepErasure(tx: Sql, key: Buffer, leadId: number): Promise<void> {
  const [lead] = await addressesOf(tx, [leadId]);
  if (lead !== undefined) await keepErased(tx, lead.clientId, await digestsEver(tx, key, lead), tx.now());
}

/** The same for refused rows, all of a reference or one by its id. Returns their references. */
export async function keepErasureOfRows(
  tx: Sql,
  key: Buffer,
  clientId: string,
  rows: { readonly reference: string } | { readonly row: number },
): Promise<readonly string[]> {
  const { addresses, references } = await addressesOfRefused(tx, clientId, rows);
  const digests = addresses.flatMap((one) => addressDigests(key, clientId, one));
  await keepErased(tx, clientId, distinct(digests), tx.now());
  return references;
}

const distinct = (digests: readonly Buffer[]): readonly Buffer[] => [
  ...new Map(digests.map((digest) => [digest.toString('hex'), digest])).values(),
];

export interface Objection {
  readonly clientId: string;
  readonly addresses: Addresses;
  /** Digests of addresses that their lead had before a correction. */
  readonly former?: readonly Buffer[];
  /** The lead it is said of, which may have no such address: a lead of the post alone. */
  readonly leadId?: number;
  /** Opt-ins that the person objects to (`optInsNamed`). */
  readonly optIns: readonly OptIn[];
  readonly actor: string;
  readonly reason: string;
}

export interface ObjectionDeps {
  readonly oppositionKey: Buffer;
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
}

/**
 * Records an objection (GDPR article 21): leads that have or had one of the addresses count as opposed from now on, whatever their earlier
 * answers, and so do later leads.
 * @returns the leads whose answer it changed
 * @throws FIND-001 for an unknown client
 */
export async function object(
  tx: Sql,
  { oppositionKey, snapshot }: ObjectionDeps,
  objection: Objection,
): Promise<readonly Reached[]> {
  const { clientId, addresses, optIns, actor, reason } = objection;
  if (!(await lockClients(tx, [clientId], 'alone')).has(clientId)) throw unknownClient(clientId);
  const { former = [], leadId } = objection;
  const leads = [
    ...new Set([
      ...(leadId === undefined ? [] : [leadId]),
      ...(await leadsUnderAddress(tx, oppositionKey, clientId, addresses)),
      ...(await leadsUnderDigests(tx, oppositionKey, clientId, former)),
    ]),
  ];
  await refuseNames(tx, leads, reason);
  const [recordedAt, receipt] = [tx.now(), await nextReceipt(tx)];
  const events = optIns.map((optIn): ConsentRecord => ({
    ...optIn,
    state: 'withdrawn',
    recordedAt,
    receipt,
    source: oppositionSource,
  }));
  await keepOppositions(
    tx,
    distinct([...addressDigests(oppositionKey, clientId, addresses), ...former]).flatMap((digest) =>
      optIns.map((optIn) => ({ clientId, digest, ...optIn, recordedAt, receipt })),
    ),
  );
  await appendHandovers(
    tx,
    optIns.map(({ purpose, channel }) => ({
      entry: 'opposition_kept',
      clientId,
      actor,
      purpose: reason,
      reason: `${purpose}.${channel}`,
    })),
  );
  const said = new Map(leads.map((id) => [id, events]));
  return repeatWithdrawals(tx, { snapshot, actor, purpose: reason }, said);
}

/** Deletes one bounded part of the objections past `oppositionYears`, and logs their count. Returns whether there may be more. */
export const endOppositions = (database: Database, limit: number): Promise<boolean> =>
  database.transaction(async (tx) => {
    const ended = await dropOppositions(tx, oppositionsEndBefore(tx.now()), limit);
    if (ended === undefined) return false;
    const { clientId, count } = ended;
    if (count > 0)
      await appendHandovers(tx, [
        { entry: 'opposition_ended', clientId, actor: 'planner', reason: String(count) },
      ]);
    return count > 0;
  });

/** The same for addresses of erased leads: intake accepts no data that old. Returns whether there may be more. */
export const endErasures = async (database: Database, limit: number): Promise<boolean> =>
  (await dropErased(database, oppositionsEndBefore(database.now()), limit)) === limit;
