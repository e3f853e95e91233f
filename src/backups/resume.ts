// Makes a loaded backup fit to go on: the ledger, the retention calendar, ids above all that were given, a new life, an entry in the log.
// Invariant: until all of this is done no process changes anything or sends; afterwards only once a person has opened it.
import type { Database, Sql } from '../store/database.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { beginLife } from '../store/installation.ts';
import {
  highestSecret,
  lastRestore,
  markOpened,
  raiseIds,
  raiseNumbers,
  restoreApplied,
} from '../store/backups/restores.ts';
import { clientsToVisit } from '../store/retention/retention-candidates.ts';
import { purgeRefused } from '../store/intake/refused-rows.ts';
import type { Retention } from '../retention/run.ts';
import { backupMoment } from '../domain/backup-rotation.ts';
import { RelaisError } from '../errors.ts';
import { join } from 'node:path';
import { dissolve } from '../store/retention/gone-leads.ts';
import { laterLeads } from '../store/backups/long-copies.ts';
import { readPersons } from './long-copy.ts';
import type { LongCopy } from './manifest.ts';
import { raiseLines } from '../store/backups/erasures-unwritten.ts';
import { applyLedger, type AppliedLedger, type ApplyLedger } from './apply-ledger.ts';
import type { LedgerLine, LedgerRead } from './ledger.ts';

export interface ResumeDeps extends ApplyLedger {
  readonly keysSchema: string;
  readonly retention: Pick<Retention, 'begin' | 'finish'>;
  readonly refusedDays: number;
  /** Rules of a restore that the operator waived, for the log. */
  readonly waived: string;
}

/** Persons of a long copy whose secret is still there; leads that came while it was written are removed. */
export async function bringPersonsBack(
  { database, secrets }: Pick<ResumeDeps, 'database' | 'secrets'>,
  long: LongCopy,
  source: { readonly folder: string; readonly identity: string },
): Promise<{ readonly back: number; readonly forgotten: number }> {
  const path = join(source.folder, long.persons.file);
  const counts = await readPersons(database, secrets, { path, identity: source.identity });
  const later = await laterLeads(database, long.upTo);
  await database.transaction((tx) => dissolve(tx, later));
  return counts;
}

/** Ids given since the last line of the ledger are unknown: so many are left out. A million leads a day make five million entries. */
export const spareIds = (table: string): number =>
  // There are 900 numbers of installations in all.
  table === 'instances'
    ? 10
    : ['leads', 'consents', 'deliveries', 'handovers', 'lead_intake'].includes(table)
      ? 10_000_000
      : 10_000;

/** Numbers that a client or a destination may have been given in a day: a file every five minutes, and of all else far fewer. */
const numbersADay = { files: 288, others: 100 };
const dayMs = 86_400_000;

export async function resume(
  deps: ResumeDeps,
  ledger: { readonly read: LedgerRead; readonly parts: AsyncIterable<readonly LedgerLine[]> },
  backup: string,
): Promise<AppliedLedger> {
  const { database, keysSchema, actor, reason, waived } = deps;
  const { leads = 0, ...known } = ledger.read.highest;
  const highestLead = Math.max(leads, await highestSecret(database, keysSchema));
  // Before anything is written: an entry or a task of the restore bears no number that its former life gave.
  await raiseIds(database, { ...known, leads: highestLead }, spareIds);
  const begun = backupMoment(backup) ?? database.now();
  const days = Math.max(0, Math.ceil((database.now().getTime() - begun.getTime()) / dayMs)) + 1;
  await database.transaction(async (tx) => {
    await raiseNumbers(tx, { files: numbersADay.files * days, others: numbersADay.others * days });
    await raiseLines(tx, ledger.read.written);
  });
  // The backup has every withdrawal before it; an act may take a while to be stored, and the two clocks may differ.
  const since = new Date(begun.getTime() - dayMs);
  // The entries of persons name the backup: the typed reason may hold a word that is the name of one of them, and would be refused.
  const applied = await applyLedger({ ...deps, reason: backup }, ledger.parts, since);
  await runCalendar(deps);
  await database.transaction(async (tx) => {
    await beginLife(tx, { actor, reason });
    await appendHandover(tx, {
      entry: 'restored',
      clientId: '',
      actor,
      purpose: reason,
      fileName: backup,
      target: waived,
      reason: `erased:${applied.erased} gone:${applied.gone} rows:${applied.rows} withdrawn:${applied.withdrawn} restricted:${applied.restricted}`,
    });
    await restoreApplied(tx);
  });
  return applied;
}

/** Leads and refused rows whose day came since the backup. */
async function runCalendar({ database, retention, refusedDays, actor }: ResumeDeps): Promise<void> {
  for (const clientId of await clientsToVisit(database))
    await retention.finish(await retention.begin(clientId, actor));
  const purge = (tx: Sql): Promise<number> => purgeRefused(tx, refusedDays, 200);
  for (let part = 1; part !== 0;) part = await database.transaction(purge, { undoIf: (count) => count < 0 });
}

/** A person has looked at the restored database, and lets the gateway go on. @throws BACKUP-001 */
export async function openRestored(
  database: Database,
  by: { readonly actor: string; readonly reason: string },
): Promise<void> {
  const restore = await lastRestore(database);
  if (restore === undefined || restore.openedAt !== null)
    throw new RelaisError('BACKUP-001', 'No restored database waits to be opened here.');
  if (restore.appliedAt === null)
    throw new RelaisError(
      'BACKUP-001',
      `The restore of ${restore.backup} did not end: drop both schemas, create them empty (docs/backups.md, "Restoring") and restore again.`,
    );
  await database.transaction(async (tx) => {
    await markOpened(tx);
    await appendHandover(tx, {
      entry: 'restore_opened',
      clientId: '',
      actor: by.actor,
      purpose: by.reason,
      fileName: restore.backup,
    });
  });
}
