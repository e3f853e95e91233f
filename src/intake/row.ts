// The type of a row that follows the lead contract.
// Invariant: only the sender's values; the defaults are the kind of operation and the initiator of an interaction.
import type { ConsentRecord, Interaction } from '../domain/lead.ts';
import type { LeadColumn, LeadFields } from '../domain/lead-fields/columns.ts';
import type { RowKind } from './fields.ts';

/** A row that follows the contract, read. */
export interface CheckedRow {
  readonly kind: RowKind;
  readonly clientId: string;
  readonly reference: string;
  /** For a lead: its reference; with client and kind it makes the row unique. */
  readonly rowReference: string;
  readonly fields: LeadFields;
  readonly clear: readonly LeadColumn[];
  readonly consents: readonly ConsentRecord[];
  readonly interactions: readonly Interaction[];
}
