// Copies a person's refusals and withdrawals in one lead to the person's other leads at that client: a CRM's opt-out belongs to
// the address.
// Invariant: leads are one person's when they share the e-mail or a phone, one hop and no further; a withdrawal locks the client
// exclusively, so that no lead with an older grant is added meanwhile.
import type { ConsentRecord } from '../../domain/lead.ts';
import {
  newestWithdrawals,
  originOf,
  ownWithdrawals,
  reaches,
  repeatSource,
  takenBackBy,
  addressDigests,
} from '../../domain/opposition.ts';
import { insertConsents, readConsents } from '../leads/consents.ts';
import type { Sql, SqlValues } from '../database.ts';
import { appendHandovers } from '../log/handovers.ts';
import { insertChanges, raiseRevisions } from '../leads/lead-writes.ts';
import { lockLeads } from '../leads/leads.ts';
import {
  holdingsOf,
  sharedAddresses,
  sharedAmong,
  holdersNow,
  type Holding,
  type AddressKind,
  type Holder,
} from './same-address.ts';

/** A lead whose answer was changed by a withdrawal in another lead of the person, or by an objection. */
export interface Reached {
  readonly leadId: number;
  readonly clientId: string;
  readonly reference: string;
  /** `purpose.channel` of each answer that is now `withdrawn`. */
  readonly pairs: readonly string[];
}

/** Marks leads with a refusal or a withdrawal, so that they are found by their addresses. */
export async function markWithdrawn(tx: Sql, leadIds: readonly number[]): Promise<void> {
  await tx.run(
    'UPDATE prospects FORCE INDEX (PRIMARY) SET withdrawn = 1 WHERE lead_id IN (?) AND withdrawn = 0',
    [leadIds],
  );
}

export interface Spreading {
  /** Leads that are new, got a grant or changed an address: a refusal in another lead may apply to them. */
  readonly touched: readonly number[];
  /** Leads with a refusal, a withdrawal or a changed address: their answers may apply to others. */
  readonly origins: readonly number[];
  /** Key of the addresses that leads had before a correction. */
  readonly oppositionKey: Buffer;
  readonly snapshot: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly actor: string;
  readonly purpose: string;
}

/**
 * Copies refusals and withdrawals to the leads whose grants they end, each with a revision, a change and a log entry of its own.
 */
export async function spreadWithdrawals(tx: Sql, at: Spreading): Promise<readonly Reached[]> {
  const holdings = await holdingsOf(tx, [...at.touched, ...at.origins]);
  const of = (ids: readonly number[]): readonly Holding[] => {
    const wanted = new Set(ids);
    return holdings.filter(({ leadId }) => wanted.has(leadId));
  };
  const directions: readonly Direction[] = [
    ...(await formerDirections(tx, at.oppositionKey, holdings, at)),
    ...(await sharedAmong(tx, of(at.touched), 'withdrawn')).map(({ kind, own, all }) => ({
      kind,
      from: all,
      to: own,
    })),
    ...(await sharedAmong(tx, of(at.origins), 'all')).map(({ kind, own, all }) => ({
      kind,
      from: own,
      to: all,
    })),
  ].filter(({ from, to }) => from.some((id) => to.length > 1 || (to.length === 1 && to[0] !== id)));
  if (directions.length === 0) return [];
  const origins = new Map<number, readonly ConsentRecord[]>();
  for (const ids of parts(directions.flatMap((direction) => direction.from))) {
    const read = await readConsents(tx, ids);
    const gone = await erasedOrigins(tx, [...read.values()].flat());
    for (const [id, consents] of read) origins.set(id, ownWithdrawals(consents, id, gone));
  }
  const said = new Map<number, ConsentRecord[]>();
  for (const { kind, from, to } of directions) {
    const events = newestWithdrawals(
      from.flatMap((id) => origins.get(id) ?? []).filter((event) => reaches(event, kind)),
    );
    for (const id of to) said.set(id, [...(said.get(id) ?? []), ...events]);
  }
  return repeatWithdrawals(tx, at, said);
}

/** Which of the answers `said` a lead with its `own` ones gets. */
type Choose = (
  own: readonly ConsentRecord[],
  said: readonly ConsentRecord[],
  now: Date,
) => readonly ConsentRecord[];

/**
 * Copies withdrawals to leads, each in its place in the order of receipt.
 * @param said withdrawals by lead
 * @param choose those that are copied: by default the ones that change an answer
 */
export async function repeatWithdrawals(
  tx: Sql,
  at: Pick<Spreading, 'snapshot' | 'actor' | 'purpose'>,
  said: ReadonlyMap<number, readonly ConsentRecord[]>,
  choose: Choose = takenBackBy,
): Promise<readonly Reached[]> {
  const reached: Reached[] = [];
  for (const ids of parts([...said.keys()])) reached.push(...(await repeatIn(tx, at, { ids, said, choose })));
  return reached;
}

async function repeatIn(
  tx: Sql,
  at: Pick<Spreading, 'snapshot' | 'actor' | 'purpose'>,
  {
    ids: receivers,
    said,
    choose,
  }: {
    readonly ids: readonly number[];
    readonly said: ReadonlyMap<number, readonly ConsentRecord[]>;
    readonly choose: Choose;
  },
): Promise<readonly Reached[]> {
  const locked = await lockLeads(tx, receivers);
  const consents = await readConsents(tx, receivers);
  const copies = receivers
    .filter((id) => locked.get(id)?.erased === false)
    .map((leadId) => {
      const ofOthers = (said.get(leadId) ?? []).filter((consent) => consent.source !== repeatSource(leadId));
      return { leadId, events: choose(consents.get(leadId) ?? [], ofOthers, tx.now()) };
    })
    .filter((copy) => copy.events.length > 0);
  return copies.length === 0 ? [] : write(tx, at, copies, locked);
}

