// A database at which somebody else comes in between: what they do is done when its next transaction begins, and before it.
import type { Database } from '../../src/store/database.ts';

export function crossed(database: Database, meanwhile: () => Promise<unknown>): Database {
  let isDone = false;
  return {
    ...database,
    transaction: async (work, options) => {
      if (!isDone) {
        isDone = true;
        await meanwhile();
      }
      return database.transaction(work, options);
    },
  };
}
