// What a list of deliveries may be narrowed by, and the SQL it becomes.
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
  /** Only what this bulk run has done, as long as its list is kept. */
  readonly bulkRun?: number;
  /** Only what needs a person: failed and not closed, or waiting for support's decision. */
  readonly open?: boolean;
}

export interface Conditions {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Ids between which a period lies. */
  readonly span?: number;
}
