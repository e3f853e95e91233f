// Station 5c: the moment of departure. Locks and re-reads lead, consents and authorisation, appends `departed`, commits.
// Invariant: committing here is departing; nothing leaves before, nothing the prospect took back leaves after (guarantees 3 and 6).
import { createHash } from 'node:crypto';
import type { Composed, Parcel } from '../../../connectors/contract.ts';
import { liveAuthorisations } from '../../domain/destination.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { contentDigest } from '../../domain/keyed.ts';
import { expireTogether, keepBytes } from '../../store/batches.ts';
import { noteCallDepartures, type CallDeparture } from '../../store/calls.ts';
import type { Database, Sql } from '../../store/database.ts';
import { readAuthorisations } from '../../store/authorisations.ts';
import { appendHandovers, type Handover } from '../../store/handovers.ts';
import { lockLeads } from '../../store/leads.ts';
import { lockLeased, type Holds } from '../../store/leases.ts';
import { markDeparted } from '../../store/sending.ts';
import { citesOf } from './cites.ts';
import { writtenAtOf, type Ready } from './render.ts';
import { entryNames } from '../planning/entry-names.ts';

export interface Departure {
  readonly ready: readonly Ready[];
  readonly parcel: Parcel;
  readonly composed: Composed;
  readonly connector: string;
  readonly mappingVersionId: number;
  /** Digest of that version, for the entry. */
  readonly mappingDigest: string | undefined;
  /** Per-lead secrets, for the digests. */
  readonly secrets: ReadonlyMap<number, Buffer>;
  /** A file written for the first time: its bytes are kept in the same transaction. */
  readonly keep?: { readonly batchId: number; readonly fileName: string };
}

/** `changed`: read and write again. `lost`: the lease is someone else's now. */
export type DepartureAnswer = 'departed' | 'changed' | 'lost';

/** Departures of several parcels in one transaction; each parcel departs whole or not at all. */
export async function depart(
  database: Database,
  masterKeys: KeyRing,
  departures: readonly Departure[],
): Promise<readonly DepartureAnswer[]> {
  // Nearly always every lease is still ours: the rows are then locked by the statement that changes them.
  return (
    (await database.transaction((tx) => departTogether(tx, masterKeys, departures, true), {
      undoIf: (answers) => answers === undefined,
    })) ??
    (await database.transaction(
      async (tx) => (await departTogether(tx, masterKeys, departures, false)) ?? [],
    ))
  );
}

/** @param trusting takes every lease for held; undefined is answered when one turns out to be lost */
async function departTogether(
  tx: Sql,
  masterKeys: KeyRing,
  departures: readonly Departure[],
  trusting: boolean,
): Promise<readonly DepartureAnswer[] | undefined> {
  const all = departures.flatMap((one) => one.ready);
  const leads = await lockLeads(
    tx,
    all.map((one) => one.row.leadId),
  );
  const authorisations = await readAuthorisations(
    tx,
    all.map((one) => one.row.destinationId),
    true,
  );
  // Leads before deliveries, as erasure and settlement lock them.
  const holds: Holds = trusting
    ? () => true
    : await lockLeased(
        tx,
        all.map((one) => ({ id: one.row.id, token: one.row.leaseToken })),
      );
  // After the locks: what was waited for has passed.
  const now = tx.now();
  const answers = departures.map((one): DepartureAnswer => {
    if (one.ready.some(({ row }) => !holds(row.id, row.leaseToken))) return 'lost';
    return one.ready.every((item) => unchanged(item)) ? 'departed' : 'changed';
  });

  function unchanged({ row, readRevision, record, authorisation, former }: Ready): boolean {
    const lead = leads.get(row.leadId);
    if (lead === undefined || lead.revision !== readRevision || (lead.erased && row.action !== 'erase'))
      return false;
    if (record.freshUntil !== undefined && record.freshUntil <= now) return false;
    const all = authorisations.get(row.destinationId) ?? [];
    return (former === true ? all : liveAuthorisations(all, now)).some((one) => one.id === authorisation.id);
  }

  const leaving = departures.filter((_, index) => answers[index] === 'departed');
  const held = await markDeparted(
    tx,
    leaving.flatMap((one) =>
      one.ready.map((item) => ({
        id: item.row.id,
        token: item.row.leaseToken,
        writtenAt: writtenAtOf(item.row),
        sentRevision: item.call?.attempt.oldestRevision ?? item.contentRevision,
        sentMappingId: one.mappingVersionId,
      })),
    ),
    !trusting,
  );
  if (!held) return undefined;
  await appendHandovers(
    tx,
    leaving.flatMap((one) => entriesOf(one)),
    now,
  );
  await noteCallDepartures(
    tx,
    leaving.flatMap((one) => callsOf(one)),
  );
  for (const one of leaving) await keepFile(tx, masterKeys, one);
  return answers;
}

function callsOf({ ready, mappingVersionId }: Departure): readonly CallDeparture[] {
  return ready.flatMap(({ row, call, contentRevision }) =>
    call === undefined
      ? []
      : [
          {
            ...{ deliveryId: row.id, leadId: row.leadId, destinationId: row.destinationId },
            ...{ name: call.name, run: row.run, attempt: row.attempt },
            ...{ sentRevision: contentRevision, sentMappingId: mappingVersionId },
          },
        ],
  );
}

function entriesOf(departure: Departure): readonly Handover[] {
  const { parcel, composed } = departure;
  // One file holds many leads: each is digested over the file's hash, under its own key, instead of over megabytes.
  const digested =
    parcel.batch === undefined ? composed.content : createHash('sha256').update(composed.content).digest();
  return departure.ready.map(
    ({ row, lead, record, authorisation, former, contentRevision, call }): Handover => {
      const secret = departure.secrets.get(row.leadId);
      return {
        entry: 'departed',
        ...entryNames(row),
        ...(call === undefined ? {} : { call: call.name }),
        actor: 'worker',
        connector: departure.connector,
        recipient: authorisation.recipient,
        target: composed.target,
        authorisationId: authorisation.id,
        ...(former === true ? { reason: 'former_authorisation' } : {}),
        mappingVersionId: departure.mappingVersionId,
        leadRevision: contentRevision,
        fields: record.fieldNames,
        consents: record.consents,
        ...(secret === undefined ? {} : { digest: contentDigest(secret, row.id, digested) }),
        bytes: composed.content.byteLength,
        ...(composed.fileName === undefined ? {} : { fileName: composed.fileName }),
        cited: citesOf({
          ...{ authorisation, secret },
          mapping: departure.mappingDigest,
          consents: lead.consents,
        }),
      };
    },
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
    new Date(Math.max(...ready.map((one) => one.row.expiresAt.getTime()))),
  );
}
