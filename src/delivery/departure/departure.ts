// Commits the departure (station 5c): locks lead, consents and authorisation, reads them again, appends `departed`.
// Invariant: this commit is the departure. Nothing leaves before it, and nothing the prospect took back leaves after it (guarantees 3 and
// 6). An entry contains ids, codes, field names and digests, never content.
import { createHash } from 'node:crypto';
import { liveAuthorisations, type Authorisation } from '../../domain/destination.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import {
  authorisationDigest,
  citedText,
  consentsDigest,
  contentDigest,
  mappingDigest,
} from '../../domain/keyed.ts';
import type { ConsentRecord } from '../../domain/lead.ts';
import { expireTogether } from '../../store/files/batches.ts';
import { noteCallDepartures, type CallDeparture } from '../../store/deliveries/calls.ts';
import type { Database, Sql } from '../../store/database.ts';
import { lockForDeparture, type DepartureLocks } from '../../store/departure-locks.ts';
import { entryNames, appendHandovers, type Handover } from '../../store/log/handovers.ts';
import { keepBytes } from '../../store/files/kept-bytes.ts';
import {
  lockDeparting,
  markDeparted,
  markSendingDeparted,
  type Departing,
  type DepartureMark,
  type Standing,
} from '../../store/deliveries/leases.ts';
import { refusedAtAddress } from '../../store/people/same-address.ts';
import { readVersions } from '../../store/destinations/mapping-versions.ts';
import type { ClaimedDelivery, Departure, DepartureAnswer, Ready, WrittenAhead } from '../trip/attempt.ts';
import { writtenAtOf } from '../content/render.ts';
import type { MappingDigests } from '../trip/trip.ts';

/** Departures of several parcels in one transaction; each parcel departs whole or not at all. */
export async function depart(
  database: Database,
  masterKeys: KeyRing,
  departures: readonly Departure[],
): Promise<readonly DepartureAnswer[]> {
  // Nearly always every lease is still ours: the rows are then locked by the statement that changes them.
  const trusted = await database.transaction((tx) => departTogether(tx, masterKeys, departures, 'trusted'), {
    undoIf: (answers) => answers === undefined,
  });
  if (trusted !== undefined) return trusted;
  const checked = await database.transaction((tx) => departTogether(tx, masterKeys, departures, 'checked'));
  return checked ?? [];
}

/** The same for one, rolled back. @throws the error it meets */
export const tryDeparture = (
  database: Database,
  masterKeys: KeyRing,
  departure: Departure,
): Promise<unknown> =>
  database.transaction((tx) => departTogether(tx, masterKeys, [departure], 'checked'), {
    undoIf: () => true,
  });

/** @param leasesAre `trusted`: assumed valid; undefined is returned if one turns out to be lost */
async function departTogether(
  tx: Sql,
  masterKeys: KeyRing,
  departures: readonly Departure[],
  leasesAre: 'trusted' | 'checked',
): Promise<readonly DepartureAnswer[] | undefined> {
  const rows = departures.flatMap((departure) => departure.ready.map((prepared) => prepared.row));
  const { leads, authorisations } = await lockForDeparture(tx, rows);
  // Leads before deliveries, as erasure and settlement lock them.
  const standing = leasesAre === 'trusted' ? isDue : await lockDeparting(tx, rows.map(departingOf));
  // After the locks: what was waited for has passed.
  const refused = await refusedNow(tx, departures);
  const locked: LockedState = { leads, authorisations, refused, now: tx.now() };
  const leaving: Departure[] = [];
  const answers = departures.map((departure): DepartureAnswer => {
    const { ready } = departure;
    const all = new Set(ready.map(({ row }) => standing(departingOf(row))));
    if (all.size === 1 && all.has('departed')) return 'departed';
    if (all.has('lost') || all.has('departed')) return 'lost';
    if (!ready.every((prepared) => isUnchanged(departure, prepared, locked))) return 'changed';
    leaving.push(departure);
    return 'departed';
  });
  if (!(await markDeparted(tx, marksOf(leaving), leasesAre === 'checked'))) return undefined;
  await appendHandovers(tx, await entriesOf(leaving), { at: locked.now });
  const calls = callDepartures(leaving);
  if (calls.length > 0) await noteCallDepartures(tx, calls);
  for (const departure of leaving) await keepFile(tx, masterKeys, departure);
  return answers;
}

const isDue = (): Standing => 'due';
const departingOf = ({ id, leaseToken: token, departures }: ClaimedDelivery): Departing => ({
  id,
  token,
  departures,
});

