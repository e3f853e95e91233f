// What a departure leaves behind: its entries in the log, and of several calls which one left.
// Invariant: pure; an entry holds ids, codes, names of fields and digests, never content.
import { createHash } from 'node:crypto';
import type { Composed, Parcel } from '../../../connectors/contract.ts';
import { contentDigest } from '../../domain/keyed.ts';
import type { CallDeparture } from '../../store/calls.ts';
import type { DepartureMark } from '../../store/delivery-departures.ts';
import type { Handover } from '../../store/handovers.ts';
import { entryNames } from '../../store/entry-names.ts';
import { citesOf } from './cites.ts';
import { writtenAtOf, type Ready } from './render.ts';

export interface Departure {
  readonly ready: readonly Ready[];
  readonly parcel: Parcel;
  readonly composed: Composed;
  readonly connector: string;
  /** Who made it leave; a worker when absent. */
  readonly actor?: string | undefined;
  readonly mappingVersionId: number;
  /** Digest of that version, for the entry. */
  readonly mappingDigest: string | undefined;
  /** Per-lead secrets, for the digests. */
  readonly secrets: ReadonlyMap<number, Buffer>;
  /** A file written for the first time: its bytes are kept in the same transaction. */
  readonly keep?: {
    readonly batchId: number;
    readonly fileName: string;
    /** Of a part: when the last row of its whole expires. */
    readonly expiresAt?: Date | undefined;
  };
}

export const marksOf = ({ ready, mappingVersionId }: Departure): readonly DepartureMark[] =>
  ready.map((prepared) => ({
    id: prepared.row.id,
    token: prepared.row.leaseToken,
    writtenAt: writtenAtOf(prepared.row),
    sentRevision: prepared.call?.attempt.oldestRevision ?? prepared.contentRevision,
    sentMappingId: mappingVersionId,
  }));

export function callDepartures({ ready, mappingVersionId }: Departure): readonly CallDeparture[] {
  return ready.flatMap(({ row, call, contentRevision }) =>
    call === undefined
      ? []
      : [
          {
            deliveryId: row.id,
            leadId: row.leadId,
            destinationId: row.destinationId,
            name: call.name,
            run: row.run,
            attempt: row.attempt,
            sentRevision: contentRevision,
            sentMappingId: mappingVersionId,
          },
        ],
  );
}

export function departureEntries(departure: Departure): readonly Handover[] {
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
        actor: departure.actor ?? 'worker',
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
          authorisation,
          secret,
          mapping: departure.mappingDigest,
          consents: lead.consents,
        }),
      };
    },
  );
}
