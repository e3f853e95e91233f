// Makes a parcel of one written lead, for tools that show or try a request.
// Invariant: equal to the parcel of a delivery except for the numbers, since it belongs to none.
import type { Parcel } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';

/** @param sequence number of the file, for destinations of files */
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