/**
 * Departs deliveries that were rendered ahead, in the transaction of their claim; the rows are locked. One that has changed, or whose
 * lead is locked elsewhere, is claimed without departing: nothing waits for a lead under the destination's lock.
 */
export async function departWithClaim(
  tx: Sql,
  { claimed, written, mappingVersionId, locks, lease }: WrittenAhead,
): Promise<ReadonlySet<number>> {
  const refused = await refusedNow(tx, [...written.values()]);
  const locked: LockedState = { ...locks, refused, now: tx.now() };
  const leaving: Departure[] = [];
  const departed = new Set<number>();
  for (const row of claimed) {
    const departure = written.get(row.id);
    if (departure?.mappingVersionId !== mappingVersionId) continue;
    let isAsWritten = true;
    for (const prepared of departure.ready)
      isAsWritten &&= isSameRow(prepared.row, row, lease.step) && isUnchanged(departure, prepared, locked);
    if (!isAsWritten) continue;
    leaving.push(departure);
    departed.add(row.id);
  }
  if (leaving.length === 0) return departed;
  const marked = markSendingDeparted(tx, marksOf(leaving), lease);
  // While the database is at that: what is computed between two statements is waited for by every claim of the destination.
  const [entries] = await Promise.all([entriesOf(leaving), marked]);
  // No call is among them: a delivery of several calls is claimed before it is rendered.
  await appendHandovers(tx, entries, { at: locked.now });
  return departed;
}

/**
 * True if the row is still the one that the content was rendered for: the lead and action of a key never change. A server that took over
 * without the last commits gives their numbers anew.
 */
const isSameRow = (written: ClaimedDelivery, row: ClaimedDelivery, step: number): boolean =>
  written.key === row.key &&
  written.run === row.run &&
  written.keyRun === row.keyRun &&
  written.attempt === row.attempt &&
  written.leaseToken + step === row.leaseToken &&
  written.departures === row.departures &&
  written.maybeReceived === row.maybeReceived &&
  written.askFirst === row.askFirst &&
  written.knownReference === row.knownReference;

interface LockedState extends DepartureLocks {
  /** As `refusedNow` reads them. */
  readonly refused: ReadonlyMap<number, ReadonlySet<string>>;
  readonly now: Date;
}

/**
 * Refusals of other persons at the address of leads that leave with a yes, for a recipient with one answer an address. They raise no
 * revision of these leads; but what records one locks every lead with the address, so that none comes between this and the departure.
 */
async function refusedNow(tx: Sql, departures: readonly Departure[]): Promise<LockedState['refused']> {
  const ids = new Set<number>();
  for (const { ready, keptByAddress } of departures)
    for (const { row, record } of keptByAddress ? ready : [])
      if (record.consents.some(({ state }) => state === 'granted')) ids.add(row.leadId);
  return ids.size === 0 ? nobodyRefuses : refusedAtAddress(tx, [...ids]);
}

const nobodyRefuses: LockedState['refused'] = new Map();

/** True if lead, consents and authorisation are those that the content was rendered from. */
function isUnchanged(
  { keptByAddress }: Departure,
  { row, lead: { refusedAtAddress: known }, readRevision, record, authorisation, former }: Ready,
  { leads, authorisations, refused, now }: LockedState,
): boolean {
  const lead = leads.get(row.leadId);
  if (lead === undefined || lead.revision !== readRevision || (lead.erased && row.action !== 'erase'))
    return false;
  if (record.freshUntil !== undefined && record.freshUntil <= now) return false;
  for (const pair of keptByAddress ? (refused.get(row.leadId) ?? []) : [])
    if (known?.has(pair) !== true) return false;
  const all = authorisations.get(row.destinationId) ?? [];
  for (const { id } of former === true ? all : liveAuthorisations(all, now))
    if (id === authorisation.id) return true;
  return false;
}

async function keepFile(
  tx: Sql,
  masterKeys: KeyRing,
  { keep, parcel, ready, mappingVersionId }: Departure,
): Promise<void> {
  if (keep === undefined) return;
  await keepBytes(
    tx,
    masterKeys,
    {
      id: keep.batchId,
      fileName: keep.fileName,
      mediaType: parcel.body.mediaType,
      extension: parcel.body.extension,
      rows: parcel.items.length,
      mappingVersionId,
      writtenAt: parcel.writtenAt,
    },
    parcel.body.bytes,
  );
  await expireTogether(
    tx,
    keep.batchId,
    new Date(
      Math.max(keep.expiresAt?.getTime() ?? 0, ...ready.map((prepared) => prepared.row.expiresAt.getTime())),
    ),
  );
}

