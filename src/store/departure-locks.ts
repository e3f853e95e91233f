// Locks what a departure is compared with, in one statement: the leads, and the terms of their destinations' authorisations; for a claim
// the state of the destination before them, and the deliveries after them.
// Invariant: no departure crosses a change, a withdrawal or an erasure of its lead, nor a revocation (guarantee 6).
import type { AuthorisationTerm } from '../domain/destination.ts';
import type { OptionalBlock } from '../domain/lead.ts';
import { inList, type Sql } from './database.ts';
import { packedAttempt, unpackAttempt, type AttemptDelivery } from './deliveries/deliveries.ts';
import {
  packedState,
  unpackState,
  type Destination,
  type DestinationState,
} from './destinations/destinations.ts';
import { packedConsents, unpackConsents } from './leads/consents.ts';
import { leadReading, leadsOf, type LeadLock, type LeadRead, type LeadRow } from './leads/leads.ts';
import { packed, unpacker } from './placeholders.ts';
import type { LeadSecrets, WrappedSecret } from './secrets.ts';

export interface DepartureLocks {
  readonly leads: ReadonlyMap<number, LeadLock>;
  /** Nothing else of an authorisation ever changes. */
  readonly authorisations: ReadonlyMap<string, readonly AuthorisationTerm[]>;
}

/** Rows of these parts come in any order: each says which part it is of. */
type Row = {
  readonly part: 'lead' | 'term' | 'state' | 'delivery' | 'destination';
  readonly packed: unknown;
};

/** One part of a statement: locks rows, and packs of each what is compared. */
interface Part {
  readonly sql: string;
  readonly values: readonly (number | string)[];
}

/** @param leads `free`: those that another transaction has locked are left out */
function leadsPart(ids: readonly number[], leads: 'free' | 'all'): Part {
  const { marks, values } = inList([...new Set(ids)].sort((a, b) => a - b));
  return {
    sql: `(SELECT 'lead' AS part, ${packedLead} AS packed
        FROM leads FORCE INDEX (PRIMARY) WHERE id IN (${marks}) FOR UPDATE${leads === 'free' ? ' SKIP LOCKED' : ''})`,
    values,
  };
}

const leadColumns = ['id', 'revision', 'consent_revision', 'erased_at'] as const;
const packedLead = packed(leadColumns);
const unpackLead = unpacker<{
  readonly id: number;
  readonly revision: number;
  readonly consent_revision: number;
  readonly erased_at: Date | null;
}>(leadColumns, new Set(['erased_at']));

function termsPart(destinations: readonly string[]): Part {
  const { marks, values } = inList([...new Set(destinations)].sort());
  return {
    sql: `(SELECT 'term' AS part, ${packedTerm} AS packed
        FROM destinations d FORCE INDEX (PRIMARY) STRAIGHT_JOIN authorisations a FORCE INDEX (authorisations_destination)
          ON a.client_id = d.client_id AND a.destination_id = d.id
       WHERE d.id IN (${marks}) LOCK IN SHARE MODE)`,
    values,
  };
}

const termColumns = ['id', 'destination_id', 'valid_from', 'valid_until', 'revoked_at'] as const;
const packedTerm = packed(termColumns.map((name) => `a.${name}`));
const unpackTerm = unpacker<{
  readonly id: number;
  readonly destination_id: string;
  readonly valid_from: Date;
  readonly valid_until: Date | null;
  readonly revoked_at: Date | null;
}>(termColumns, new Set(['valid_from', 'valid_until', 'revoked_at']));

/** The rows of all parts, sorted by part. */
interface Read {
  readonly leads: Map<number, LeadLock>;
  readonly authorisations: Map<string, AuthorisationTerm[]>;
  readonly deliveries: Map<number, AttemptDelivery>;
  state: unknown;
  destination: unknown;
}

async function readParts(tx: Sql, parts: readonly Part[]): Promise<Read> {
  const texts: string[] = [];
  const values: (number | string)[] = [];
  for (const part of parts) {
    texts.push(part.sql);
    values.push(...part.values);
  }
  const read: Read = {
    leads: new Map(),
    authorisations: new Map(),
    deliveries: new Map(),
    state: undefined,
    destination: undefined,
  };
  for (const { part, packed: row } of await tx.all<Row>(texts.join(' UNION ALL '), values))
    switch (part) {
      case 'lead': {
        const { id, revision, consent_revision: consentRevision, erased_at: erasedAt } = unpackLead(row);
        read.leads.set(id, { id, revision, consentRevision, erased: erasedAt !== null });
        break;
      }
      case 'term': {
        const { destination_id: destinationId, ...term } = unpackTerm(row);
        const known = read.authorisations.get(destinationId) ?? [];
        read.authorisations.set(destinationId, [...known, termOf(term)]);
        break;
      }
      case 'delivery': {
        const delivery = unpackAttempt(row);
        read.deliveries.set(delivery.id, delivery);
        break;
      }
      case 'state':
      case 'destination':
        read[part] = row;
    }
  return read;
}

