// One transaction over a handful of taken rows: judge, write the lead tables, leave receipts and changes, remove or refuse.
// Invariant: per lead, rows count in the order of their ids; a row that must wait for an earlier one stays 'new'.
import type { Sql } from '../store/database.ts';
import {
  blankRows,
  insertReceipts,
  receiptsOf,
  refuseRows,
  removeRows,
  type LeadName,
  type RowRefusal,
} from '../store/intake.ts';
import { newRowsAbout, type IntakeRow, type RowId } from '../store/intake-take.ts';
import { lockClients } from '../store/same-person.ts';
import { findLeads, insertChanges, lockNamedLeads, nameKey, type LeadChange } from '../store/lead-writes.ts';
import { insertAnswers, type AcceptedRow } from './answers.ts';
import { applyRows } from './apply.ts';
import { afterWithdrawals, takesAlone, tellSamePerson } from './same-person.ts';
import type { Candidate, RowLedger, ProcessedRows, ProcessDeps } from './batch.ts';
import { checkRow, tooLong } from './contract.ts';
import { createRows } from './create.ts';
import { rowDigest } from './digest.ts';
import { refusal, refusalText } from './refusals.ts';
import { tellRefusedRights } from './refused-rights.ts';
import type { CheckedRow } from './row.ts';

/** Takes the `lead` rows of these names that are free, with their content. */
export type Pull = (names: readonly LeadName[]) => Promise<readonly IntakeRow[]>;

export async function processRows(
  tx: Sql,
  deps: ProcessDeps,
  taken: readonly IntakeRow[],
  pull: Pull,
): Promise<ProcessedRows> {
  const refused: RowRefusal[] = [];
  const refuse: RowLedger['refuse'] = ({ id }, refusals) =>
    void refused.push({ id, refusal: refusalText(refusals) });
  const judge = (rows: readonly IntakeRow[]): Candidate[] => rows.flatMap((row) => judged(row, deps, refuse));

  const first = judge(taken);
  const { pulled, waits } = await inOrder(tx, taken, first, pull);
  const candidates = [...first, ...judge(pulled)];
  const later = new Set([...waits, ...afterWithdrawals(candidates)]);
  const ready = await ofKnownClients(
    tx,
    candidates.filter((candidate) => !later.has(candidate.id)),
    refuse,
  );
  const leadRows = ready.filter((candidate) => candidate.row.kind === 'lead');
  const others = ready.filter((candidate) => candidate.row.kind !== 'lead');

  // Locks come before receipts are read, so that a twin row in another process is seen.
  const locked = await lockNamedLeads(
    tx,
    others.map((candidate) => candidate.row),
  );
  const existing = await findLeads(
    tx,
    leadRows.map((candidate) => candidate.row),
  );
  const accepted: AcceptedRow[] = [];
  const changes: LeadChange[] = [];
  const duplicates: RowId[] = [];
  const known = new Map(
    (
      await receiptsOf(
        tx,
        ready.map((candidate) => candidate.row),
      )
    ).map((receipt) => [rowKey(receipt), receipt.digest]),
  );
  const ledger: RowLedger = {
    refuse,
    isFirst: (candidate) => {
      const digest = known.get(rowKey(candidate.row));
      if (digest === undefined) return true;
      if (digest.equals(candidate.digest)) duplicates.push(candidate.id);
      else if ((existing.get(nameKey(candidate.row)) ?? locked.get(nameKey(candidate.row)))?.erased === true)
        refuse(candidate, [refusal('reference', 'LEAD_ERASED')]);
      else
        refuse(candidate, [
          refusal(candidate.row.kind === 'lead' ? 'reference' : 'row_reference', 'REFERENCE_USED'),
        ]);
      return false;
    },
    accept: (candidate, leadId, change) => {
      known.set(rowKey(candidate.row), candidate.digest);
      accepted.push({ candidate, leadId });
      changes.push(change);
    },
  };
  const created = await createRows(tx, deps, leadRows, existing, ledger);
  await applyRows(tx, deps, others, locked, created, ledger);
  await insertAnswers(tx, accepted);

  await insertReceipts(
    tx,
    accepted.map(({ candidate: { row, digest, receivedAt }, leadId }) => ({
      ...row,
      leadId,
      digest,
      receivedAt,
    })),
  );
  await insertChanges(tx, changes);
  await tellSamePerson(tx, deps, accepted);
  await removeRows(tx, [...accepted.map((accepted) => accepted.candidate.id), ...duplicates]);
  await refuseRows(tx, refused);
  await tellRefusedRights(tx, [...taken, ...pulled], refused);
  await forgetErased(tx, [...taken, ...pulled], new Set(refused.map((refusal) => refusal.id)));
  return {
    accepted: accepted.length,
    refused: refused.length,
    duplicates: duplicates.length,
    waiting: later.size,
    changes,
  };
}