function marksOf(leaving: readonly Departure[]): readonly DepartureMark[] {
  const marks: DepartureMark[] = [];
  for (const { ready, mappingVersionId } of leaving)
    for (const { row, call, contentRevision } of ready)
      marks.push({
        ...departingOf(row),
        writtenAt: writtenAtOf(row),
        sentRevision: call?.attempt.oldestRevision ?? contentRevision,
        sentMappingId: mappingVersionId,
      });
  return marks;
}

function callDepartures(leaving: readonly Departure[]): readonly CallDeparture[] {
  const calls: CallDeparture[] = [];
  for (const { ready, mappingVersionId } of leaving)
    for (const { row, call, contentRevision } of ready)
      if (call !== undefined)
        calls.push({
          deliveryId: row.id,
          leadId: row.leadId,
          destinationId: row.destinationId,
          name: call.name,
          run: row.run,
          attempt: row.attempt,
          sentRevision: contentRevision,
          sentMappingId: mappingVersionId,
        });
  return calls;
}

async function entriesOf(leaving: readonly Departure[]): Promise<readonly Handover[]> {
  const entries: Handover[] = [];
  for (const departure of leaving) {
    const { parcel, composed } = departure;
    // One file holds many leads: each is digested over the file's hash, under its own key, instead of over megabytes.
    const digested =
      parcel.batch === undefined ? composed.content : createHash('sha256').update(composed.content).digest();
    for (const prepared of departure.ready) entries.push(entryOf(departure, prepared, digested));
  }
  return entries;
}

function entryOf(
  { composed, actor, connector, mappingVersionId, mappingDigest, secrets }: Departure,
  { row, lead, record, authorisation, former, contentRevision, call }: Ready,
  digested: Uint8Array,
): Handover {
  const secret = secrets.get(row.leadId);
  return {
    entry: 'departed',
    ...entryNames(row),
    ...(call === undefined ? {} : { call: call.name }),
    actor: actor ?? 'worker',
    connector,
    recipient: authorisation.recipient,
    target: composed.target,
    authorisationId: authorisation.id,
    ...(former === true ? { reason: 'former_authorisation' } : {}),
    mappingVersionId,
    leadRevision: contentRevision,
    fields: record.fieldNames,
    consents: record.consents,
    ...(secret === undefined ? {} : { digest: contentDigest(secret, row.id, digested) }),
    bytes: composed.content.byteLength,
    ...(composed.fileName === undefined ? {} : { fileName: composed.fileName }),
    cited: citationsOf({ authorisation, secret, mapping: mappingDigest, consents: lead.consents }),
  };
}

const kept = 2_000;

export function createMappingDigests(sql: Sql): MappingDigests {
  const known = new Map<number, Promise<string | undefined>>();
  const read = async (versionId: number): Promise<string | undefined> => {
    const [version] = await readVersions(sql, [versionId]);
    return version === undefined ? undefined : mappingDigest(version);
  };
  return (versionId) => {
    const found = known.get(versionId);
    if (found !== undefined) return found;
    const reading = read(versionId);
    known.set(versionId, reading);
    // A failed read is not remembered.
    reading.catch(() => known.delete(versionId));
    if (known.size > kept) known.delete(known.keys().next().value ?? 0);
    return reading;
  };
}

/** The deliveries of one reading share their destination's authorisation. */
const digests = new WeakMap<Authorisation, string>();

function digestOf(authorisation: Authorisation): string {
  const known = digests.get(authorisation) ?? authorisationDigest(authorisation);
  digests.set(authorisation, known);
  return known;
}

function citationsOf(cites: {
  /** As it was read under its lock. */
  readonly authorisation: Authorisation;
  readonly mapping: string | undefined;
  /** Those the content was written by. */
  readonly consents: readonly ConsentRecord[];
  readonly secret: Uint8Array | undefined;
}): string {
  const { authorisation, mapping, consents, secret } = cites;
  return citedText({
    authorisation: digestOf(authorisation),
    ...(mapping === undefined ? {} : { mapping }),
    // A revision kept by an older version does not say when each was received: it could not be compared.
    ...(secret === undefined || consents.some((consent) => consent.receipt === undefined)
      ? {}
      : { consents: consentsDigest(secret, consents) }),
  });
}
