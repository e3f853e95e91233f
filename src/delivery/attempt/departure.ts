// Station 5c: the moment of departure. Locks and re-reads lead, consents and authorisation, appends `departed`, commits.
// Invariant: committing here is departing; nothing leaves before, nothing the prospect took back leaves after (guarantees 3 and 6).
import { liveAuthorisations, type Authorisation } from '../../domain/destination.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { expireTogether } from '../../store/batches.ts';
import { keepBytes } from '../../store/kept-bytes.ts';
import { noteCallDepartures } from '../../store/calls.ts';
import type { Database, Sql } from '../../store/database.ts';
import { readAuthorisations } from '../../store/authorisations.ts';
import { markDeparted, markSendingDeparted } from '../../store/delivery-departures.ts';
import { appendHandovers, type Handover } from '../../store/handovers.ts';
import { lockFreeLeads, lockLeads, type LeadLock } from '../../store/leads.ts';
import { lockLeased, type Holds } from '../../store/leases.ts';
import type { ClaimedDelivery } from './claim.ts';
import { callDepartures, departureEntries, marksOf, type Departure } from './departure-entries.ts';
import type { Ready } from './render.ts';

/** `changed`: read and write again. `lost`: the lease is someone else's now. */
export type DepartureAnswer = 'departed' | 'changed' | 'lost';

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

/** The same of one, undone. @throws what it breaks with */
export const tryDeparture = (
  database: Database,
  masterKeys: KeyRing,
  departure: Departure,
): Promise<unknown> =>
  database.transaction((tx) => departTogether(tx, masterKeys, [departure], 'checked'), {
    undoIf: () => true,
  });

/** @param leasesAre `trusted`: taken for held; undefined is answered when one turns out to be lost */
async function departTogether(
  tx: Sql,
  masterKeys: KeyRing,
  departures: readonly Departure[],
  leasesAre: 'trusted' | 'checked',
): Promise<readonly DepartureAnswer[] | undefined> {
  const rows = departures.flatMap((departure) => departure.ready.map((prepared) => prepared.row));
  const leads = await lockLeads(
    tx,
    rows.map((row) => row.leadId),
  );
  const authorisations = await lockAuthorisations(tx, rows);
  // Leads before deliveries, as erasure and settlement lock them.
  const holds: Holds =
    leasesAre === 'trusted'
      ? () => true
      : await lockLeased(
          tx,
          rows.map((row) => ({ id: row.id, token: row.leaseToken })),
        );
  // After the locks: what was waited for has passed.
  const locked: LockedState = { leads, authorisations, now: tx.now() };
  const answers = departures.map(({ ready }): DepartureAnswer => {
    if (ready.some(({ row }) => !holds(row.id, row.leaseToken))) return 'lost';
    return ready.every((prepared) => stillStands(prepared, locked)) ? 'departed' : 'changed';
  });
  const leaving = departures.filter((_, index) => answers[index] === 'departed');
  if (!(await markDeparted(tx, leaving.flatMap(marksOf), leasesAre === 'checked'))) return undefined;
  await logDepartures(tx, leaving, await entriesOf(leaving), locked.now);
  for (const departure of leaving) await keepFile(tx, masterKeys, departure);
  return answers;
}

/** What was written before the claim of its row, and is to depart with it. */
export interface WrittenAhead {
  readonly claimed: readonly ClaimedDelivery[];
  /** By delivery. */
  readonly written: ReadonlyMap<number, Departure>;
  /** The version in force, as the claim read it. */
  readonly mappingVersionId: number;
  readonly lease: { readonly leaseMs: number; readonly owner: string };
}

/**
 * Departs what was written ahead of its claim, in the claim's own transaction; the rows are locked. What does not stand any more,
 * and a lead that somebody holds, is left to be claimed alone: nothing is waited for under the destination's lock.
 */
export async function departWithClaim(
  tx: Sql,
  { claimed, written, mappingVersionId, lease }: WrittenAhead,
): Promise<ReadonlySet<number>> {
  const rows = claimed.filter((row) => written.get(row.id)?.mappingVersionId === mappingVersionId);
  if (rows.length === 0) return new Set();
  const authorisations = await lockAuthorisations(tx, rows);
  const leads = await lockFreeLeads(
    tx,
    rows.map((row) => row.leadId),
  );
  const locked: LockedState = { leads, authorisations, now: tx.now() };
  const leaving = rows.flatMap((row) => {
    const departure = written.get(row.id);
    const stands =
      departure?.ready.every((prepared) => isSameRow(prepared.row, row) && stillStands(prepared, locked)) ===
      true;
    return stands ? [departure] : [];
  });
  const marked = markSendingDeparted(tx, leaving.flatMap(marksOf), lease);
  // While the database is at that: what is computed between two statements is waited for by every claim of the destination.
  const [entries] = await Promise.all([entriesOf(leaving), marked]);
  await logDepartures(tx, leaving, entries, locked.now);
  return new Set(leaving.flatMap((departure) => departure.ready.map((prepared) => prepared.row.id)));
}

/** Whether the row is still the one that the content was written for: of its lead and action it stays, for life. */
const isSameRow = (written: ClaimedDelivery, row: ClaimedDelivery): boolean =>
  written.id === row.id &&
  written.run === row.run &&
  written.keyRun === row.keyRun &&
  written.attempt === row.attempt &&
  written.leaseToken === row.leaseToken &&
  written.departures === row.departures &&
  written.maybeReceived === row.maybeReceived &&
  written.askFirst === row.askFirst &&
  written.knownReference === row.knownReference;

interface LockedState {
  readonly leads: ReadonlyMap<number, LeadLock>;
  readonly authorisations: ReadonlyMap<string, readonly Authorisation[]>;
  readonly now: Date;
}

const lockAuthorisations = (
  tx: Sql,
  rows: readonly ClaimedDelivery[],
): Promise<LockedState['authorisations']> =>
  readAuthorisations(
    tx,
    rows.map((row) => row.destinationId),
    true,
  );

/** Whether lead, consents and authorisation are those that the content was written by. */
function stillStands(
  { row, readRevision, record, authorisation, former }: Ready,
  { leads, authorisations, now }: LockedState,
): boolean {
  const lead = leads.get(row.leadId);
  if (lead === undefined || lead.revision !== readRevision || (lead.erased && row.action !== 'erase'))
    return false;
  if (record.freshUntil !== undefined && record.freshUntil <= now) return false;
  const all = authorisations.get(row.destinationId) ?? [];
  return (former === true ? all : liveAuthorisations(all, now)).some(
    (other) => other.id === authorisation.id,
  );
}

const entriesOf = async (leaving: readonly Departure[]): Promise<readonly Handover[]> =>
  leaving.flatMap((departure) => departureEntries(departure));

async function logDepartures(
  tx: Sql,
  leaving: readonly Departure[],
  entries: readonly Handover[],
  now: Date,
): Promise<void> {
  await appendHandovers(tx, entries, now);
  await noteCallDepartures(
    tx,
    leaving.flatMap((departure) => callDepartures(departure)),
  );
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