/** A refused row stays for support to see; of one about an erased lead only its names and reasons do, whatever it was refused for (C22). */
async function forgetErased(tx: Sql, rows: readonly IntakeRow[], refused: ReadonlySet<RowId>): Promise<void> {
  const named = rows
    .filter((row) => refused.has(row.id))
    .map(({ id, values }) => ({
      id,
      clientId: String(values.client_id),
      reference: String(values.reference),
    }));
  // Under the lead's lock: an erasure that is committing now either takes these rows along or is seen here.
  const leads = await lockNamedLeads(tx, uniqueNames(named));
  await blankRows(
    tx,
    named.filter((head) => leads.get(nameKey(head))?.erased === true).map((head) => head.id),
  );
}

const rowKey = (row: Pick<CheckedRow, 'clientId' | 'rowReference'> & { readonly kind: string }): string =>
  `${row.kind}\n${row.clientId}\n${row.rowReference}`;

function judged(
  row: IntakeRow,
  deps: Pick<ProcessDeps, 'digestKey'>,
  refuse: RowLedger['refuse'],
): Candidate[] {
  if (row.tooLong.length > 0) {
    refuse(row, tooLong(row.tooLong));
    return [];
  }
  // Against the database's clock: a gateway host whose clock runs late would refuse sound leads as of the future.
  const checked = checkRow(row.values, row.takenAt);
  if ('row' in checked)
    return [
      {
        id: row.id,
        receivedAt: row.receivedAt,
        row: checked.row,
        digest: rowDigest(deps.digestKey, checked.row),
      },
    ];
  refuse(row, checked.refusals);
  return [];
}

async function ofKnownClients(
  tx: Sql,
  candidates: readonly Candidate[],
  refuse: RowLedger['refuse'],
): Promise<Candidate[]> {
  const clients = await lockClients(
    tx,
    candidates.map((candidate) => candidate.row.clientId),
    candidates.some((candidate) => takesAlone(candidate.row)) ? 'alone' : 'shared',
  );
  return candidates.filter((candidate) => {
    const isKnown = clients.has(candidate.row.clientId);
    if (!isKnown) refuse(candidate, [refusal('client_id', 'UNKNOWN_CLIENT')]);
    return isKnown;
  });
}

/**
 * Corrections and events follow what came before them. A `lead` row they need is pulled in although its id is beyond the limit;
 * where another process holds it, or holds an earlier row about the lead, they wait for the next round.
 */
async function inOrder(
  tx: Sql,
  taken: readonly IntakeRow[],
  candidates: readonly Candidate[],
  pull: Pull,
): Promise<{ pulled: readonly IntakeRow[]; waits: ReadonlySet<RowId> }> {
  const followers = candidates.filter((candidate) => candidate.row.kind !== 'lead');
  if (followers.length === 0) return { pulled: [], waits: new Set() };
  const names = uniqueNames(followers.map((candidate) => candidate.row));
  const about = Map.groupBy(await newRowsAbout(tx, names), nameKey);
  const ours = new Set(taken.map((row) => row.id));
  const missing = names.filter((name) =>
    about.get(nameKey(name))?.some((row) => row.kind === 'lead' && !ours.has(row.id)),
  );
  const pulled = missing.length === 0 ? [] : await pull(missing);
  for (const row of pulled) ours.add(row.id);
  const waits = followers.filter((follower) =>
    about
      .get(nameKey(follower.row))
      ?.some((row) => !ours.has(row.id) && (row.kind === 'lead' || row.id < follower.id)),
  );
  return { pulled, waits: new Set(waits.map((candidate) => candidate.id)) };
}

function uniqueNames(names: readonly LeadName[]): readonly LeadName[] {
  return [
    ...new Map(
      names.map((name) => [nameKey(name), { clientId: name.clientId, reference: name.reference }]),
    ).values(),
  ];
}
