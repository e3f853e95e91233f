// Declares the filter of a list of deliveries, and the SQL conditions made from it.
// Invariant: types only; delivery-lists.ts makes the conditions.
import type { DeliveryState } from '../domain/delivery.ts';
import type { SqlValue } from './database.ts';

export interface DeliveryFilter {
  readonly client?: string;
  readonly destination?: string;
  readonly state?: DeliveryState;
  /** The reason's base (`refused`) or whole (`refused:programme_closed`). */
  readonly reason?: string;
  readonly since?: Date;
  readonly until?: Date;
  /** The centre's reference of the lead. */
  readonly lead?: string;
  /** Only deliveries that this bulk run has processed, as long as its list is kept. */
  readonly bulkRun?: number;
  /** Only deliveries that need a person: failed and not closed, or waiting for support's decision. */
  readonly open?: boolean;
}

export interface Conditions {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Width of the range of ids that the period covers. */
  readonly span?: number;
}
