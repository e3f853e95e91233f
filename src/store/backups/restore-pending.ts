// Reads if a backup was restored into this database and no person has opened it yet: until then Relais reads only (C44).
// Invariant: one condition for the start of a process, for its later statements, and for what `relais status` says.

export const restorePending = 'EXISTS (SELECT 1 FROM restores WHERE opened_at IS NULL)';

interface Reading {
  readonly all: <T>(text: string) => Promise<readonly T[]>;
}

export const isRestorePending = async (sql: Reading): Promise<boolean> =>
  (await sql.all<{ pending: number }>(`SELECT ${restorePending} AS pending`))[0]?.pending === 1;
