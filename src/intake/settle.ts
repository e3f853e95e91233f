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
import type { Candidate, Ledger, Settled, SettleDeps } from './batch.ts';
import { checkRow, tooLong } from './contract.ts';
import { createRows } from './create.ts';
import { rowDigest } from './digest.ts';
import { refusal, refusalText } from './refusals.ts';
import { tellRefusedRights } from './refused-rights.ts';
import type { CheckedRow } from './row.ts';

/** Takes the `lead` rows of these names that are free, with their content. */
export type Pull = (names: readonly LeadName[]) => Promise<readonly IntakeRow[]>;

export async function settleRows(
  tx: Sql,
  deps: SettleDeps,
  taken: readonly IntakeRow[],
  pull: Pull,
): Promise<Settled> {
  const refused: RowRefusal[] = [];
  const refuse: Ledger['refuse'] = ({ id }, refusals) =>
    void refused.push({ id, refusal: refusalText(refusals) });
  const judge = (rows: readonly IntakeRow[]): Candidate[] => rows.flatMap((one) => judged(one, deps, refuse));

  const first = judge(taken);
  const { pulled, waits } = await inOrder(tx, taken, first, pull);
  const candidates = [...first, ...judge(pulled)];
  const later = new Set([...waits, ...afterWithdrawals(candidates)]);
  const ready = await ofKnownClients(
    tx,
    candidates.filter((one) => !later.has(one.id)),
    refuse,
  );
  const leadRows = ready.filter((one) => one.row.kind === 'lead');
  const others = ready.filter((one) => one.row.kind !== 'lead');

  // Locks come before receipts are read, so that a twin row in another process is seen.
  const locked = await lockNamedLeads(
    tx,
    others.map((one) => one.row),
  );
  const existing = await findLeads(
    tx,
    leadRows.map((one) => one.row),
  );
  const accepted: AcceptedRow[] = [];
  const changes: LeadChange[] = [];
  const duplicates: RowId[] = [];
  const known = new Map(
    (
      await receiptsOf(
        tx,
        ready.map((one) => one.row),
      )
    ).map((one) => [rowKey(one), one.digest]),
  );
  const ledger: Ledger = {
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
  await removeRows(tx, [...accepted.map((one) => one.candidate.id), ...duplicates]);
  await refuseRows(tx, refused);
  await tellRefusedRights(tx, [...taken, ...pulled], refused);
  await forgetErased(tx, [...taken, ...pulled], new Set(refused.map((one) => one.id)));
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
    .filter((one) => refused.has(one.id))
    .map(({ id, values }) => ({
      id,
      clientId: String(values.client_id),
      reference: String(values.reference),
    }));
  // Under the lead's lock: an erasure that is committing now either takes these rows along or is seen here.
  const leads = await lockNamedLeads(tx, uniqueNames(named));
  await blankRows(
    tx,
    named.filter((one) => leads.get(nameKey(one))?.erased === true).map((one) => one.id),
  );
}

const rowKey = (row: Pick<CheckedRow, 'clientId' | 'rowReference'> & { readonly kind: string }): string =>
  `${row.kind}\n${row.clientId}\n${row.rowReference}`;

function judged(one: IntakeRow, deps: Pick<SettleDeps, 'digestKey'>, refuse: Ledger['refuse']): Candidate[] {
  if (one.tooLong.length > 0) {
    refuse(one, tooLong(one.tooLong));
    return [];
  }
  // Against the database's clock: a gateway host whose clock runs late would refuse sound leads as of the future.
  const checked = checkRow(one.values, one.takenAt);
  if ('row' in checked)
    return [
      {
        id: one.id,
        receivedAt: one.receivedAt,
        row: checked.row,
        digest: rowDigest(deps.digestKey, checked.row),
      },
    ];
  refuse(one, checked.refusals);
  return [];
}

async function ofKnownClients(
  tx: Sql,
  candidates: readonly Candidate[],
  refuse: Ledger['refuse'],
): Promise<Candidate[]> {
  const clients = await lockClients(
    tx,
    candidates.map((one) => one.row.clientId),
    candidates.some((one) => takesAlone(one.row)) ? 'alone' : 'shared',
  );
  return candidates.filter((one) => {
    const isKnown = clients.has(one.row.clientId);
    if (!isKnown) refuse(one, [refusal('client_id', 'UNKNOWN_CLIENT')]);
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
  const followers = candidates.filter((one) => one.row.kind !== 'lead');
  if (followers.length === 0) return { pulled: [], waits: new Set() };
  const names = uniqueNames(followers.map((one) => one.row));
  const about = Map.groupBy(await newRowsAbout(tx, names), nameKey);
  const ours = new Set(taken.map((one) => one.id));
  const missing = names.filter((name) =>
    about.get(nameKey(name))?.some((one) => one.kind === 'lead' && !ours.has(one.id)),
  );
  const pulled = missing.length === 0 ? [] : await pull(missing);
  for (const one of pulled) ours.add(one.id);
  const waits = followers.filter((follower) =>
    about
      .get(nameKey(follower.row))
      ?.some((one) => !ours.has(one.id) && (one.kind === 'lead' || one.id < follower.id)),
  );
  return { pulled, waits: new Set(waits.map((one) => one.id)) };
}

function uniqueNames(names: readonly LeadName[]): readonly LeadName[] {
  return [
    ...new Map(
      names.map((one) => [nameKey(one), { clientId: one.clientId, reference: one.reference }]),
    ).values(),
  ];
}
