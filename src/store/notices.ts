// Stores the notices of each client, word for word, so that the wording a prospect got remains provable (C14).
// Invariant: a wording is written once and never changed; nothing is deleted.
import type { Notice, WordedNotice } from '../domain/notice.ts';
import { inList, rowMarks, type Sql } from './database.ts';

/** Stores new notices. Returns the versions that exist with another wording: nothing is written then. */
export async function keepNotices(
  tx: Sql,
  clientId: string,
  notices: readonly WordedNotice[],
): Promise<readonly string[]> {
  if (notices.length === 0) return [];
  const known = new Map(
    (
      await tx.all<{ version: string; channel: string; wording: string }>(
        'SELECT version, channel, wording FROM notices WHERE client_id = ? FOR UPDATE',
        [clientId],
      )
    ).map(({ version, channel, wording }) => [`${version}\n${channel}`, wording]),
  );
  const before = ({ version, channel }: Notice): string | undefined => known.get(`${version}\n${channel}`);
  const changed = notices.filter((notice) => (before(notice) ?? notice.wording) !== notice.wording);
  if (changed.length > 0) return changed.map(({ version }) => version);
  await tx.run(
    `INSERT INTO notices (client_id, version, channel, wording, valid_from) VALUES ${rowMarks(notices.length, 5)}
     ON DUPLICATE KEY UPDATE valid_from = VALUES(valid_from)`,
    notices.flatMap(({ version, channel, wording, from }) => [
      clientId,
      version,
      channel,
      wording,
      new Date(from),
    ]),
  );
  return [];
}

/** Notices by client, without their wording. */
export async function noticesOf(
  sql: Sql,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Notice[]>> {
  if (clientIds.length === 0) return new Map();
  const { marks, values } = inList(clientIds);
  const rows = await sql.all<{
    client_id: string;
    version: string;
    channel: Notice['channel'];
    valid_from: Date;
  }>(`SELECT client_id, version, channel, valid_from FROM notices WHERE client_id IN (${marks})`, values);
  return new Map(
    [...Map.groupBy(rows, (row) => row.client_id)].map(([clientId, own]) => [
      clientId,
      own.map(({ version, channel, valid_from: from }) => ({ version, channel, from: from.toISOString() })),
    ]),
  );
}
