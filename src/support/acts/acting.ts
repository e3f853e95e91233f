// Types of an act of support: the actor with its scope, and further work in the same transaction.
import type { Sql } from '../../store/database.ts';
import type { Scope } from '../scope.ts';

export interface Acting {
  readonly scope: Scope;
  /** Its name in the log: `account:7`, `key:3`. */
  readonly actor: string;
}

/** Runs in the transaction of the act, with its result: both commit, or neither. */
export type With<T> = (tx: Sql, done: T) => Promise<void>;

export const alone = (): Promise<void> => Promise.resolve();
