// The opposition list of a client: what a lead says as taken back is kept on it when the lead goes, and a person may be put on it.
// Invariant: in one transaction with what it follows from; of an address only the keyed digest stays.
import {
  addressDigests,
  oppositionSource,
  standingWithdrawals,
  type Addresses,
} from '../domain/opposition.ts';
import type { ConsentChannel, ConsentPurpose, ConsentRecord } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { readConsents } from '../store/consents.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers } from '../store/handovers.ts';
import { addressesOf, keepOppositions, nextReceipt, leadsWithAddress } from '../store/oppositions.ts';
import { lockClients, repeatWithdrawals, type Reached } from '../store/same-person.ts';

/** Before a lead goes: what its person took back goes to the list. Returns the opt-ins, as `purpose.channel`. */
export async function keepOpposition(tx: Sql, key: Buffer, leadId: number): Promise<readonly string[]> {
  const consents = (await readConsents(tx, [leadId])).get(leadId) ?? [];
  const standing = standingWithdrawals(consents, tx.now());
  const [addresses] = standing.length === 0 ? [] : await addressesOf(tx, [leadId]);
  if (addresses === undefined) return [];
  const digests = addressDigests(key, addresses.clientId, addresses);
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

export interface Objection {
  readonly clientId: string;
  readonly addresses: Addresses;
  readonly purpose: ConsentPurpose;
  readonly channels: readonly ConsentChannel[];
  readonly actor: string;
  readonly reason: string;
}

export interface ObjectionDeps {
  readonly oppositionKey: Buffer;
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
}

/**
 * A person objects (GDPR article 21): the leads that have one of the addresses say so from now on, and so do later ones.
 * @returns the leads in which a grant ended
 * @throws FIND-001 for a client nobody knows
 */
export async function object(
  tx: Sql,
  { oppositionKey, snapshot }: ObjectionDeps,
  objection: Objection,
): Promise<readonly Reached[]> {
  const { clientId, addresses, purpose, channels, actor, reason } = objection;
  if (!(await lockClients(tx, [clientId], 'alone')).has(clientId))
    throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
  const [recordedAt, receipt] = [tx.now(), await nextReceipt(tx)];
  const events = channels.map((channel): ConsentRecord => ({
    purpose,
    channel,
    state: 'withdrawn',
    recordedAt,
    receipt,
    source: oppositionSource,
  }));
  await keepOppositions(
    tx,
    addressDigests(oppositionKey, clientId, addresses).flatMap((digest) =>
      channels.map((channel) => ({ clientId, digest, purpose, channel, recordedAt, receipt })),
    ),
  );
  await appendHandovers(
    tx,
    channels.map((channel) => ({
      entry: 'opposition_kept',
      clientId,
      actor,
      purpose: reason,
      reason: `${purpose}.${channel}`,
    })),
  );
  const leads = await leadsWithAddress(tx, clientId, addresses);
  const said = new Map(leads.map((id) => [id, events]));
  return repeatWithdrawals(tx, { snapshot, actor, purpose: reason }, said);
}
