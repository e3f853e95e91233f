// Who acts, for whom, and what belongs to the same transaction.
import type { Sql } from '../../store/database.ts';
import type { Scope } from '../scope.ts';

export interface Acting {
  readonly scope: Scope;
  /** As the log names it: `account:7`, `key:3`. */
  readonly actor: string;
}

/** Done in the transaction of the act, with what it did: both stand, or neither does. */
export type With<T> = (tx: Sql, done: T) => Promise<void>;

export const alone = (): Promise<void> => Promise.resolve();