/** Locks leads, in id order, and shares the authorisations of destinations. */
export async function lockForDeparture(
  tx: Sql,
  rows: readonly { readonly leadId: number; readonly destinationId: string }[],
): Promise<DepartureLocks> {
  if (rows.length === 0) return { leads: new Map(), authorisations: new Map() };
  const leadIds = rows.map(({ leadId }) => leadId);
  const destinations = rows.map(({ destinationId }) => destinationId);
  return readParts(tx, [leadsPart(leadIds, 'all'), termsPart(destinations)]);
}

export interface LockedDelivery extends AttemptDelivery {
  /** The database's clock when the row was locked. */
  readonly now: Date;
}

export interface ClaimLocks extends DepartureLocks {
  readonly state: DestinationState | undefined;
  /** In id order. */
  readonly rows: readonly LockedDelivery[];
  /** Deliveries of the destination in flight, at most: one with a lapsed lease still counts. */
  readonly sending: number;
  /** The destination as it is now; undefined if no delivery is asked for, or if it does not exist. */
  readonly destination: Pick<Destination, 'status' | 'mappingVersionId'> | undefined;
}

/**
 * Locks the running state of a destination first: claims of one destination queue up here and nowhere else. The same statement locks what
 * deliveries that were rendered ahead are compared with, without the leads that another transaction has locked; then the destination's
 * deliveries among these ids, with every other delivery of the same (lead, destination). A delivery of another destination is left out,
 * whatever number its job bears.
 * @param sending number in flight, when the caller knows it: all rows of a long file are, and each part would count them again
 */
export async function lockForClaim(
  tx: Sql,
  destinationId: string,
  leadIds: readonly number[],
  deliveryIds: readonly number[],
  sending?: number,
): Promise<ClaimLocks> {
  const parts: Part[] = [{ sql: stateSql, values: [destinationId] }];
  if (leadIds.length > 0) parts.push(leadsPart(leadIds, 'free'), termsPart([destinationId]));
  if (deliveryIds.length > 0)
    parts.push(deliveriesPart(destinationId, deliveryIds), destinationPart(destinationId, sending));
  const { leads, authorisations, deliveries, state, destination } = await readParts(tx, parts);
  const locks = {
    leads,
    authorisations,
    state: state === undefined ? undefined : unpackState(destinationId, state),
  };
  if (destination === undefined) return { ...locks, rows: [], sending: 0, destination: undefined };
  const { db_now: now, in_flight: inFlight, status, version } = unpackDestination(destination);
  const rows: LockedDelivery[] = [];
  for (const delivery of deliveries.values()) rows.push({ ...delivery, now });
  return {
    ...locks,
    rows: rows.sort((a, b) => a.id - b.id),
    sending: Number(inFlight),
    destination: { status, mappingVersionId: version },
  };
}

const packedDelivery = packedAttempt('s');

/** By index alone, without ORDER BY: rows are locked in the order of the lists all the same, and few are sorted here. */
function deliveriesPart(destinationId: string, ids: readonly number[]): Part {
  const { marks, values } = inList([...ids].sort((a, b) => a - b));
  return {
    sql: `(SELECT STRAIGHT_JOIN 'delivery' AS part, ${packedDelivery} AS packed
        FROM deliveries d FORCE INDEX (PRIMARY) JOIN deliveries s FORCE INDEX (deliveries_lead) ON s.lead_id = d.lead_id AND s.destination_id = d.destination_id
       WHERE d.id IN (${marks}) AND d.destination_id = ? FOR UPDATE)`,
    values: [...values, destinationId],
  };
}

/**
 * Last, and the only part that reads without a lock: its view begins once the state is locked, so that the destination and the number in
 * flight include every earlier publication and claim. The time is that of its own reading: the statement may have waited since its
 * beginning.
 */
