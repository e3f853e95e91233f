// Finds the leads that a withdrawal reaches by a corrected address: leads that had an address of the withdrawing lead, leads that
// have one that it had, and a lead that arrives later under one that it had.
// Invariant: one statement for a batch, none where no lead of its clients lost an address to a correction; the client's addresses are
// read (`former-holders.ts`) only for a lead that withdrew a consent and lost an address.
import { addressDigests } from '../domain/opposition.ts';
import { inList, type Sql, type SqlValue } from './database.ts';
import { holdersNow, type Holder } from './former-holders.ts';
import type { AddressKind, Holding } from './same-address.ts';

/** A withdrawal in leads `from` applies to leads `to`. */
export interface Direction {
  readonly kind: AddressKind | 'former';
  readonly from: readonly number[];
  readonly to: readonly number[];
}

interface Former extends Holder {
  readonly clientId: string;
  /** 1: an origin that withdrew a consent; 0: a lead that had an address that an origin has now. */
  readonly isOwn: 0 | 1;
}

/** Leads whose withdrawals may hold for others (`origins`), and leads that others' withdrawals may hold for (`touched`). */
export interface Meeting {
  readonly origins: readonly number[];
  readonly touched: readonly number[];
}

/** @param holdings present addresses of these leads; a lead may have none */
export async function formerDirections(
  tx: Sql,
  key: Buffer,
  holdings: readonly Holding[],
  { origins, touched }: Meeting,
): Promise<readonly Direction[]> {
  const present = holdings
    .filter(({ clientHasFormer }) => clientHasFormer)
    .map(({ leadId, clientId, kind, value }) => ({
      leadId,
      clientId,
      digests: addressDigests(key, clientId, kind === 'email' ? { email: value } : { mobile: value }),
    }));
  const former = await readFormer(tx, present, origins);
  const speaks = new Set(origins);
  const hears = new Set(touched);
  const directions = present.flatMap(({ leadId, digests }) =>
    former
      .filter(({ isOwn, digest }) => isOwn === 0 && digests.some((one) => one.equals(digest)))
      .flatMap((holder): readonly Direction[] => [
        ...(speaks.has(leadId) ? [{ kind: 'former' as const, from: [leadId], to: [holder.leadId] }] : []),
        ...(hears.has(leadId) ? [{ kind: 'former' as const, from: [holder.leadId], to: [leadId] }] : []),
      ]),
  );
  const own = Map.groupBy(
    former.filter(({ isOwn }) => isOwn === 1),
    ({ clientId }) => clientId,
  );
  for (const [clientId, leads] of own) {
    const holders = await holdersNow(
      tx,
      key,
      clientId,
      leads.map(({ digest }) => digest),
    );
    for (const { leadId, digest } of leads) {
      const to = holders.filter((holder) => holder.digest.equals(digest)).map((holder) => holder.leadId);
      if (to.length > 0) directions.push({ kind: 'former', from: [leadId], to });
    }
  }
  return directions;
}

/** The former addresses of the origins, and those equal to a present one. A digest includes the client's name. */
async function readFormer(
  tx: Sql,
  present: readonly { readonly clientId: string; readonly digests: readonly Buffer[] }[],
  origins: readonly number[],
): Promise<readonly Former[]> {
  const columns = 'f.lead_id AS leadId, f.client_id AS clientId, f.digest';
  const arms: { readonly sql: string; readonly values: readonly SqlValue[] }[] = [];
  if (present.length > 0) {
    const clients = inList([...new Set(present.map(({ clientId }) => clientId))]);
    const digests = inList(present.flatMap((one) => one.digests));
    arms.push({
      sql: `SELECT ${columns}, 0 AS isOwn FROM former_addresses f FORCE INDEX (former_addresses_digest)
      WHERE f.client_id IN (${clients.marks}) AND f.digest IN (${digests.marks})`,
      values: [...clients.values, ...digests.values],
    });
  }
  if (origins.length > 0) {
    const own = inList(origins);
    arms.push({
      sql: `SELECT ${columns}, 1 AS isOwn FROM former_addresses f FORCE INDEX (PRIMARY) WHERE f.lead_id IN (${own.marks})
       AND EXISTS (SELECT 1 FROM consents c FORCE INDEX (consents_lead) WHERE c.lead_id = f.lead_id AND c.state = 'withdrawn')`,
      values: own.values,
    });
  }
  if (arms.length === 0) return [];
  return tx.all<Former>(
    arms.map(({ sql }) => sql).join(' UNION ALL '),
    arms.flatMap(({ values }) => values),
  );
}
