// The opposition list of a client: what a lead says as taken back is kept on it when the lead goes, and a person may be put on it.
// Invariant: in one transaction with what it follows from; of an address only the keyed digest stays.
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
import { readConsents } from '../store/consents.ts';
import type { Database, Sql } from '../store/database.ts';
import { appendHandovers } from '../store/handovers.ts';
import {
  addressesOf,
  dropOppositions,
  formerAddresses,
  keepOppositions,
  nextReceipt,
  leadsUnderAddress,
  type LeadAddresses,
} from '../store/oppositions.ts';
import { dropErased, keepErased } from '../store/erased-addresses.ts';
import { leadsUnderDigests } from '../store/former-holders.ts';
import { refuseNames } from '../store/persons-names.ts';
import { addressesOfRefused } from '../store/refused-under-former.ts';
import { lockClients, repeatWithdrawals, type Reached } from '../store/same-person.ts';

/** Before a lead goes: what its person took back goes to the list. Returns the opt-ins, as `purpose.channel`. */
export async function keepOpposition(tx: Sql, key: Buffer, leadId: number): Promise<readonly string[]> {
  const consents = (await readConsents(tx, [leadId])).get(leadId) ?? [];
  const standing = standingWithdrawals(consents, tx.now());
  const [addresses] = standing.length === 0 ? [] : await addressesOf(tx, [leadId]);
  if (addresses === undefined) return [];
  // The person took back what they had said under an address that was corrected since, too.
  const digests = await digestsEver(tx, key, addresses);
  await keepOppositions(
    tx,
    digests.flatMap((digest) =>
      standing.map(({ purpose, channel, recordedAt, receipt = 0 }) => ({
        clientId: addresses.clientId,
        digest,
        purpose,
        channel,
        recordedAt,
        receipt,
      })),
    ),
  );
  return digests.length === 0 ? [] : standing.map(({ purpose, channel }) => `${purpose}.${channel}`);
}

/** Of every address a lead ever had. */
const digestsEver = async (tx: Sql, key: Buffer, lead: LeadAddresses): Promise<readonly Buffer[]> =>
  distinct([...addressDigests(key, lead.clientId, lead), ...(await formerAddresses(tx, lead.leadId))]);

/** Before a lead is erased: what was collected under its addresses before is held when it comes in (`src/intake/erased-before.ts`). */
export async function keepErasure(tx: Sql, key: Buffer, leadId: number): Promise<void> {
  const [lead] = await addressesOf(tx, [leadId]);
  if (lead !== undefined) await keepErased(tx, lead.clientId, await digestsEver(tx, key, lead), tx.now());
}

/** The same of the refused rows of a reference, which go with it or stood alone. */
export async function keepErasureOfRows(
  tx: Sql,
  key: Buffer,
  lead: { readonly clientId: string; readonly reference: string },
): Promise<void> {
  const digests = (await addressesOfRefused(tx, lead)).flatMap((addresses) =>
    addressDigests(key, lead.clientId, addresses),
  );
  await keepErased(tx, lead.clientId, distinct(digests), tx.now());
}

const distinct = (digests: readonly Buffer[]): readonly Buffer[] => [
  ...new Map(digests.map((digest) => [digest.toString('hex'), digest])).values(),
];

export interface Objection {
  readonly clientId: string;
  readonly addresses: Addresses;
  /** Digests of addresses that their lead had before a correction. */
  readonly former?: readonly Buffer[];
  /** What the person objects to (`optInsNamed`). */
  readonly optIns: readonly OptIn[];
  readonly actor: string;
  readonly reason: string;
}

export interface ObjectionDeps {
  readonly oppositionKey: Buffer;
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
}

/**
 * A person objects (GDPR article 21): the leads that have or had one of the addresses say so from now on, whatever they said before, and
 * so do later ones.
 * @returns the leads whose answer it changed
 * @throws FIND-001 for a client nobody knows
 */
export async function object(
  tx: Sql,
  { oppositionKey, snapshot }: ObjectionDeps,
  objection: Objection,
): Promise<readonly Reached[]> {
  const { clientId, addresses, optIns, actor, reason } = objection;
  if (!(await lockClients(tx, [clientId], 'alone')).has(clientId)) throw unknownClient(clientId);
  const { former = [] } = objection;
  const leads = [
    ...new Set([
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

/** One bounded part of what has stood its time (`oppositionYears`), logged by its count. Returns whether there may be more. */
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

/** The same of addresses that were erased: nothing that old is taken in any more. Returns whether there may be more. */
export const endErasures = async (database: Database, limit: number): Promise<boolean> =>
  (await dropErased(database, oppositionsEndBefore(database.now()), limit)) === limit;