function destinationPart(destinationId: string, sending: number | undefined): Part {
  const count =
    sending === undefined
      ? "(SELECT COUNT(*) FROM deliveries f WHERE f.state = 'sending' AND f.destination_id = ?)"
      : '?';
  return {
    sql: `(SELECT 'destination' AS part, ${packed(['SYSDATE(3)', count, 't.status', 't.mapping_version_id'])} AS packed
        FROM destinations t FORCE INDEX (PRIMARY) WHERE t.id = ?)`,
    values: [sending ?? destinationId, destinationId],
  };
}

const unpackDestination = unpacker<{
  readonly db_now: Date;
  readonly in_flight: number;
  readonly status: Destination['status'];
  readonly version: number;
}>(['db_now', 'in_flight', 'status', 'version'], new Set(['db_now']));

const stateSql = `(SELECT 'state' AS part, ${packedState} AS packed
        FROM destination_states FORCE INDEX (PRIMARY) WHERE destination_id = ? FOR UPDATE)`;

const termOf = (row: Omit<ReturnType<typeof unpackTerm>, 'destination_id'>): AuthorisationTerm => ({
  id: row.id,
  validFrom: row.valid_from,
  ...(row.valid_until === null ? {} : { validUntil: row.valid_until }),
  ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
});

// Reads deliveries with their leads, consents and secrets in one statement, for those that are rendered before their claim.
// Invariant: read under no lock: the claim compares all of it before anything departs.

/** The same of one delivery, as the process that has just planned it knows it. */
export interface AttemptAhead {
  readonly row: AttemptDelivery;
  readonly lead: LeadRead;
  readonly secret: Buffer;
}

export interface AttemptsAhead {
  readonly rows: readonly AttemptDelivery[];
  readonly leads: ReadonlyMap<number, LeadRead>;
  readonly secrets: ReadonlyMap<number, Buffer>;
}

interface AheadRow {
  readonly delivery: unknown;
  readonly consents: unknown;
}
/** A few deliveries are read packed. */
interface PackedAhead extends AheadRow {
  readonly of_lead: unknown;
  readonly secret: unknown;
}
/** Many are read plain: to describe the columns of their leads costs less than to pack each row. */
type PlainAhead = AheadRow & LeadRow & { readonly wrapped: Buffer | null; readonly key_id: string | null };
const manyAhead = 16;

const packedAhead = packedAttempt('d');

/** Deliveries by id, and the `known` ones; those that do not exist are missing. @throws KEY-001 */
export async function readAttemptsAhead(
  sql: Sql,
  { joined, opened }: Pick<LeadSecrets, 'joined' | 'opened'>,
  ids: readonly number[],
  blocks: ReadonlySet<OptionalBlock>,
  known: readonly AttemptAhead[] = [],
): Promise<AttemptsAhead> {
  const { columns, plain, joins, unpack } = leadReading(blocks);
  const isPlain = ids.length >= manyAhead;
  const ofLead = isPlain
    ? `${plain}, k.wrapped, k.key_id`
    : `${columns} AS of_lead, ${joined.packed} AS secret`;
  const rows = await sql.all<PackedAhead | PlainAhead>(
    `SELECT ${packedAhead} AS delivery, ${packedConsents} AS consents, ${ofLead}
       FROM deliveries d FORCE INDEX (PRIMARY) JOIN leads l ON l.id = d.lead_id ${joins} ${joined.join}
      WHERE d.id IN (?)`,
    [ids],
  );
  const attempts: AttemptDelivery[] = [];
  const leads = new Map<number, LeadRow>();
  const consents: unknown[] = [];
  const secrets = new Map<number, Buffer>();
  for (const row of rows) {
    const attempt = unpackAttempt(row.delivery);
    attempts.push(attempt);
    // Two deliveries of one lead read it twice.
    if (leads.has(attempt.leadId)) continue;
    leads.set(attempt.leadId, 'of_lead' in row ? unpack(row.of_lead) : row);
    consents.push(row.consents);
    const secret = 'of_lead' in row ? joined.unpack(row.secret) : secretOf(row);
    if (secret !== undefined) secrets.set(secret.lead_id, opened(secret));
  }
  const read = await leadsOf(sql, [...leads.values()], unpackConsents(consents), blocks);
  for (const { row, lead, secret } of known) {
    attempts.push(row);
    // Read for another of its deliveries: by a mapping that reads more of it.
    if (read.has(row.leadId)) continue;
    read.set(row.leadId, lead);
    secrets.set(row.leadId, secret);
  }
  return { rows: attempts, leads: read, secrets };
}

const secretOf = ({ id, wrapped, key_id }: PlainAhead): WrappedSecret | undefined =>
  wrapped === null || key_id === null ? undefined : { lead_id: id, wrapped, key_id };
