// One written lead as a parcel, for tools that show or try what would leave.
// Invariant: the parcel of a delivery in everything but its numbers: it belongs to none.
import type { Parcel } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';

/** @param sequence number of the file, where there are files */
export function singleParcel(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
  { body, sheet, title }: Pick<Parcel, 'body' | 'sheet' | 'title'>,
  sequence = 1,
): Parcel {
  const { action, key, captured, recipientReference, writtenAt } = situation;
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action,
    items: [
      {
        deliveryId: 0,
        key,
        idempotencyKey: key,
        leadReference: lead.reference,
        ...(recipientReference === undefined ? {} : { recipientReference }),
        ...(captured === undefined ? {} : { captured }),
      },
    ],
    body,
    ...(sheet === undefined ? {} : { sheet }),
    ...(title === undefined ? {} : { title }),
    ...(mapping.schedule === undefined ? {} : { batch: { sequence, slot: writtenAt, rows: 1 } }),
    writtenAt,
  };
}
