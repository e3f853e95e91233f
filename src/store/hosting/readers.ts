// Lets a client read its own database from its own addresses until an agreed day, and ends that (C57).
// Invariant: only in an installation for one client; an account is listed before it has a right, and ended after it has lost all.
import type { CivilDate } from '../../domain/civil-date.ts';
import { RelaisError } from '../../errors.ts';
import { SqlFailure, type Database, type ReadOnlySql } from '../database.ts';
import { requireAddress } from './instance-accounts.ts';
import { readDedication } from './instances.ts';

export interface DatabaseReader {
  readonly account: string;
  readonly origin: string;
  /** The last day, in Paris. */
  readonly validUntil: CivilDate;
  readonly reason: string;
  readonly isEnded: boolean;
}

/** Tables that a client may read: what it gave and received; no account, no key, nothing of how the centre works. */
const readTables = [
  'leads',
  'prospects',
  'lead_projects',
  'lead_origins',
  'lead_finances',
  'consents',
  'interactions',
  'deliveries',
  'destinations',
  'authorisations',
  'instructions',
  'operations',
  'client_notes',
  'handovers',
] as const;

export async function listReaders(sql: ReadOnlySql): Promise<readonly DatabaseReader[]> {
  const rows = await sql.all<Omit<DatabaseReader, 'isEnded'> & { readonly ended: 0 | 1 }>(
    `SELECT account, origin, DATE_FORMAT(valid_until, '%Y-%m-%d') AS validUntil, reason, ended_at IS NOT NULL AS ended
       FROM database_readers ORDER BY account, origin`,
  );
  return rows.map(({ ended, ...reader }) => ({ ...reader, isEnded: ended === 1 }));
}

/** True where the agreed day has passed and the account still reads. */
export const isOverdue = ({ isEnded, validUntil }: DatabaseReader, today: CivilDate): boolean =>
  !isEnded && validUntil < today;

/** @throws INSTANCE-001 in a shared installation */
export async function requireDedicated(sql: ReadOnlySql): Promise<string> {
  const dedication = await readDedication(sql);
  if (dedication === undefined)
    throw new RelaisError(
      'INSTANCE-001',
      'Other clients are in this database: a client reads its own in an installation of its own only.',
    );
  return dedication.clientId;
}

/** Lists the account, or gives it another last day. @param make creates it in MySQL, once it is listed */
export async function addReader(
  owner: Database,
  {
    account,
    origin,
    validUntil,
    reason,
    actor,
  }: Omit<DatabaseReader, 'isEnded'> & { readonly actor: string },
  make: () => Promise<void>,
): Promise<void> {
  requireAddress(origin);
  await owner.run(
    `INSERT INTO database_readers (account, origin, valid_until, reason, actor) VALUES (?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE valid_until = VALUES(valid_until), reason = VALUES(reason), actor = VALUES(actor), ended_at = NULL`,
    [account, origin, validUntil, reason, actor],
  );
  await make();
  for (const table of readTables)
    await owner.text(`GRANT SELECT ON \`${owner.name}\`.\`${table}\` TO '${account}'@'${origin}'`);
}

/** There is no such grant, or no such account. */
const nothingToRevoke = new Set([1141, 1147, 1269, 1396]);

/** Takes all rights; the account itself stays without any. */
export async function endReader(
  owner: Database,
  { account, origin }: Pick<DatabaseReader, 'account' | 'origin'>,
): Promise<void> {
  requireAddress(origin);
  for (const table of readTables)
    await owner
      .text(`REVOKE SELECT ON \`${owner.name}\`.\`${table}\` FROM '${account}'@'${origin}'`)
      .catch((error: unknown) => {
        if (!(error instanceof SqlFailure) || !nothingToRevoke.has(error.errno)) throw error;
      });
  await owner.run(
    'UPDATE database_readers SET ended_at = UTC_TIMESTAMP(3) WHERE account = ? AND origin = ? AND ended_at IS NULL',
    [account, origin],
  );
}
