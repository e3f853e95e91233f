// Reads entries of leads from the archives of the log, so that an answer to a person is complete.
// Invariant: an archive is read only once it verifies and is the recorded one.
import { join } from 'node:path';
import type { Action } from '../../../connectors/contract.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { missingArchive } from '../../errors/unknown.ts';
import { logArchives } from '../../store/archives.ts';
import type { Sql } from '../../store/database.ts';
import { handoverColumns } from '../../store/handover-text.ts';
import type { LeadEntry } from '../../store/lead-log.ts';
import { checkArchiveFile, linesOf } from '../archive-file.ts';

/** @throws LOG-002 when an archive is missing or does not verify */
export async function archivedEntries(
  sql: Sql,
  { folder, sealKeys }: { readonly folder: string; readonly sealKeys: KeyRing },
  leadIds: readonly number[],
): Promise<readonly LeadEntry[]> {
  const wanted = new Set(leadIds);
  // Every value of an entry is a text: a line without an id of these leads is not parsed.
  const marks = leadIds.map((id) => `"${id}"`);
  const found: LeadEntry[] = [];
  for (const { fileName, digest } of await logArchives(sql)) {
    const path = join(folder, fileName);
    const check = await checkArchiveFile(path, sealKeys);
    if (!check.ok || !check.digest.equals(digest)) throw missingArchive(fileName, folder);
    for await (const line of linesOf(path)) {
      if (!line.startsWith('[') || !marks.some((mark) => line.includes(mark))) continue;
      const entry = entryOf(line);
      if (wanted.has(entry.leadId)) found.push(entry);
    }
  }
  return found;
}

/** As `entryTextOf` wrote it. */
function entryOf(line: string): LeadEntry {
  const [id, ...values] = JSON.parse(line) as readonly (number | string | null)[];
  const text = (column: (typeof handoverColumns)[number]): string =>
    String(values[handoverColumns.indexOf(column)] ?? '');
  const number = (column: (typeof handoverColumns)[number]): number => Number(text(column));
  return {
    id: Number(id),
    at: new Date(`${text('at').slice(0, 23)}Z`),
    entry: text('entry'),
    destinationId: text('destination_id'),
    deliveryId: number('delivery_id'),
    leadId: number('lead_id'),
    run: number('run'),
    attempt: number('attempt'),
    action: text('action') as Action | '',
    actor: text('actor'),
    purpose: text('purpose'),
    connector: text('connector'),
    recipient: text('recipient'),
    target: text('target'),
    fields: text('fields'),
    consents: text('consents') || '[]',
    outcome: text('outcome'),
    reason: text('reason'),
    status: number('status'),
    callName: text('call_name'),
    mappingVersionId: number('mapping_version_id'),
  };
}
