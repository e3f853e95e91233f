// Applies a request to one lead or refused row, in the caller's transaction, and records the changes and the recipients to notify.
// Invariant: the recipients of a lead are recorded before it changes; counts and names of columns are noted, never a value.
import { columnFacts, type LeadColumn } from '../../domain/lead-fields/columns.ts';
import type { RequestKind } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { readFacts } from '../../store/leads/lead-writes.ts';
import {
  clearConsentsOfRow,
  isHandedInAgain,
  removeRefusedRow,
} from '../../store/people/refused-of-person.ts';
import { receiversOf } from '../../store/people/request-recipients.ts';
import { noteEffects } from '../../store/people/requests.ts';
import { lockClients } from '../../store/client-locks.ts';
import { noteErasedLead } from '../../store/backups/erasures-unwritten.ts';
import { keepErasureOfRows } from '../oppositions.ts';
import { eraseWithin, restrictWithin } from '../rights.ts';
import { requestName, type RequestDeps, counted, type Changed, type SubjectLead, type Work } from './deps.ts';
import { objectFor, withdrawOf, owe, oweOthers } from './opt-outs.ts';
import { hasNews } from './selection.ts';
import { personCounts } from '../../store/leads/rights.ts';

export async function applyToLead(tx: Sql, deps: RequestDeps, work: Work, lead: SubjectLead): Promise<void> {
  const { request } = work;
  await lockClients(tx, [request.clientId], 'alone');
  const before = (await lockLeads(tx, [lead.leadId])).get(lead.leadId);
  if (before === undefined) return;
  // An erased lead changes no more, except that a further erasure takes its refused rows along.
  if (before.erased && request.kind !== 'erasure') return;
  const receivers = before.erased ? [] : await receiversOf(tx, lead.leadId, work.request.kind);
  const reached = await change(tx, deps, work, lead);
  await noteEffects(
    tx,
    request.id,
    reached.effects.map((effect) => ({ leadId: lead.leadId, ...effect })),
  );
  if (reached.isChanged)
    await owe(tx, request, { leadId: lead.leadId, revision: before.revision + 1 }, receivers);
  await oweOthers(tx, request, lead.leadId, reached.others);
}

async function change(tx: Sql, deps: RequestDeps, work: Work, lead: SubjectLead): Promise<Changed> {
  const kind: RequestKind = work.request.kind;
  switch (kind) {
    case 'erasure':
      return erase(tx, deps, work, lead);
    case 'rectification':
      return rectify(tx, deps, work, lead);
    case 'withdrawal':
      return withdrawOf(tx, deps, work, lead);
    case 'objection':
      return objectFor(tx, deps, work, lead);
    case 'restriction':
      return restrict(tx, deps, work, lead);
    case 'access':
    case 'portability':
      return { effects: [], isChanged: false, others: [] };
  }
}

async function erase(
  tx: Sql,
  deps: RequestDeps,
  { request, actor }: Work,
  { leadId, reference }: SubjectLead,
): Promise<Changed> {
  const counts = await personCounts(tx, leadId);
  const done = await eraseWithin(tx, deps, {
    clientId: request.clientId,
    reference,
    actor,
    reason: requestName(request.id),
  });
  return {
    effects: [
      ...(done.alreadyErased ? [] : counts),
      ...counted('lead_intake', 'all', done.refusedRows),
      ...counted('deliveries', 'state', done.cancelled),
    ],
    isChanged: !done.alreadyErased,
    others: [],
  };
}

/** @throws REQUEST-002 where the lead contract refuses it; the transaction is rolled back with it */
async function rectify(
  tx: Sql,
  { correct }: RequestDeps,
  { request, corrections }: Work,
  { leadId, reference }: SubjectLead,
): Promise<Changed> {
  const { values, clear } = corrections;
  const columns = columnFacts.filter(({ column }) => column in values || clear.includes(column));
  const facts =
    (
      await readFacts(
        tx,
        [leadId],
        columns.map(({ column }) => column),
      )
    ).get(leadId) ?? {};
  const refused = await correct(tx, {
    clientId: request.clientId,
    reference,
    rowReference: `request-${request.id}-${leadId}`,
    ...corrections,
  });
  if (refused.length > 0)
    throw new RelaisError('REQUEST-002', [
      `Rien n’a été changé. Le modèle des leads refuse cette rectification : ${refused.join(' ')}`,
      `Nothing was changed. ${refused.join(' ')}`,
    ]);
  const changeOf = (column: LeadColumn): string => {
    const had = facts[column] !== undefined;
    if (clear.includes(column)) return had ? 'removed' : 'absent';
    return had ? 'replaced' : 'added';
  };
  const effects = [...Map.groupBy(columns, ({ table }) => table)].map(([table, changed]) => ({
    table,
    columns: changed.map(({ column }) => `${column}=${changeOf(column)}`).join(' '),
    rows: 1,
  }));
  return { effects, isChanged: true, others: [] };
}

async function restrict(
  tx: Sql,
  { snapshot }: RequestDeps,
  { request, actor }: Work,
  { leadId }: SubjectLead,
): Promise<Changed> {
  const reason = requestName(request.id);
  await restrictWithin(tx, snapshot, { clientId: request.clientId, leadId, actor, reason });
  return { effects: counted('leads', 'restricted_at', 1), isChanged: true, others: [] };
}

/**
 * Erases a refused row with the person, or removes its consents: the row was never used.
 * @throws REQUEST-003 where support has handed it in again: it becomes a lead of the person
 */
export async function applyToRow(
  tx: Sql,
  { oppositionKey }: RequestDeps,
  { request, actor }: Work,
  row: number,
): Promise<void> {
  const { id, clientId, kind } = request;
  if (await isHandedInAgain(tx, clientId, row)) throw hasNews(id, 1);
  const note = async (entry: 'erased' | 'withdrawn', columns: string): Promise<void> => {
    await noteEffects(tx, id, [{ leadId: 0, table: 'lead_intake', columns, rows: 1 }]);
    await appendHandovers(tx, [
      { entry, clientId, actor, purpose: requestName(id), reason: 'refused_rows:1' },
    ]);
  };
  if (kind === 'erasure') {
    // For a restore, and for older data under its addresses.
    const references = await keepErasureOfRows(tx, oppositionKey, clientId, { row });
    if (!(await removeRefusedRow(tx, clientId, row))) return;
    for (const reference of references)
      await noteErasedLead(tx, { clientId, leadId: 0, reference }, 'erased');
    await note('erased', 'all');
  }
  const takesBack = kind === 'withdrawal' || kind === 'objection';
  if (takesBack && (await clearConsentsOfRow(tx, clientId, row))) await note('withdrawn', 'consents');
}
