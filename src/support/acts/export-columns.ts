// The columns of each list that is exported, by names that stay.
// Invariant: ids, codes, times and the centre's references; nothing a lead's tables hold of a person.
import { addDays, civilDate } from '../../domain/civil-date.ts';
import type { LoggedEntry } from '../../store/log-range.ts';
import type { Request } from '../../store/requests.ts';
import type { DeliveryHead } from '../reads/deliveries.ts';

export interface Columns<T> {
  readonly names: readonly string[];
  readonly cells: (row: T) => readonly (string | number | Date | null)[];
}

export const deliveryColumns: Columns<DeliveryHead> = {
  names: [
    'number',
    'key',
    'client',
    'destination',
    'lead',
    'action',
    'state',
    'reason',
    'run',
    'attempt',
    'planned',
    'due',
    'settled',
  ],
  cells: (row) => [
    row.id,
    row.key,
    row.client,
    row.destination,
    row.erased ? '' : row.lead,
    row.action,
    row.state,
    row.reason,
    row.run,
    row.attempt,
    row.createdAt,
    row.dueAt,
    row.settledAt,
  ],
};

export const requestColumns: Columns<Request> = {
  names: [
    'number',
    'client',
    'kind',
    'state',
    'outcome',
    'received',
    'last_day',
    'extended',
    'applied',
    'informed',
    'closed',
  ],
  cells: (row) => [
    row.id,
    row.clientId,
    row.kind,
    row.state,
    row.outcome,
    row.receivedAt,
    addDays(civilDate(row.dueAt), -1),
    row.extendedAt,
    row.appliedAt,
    row.informedAt,
    row.closedAt,
  ],
};

export const logColumns: Columns<LoggedEntry> = {
  names: [
    'entry_number',
    'at',
    'entry',
    'client',
    'destination',
    'delivery',
    'lead_number',
    'run',
    'attempt',
    'actor',
    'purpose',
    'recipient',
    'outcome',
    'reason',
    'status',
  ],
  cells: (row) => [
    row.id,
    row.at,
    row.entry,
    row.client,
    row.destination,
    row.delivery,
    row.lead,
    row.run,
    row.attempt,
    row.actor,
    row.purpose,
    row.recipient,
    row.outcome,
    row.reason,
    row.status,
  ],
};