/** Leads per statement: more may share an address than a statement has parameters. */
const leadsAtOnce = 500;

/** Each lead once, by id: the order in which leads are locked. */
function parts(ids: readonly number[]): readonly (readonly number[])[] {
  const sorted = [...new Set(ids)].sort((a, b) => a - b);
  return Array.from({ length: Math.ceil(sorted.length / leadsAtOnce) }, (_, part) =>
    sorted.slice(part * leadsAtOnce, (part + 1) * leadsAtOnce),
  );
}

/** Origins of copies that are erased or deleted. */
async function erasedOrigins(tx: Sql, events: readonly ConsentRecord[]): Promise<ReadonlySet<number>> {
  const ids = [...new Set(events.flatMap((consent) => originOf(consent) ?? []))];
  const rows = await tx.all<{ id: number }>(
    'SELECT id FROM leads FORCE INDEX (PRIMARY) WHERE id IN (?) AND erased_at IS NULL',
    [ids],
  );
  const alive = new Set(rows.map((row) => row.id));
  return new Set(ids.filter((id) => !alive.has(id)));
}

/** Before a lead is erased: makes its withdrawals findable in the leads that have a copy. Its client is locked exclusively. */
export async function leaveWithdrawals(tx: Sql, leadId: number): Promise<void> {
  const found = await sharedAddresses(tx, [leadId], 'withdrawn');
  if (!found.some(({ all }) => all.includes(leadId))) return;
  const sharing = await sharedAddresses(tx, [leadId], 'all');
  await markWithdrawn(tx, [...new Set(sharing.flatMap(({ all }) => all))]);
}

async function write(
  tx: Sql,
  { snapshot, actor, purpose }: Pick<Spreading, 'snapshot' | 'actor' | 'purpose'>,
  copies: readonly { readonly leadId: number; readonly events: readonly ConsentRecord[] }[],
  locked: Awaited<ReturnType<typeof lockLeads>>,
): Promise<readonly Reached[]> {
  const named = new Map(
    (
      await tx.all<{ id: number; client_id: string; reference: string }>(
        'SELECT id, client_id, reference FROM leads WHERE id IN (?)',
        [copies.map((copy) => copy.leadId)],
      )
    ).map((row) => [row.id, row]),
  );
  await snapshot(
    tx,
    copies.map((copy) => copy.leadId),
  );
  const reached = copies.map(({ leadId, events }) => ({
    leadId,
    events,
    clientId: named.get(leadId)?.client_id ?? '',
    reference: named.get(leadId)?.reference ?? '',
    revision: (locked.get(leadId)?.revision ?? 0) + 1,
    pairs: [...new Set(events.map((event) => `${event.purpose}.${event.channel}`))],
  }));
  await insertConsents(
    tx,
    reached.flatMap(({ leadId, clientId, events, revision }) =>
      events.map((event) => ({ leadId, clientId, event, revision, originId: event.receipt ?? 0 })),
    ),
  );
  await raiseRevisions(
    tx,
    reached.map((lead) => ({ leadId: lead.leadId, revisions: 1, consentRevisions: 1 })),
  );
  await insertChanges(
    tx,
    reached.map(({ leadId, clientId, revision }) => ({ leadId, clientId, revision, kind: 'consent' })),
  );
  await appendHandovers(
    tx,
    reached.flatMap(({ leadId, clientId, revision, pairs }) =>
      pairs.map((reason) => ({
        entry: 'withdrawn' as const,
        clientId,
        leadId,
        actor,
        purpose,
        reason,
        leadRevision: revision,
      })),
    ),
  );
  return reached.map(({ leadId, clientId, reference, pairs }) => ({ leadId, clientId, reference, pairs }));
}

// Finds the leads that a withdrawal reaches by a corrected address: leads that had an address of the withdrawing lead, leads that
// have one that it had, and a lead that arrives later under one that it had.
// Invariant: one statement for a batch, none where no lead of its clients lost an address to a correction; the client's addresses are
// read (`same-address.ts`) only for a lead that withdrew a consent and lost an address.

/** A withdrawal in leads `from` applies to leads `to`. */
interface Direction {
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
interface Meeting {
  readonly origins: readonly number[];
  readonly touched: readonly number[];
}

/** @param holdings present addresses of these leads; a lead may have none */
async function formerDirections(
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
  const arms: { readonly sql: string; readonly values: SqlValues }[] = [];
  if (present.length > 0) {
    arms.push({
      sql: `SELECT ${columns}, 0 AS isOwn FROM former_addresses f FORCE INDEX (former_addresses_digest)
      WHERE f.client_id IN (?) AND f.digest IN (?)`,
      values: [[...new Set(present.map(({ clientId }) => clientId))], present.flatMap((one) => one.digests)],
    });
  }
  if (origins.length > 0) {
    arms.push({
      sql: `SELECT ${columns}, 1 AS isOwn FROM former_addresses f FORCE INDEX (PRIMARY) WHERE f.lead_id IN (?)
       AND EXISTS (SELECT 1 FROM consents c FORCE INDEX (consents_lead) WHERE c.lead_id = f.lead_id AND c.state = 'withdrawn')`,
      values: [origins],
    });
  }
  if (arms.length === 0) return [];
  return tx.all<Former>(
    arms.map(({ sql }) => sql).join(' UNION ALL '),
    arms.flatMap(({ values }) => values),
  );
}
