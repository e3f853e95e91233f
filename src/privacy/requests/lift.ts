// Lifts a restriction: the deliveries it withheld leave by themselves, each with its whole time again.
// Invariant: the person is informed before (GDPR article 18(3)), so the evidence is mandatory; another request's restriction stays.
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries.ts';
import { entryNames, appendHandovers } from '../../store/handovers.ts';
import { insertChanges, raiseRevisions } from '../../store/lead-writes.ts';
import { lockLeads } from '../../store/leads.ts';
import { readSubjects, changeRequest } from '../../store/requests.ts';
import {
  heldWithoutRestriction,
  renewAges,
  toldWhileRestricted,
  unmarkRestricted,
  reopenWithheld,
} from '../../store/restrictions.ts';
import { writeNote } from '../../client-mails/notes.ts';
import { heldRequest, noteAct, requestName, type RequestDeps, askedByPerson } from './deps.ts';

export interface Lifted {
  readonly leads: number;
  /** Deliveries that leave now. */
  readonly reopened: number;
}

/** @throws FIND-001, REQUEST-001 */
export const liftRestriction = (
  { database, snapshot }: Pick<RequestDeps, 'database' | 'snapshot'>,
  id: number,
  { actor, evidence }: { readonly actor: string; readonly evidence: string },
): Promise<Lifted> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    if (request.kind !== 'restriction' || request.appliedAt === null || request.liftedAt !== null)
      throw new RelaisError('REQUEST-001', [
        `La demande de droits ${id} ne limite aucun traitement à présent.`,
        `Request ${id} restricts nothing now.`,
      ]);
    const subjects = (await readSubjects(tx, id)).filter(
      ({ kind, appliedAt }) => kind === 'lead' && appliedAt !== null,
    );
    const ids = subjects.map(({ subjectId }) => subjectId);
    await lockLeads(tx, ids);
    const told = await toldWhileRestricted(tx, ids);
    const freed: number[] = [];
    for (const leadId of ids) if (await unmarkRestricted(tx, leadId, id)) freed.push(leadId);
    await tellWhole(
      tx,
      snapshot,
      request.clientId,
      freed.filter((leadId) => told.has(leadId)),
    );
    await changeRequest(tx, id, { liftedAt: tx.now(), liftedBy: actor });
    await noteAct(tx, { request, actor, what: 'lifted', note: evidence });
    const common = {
      entry: 'unrestricted' as const,
      clientId: request.clientId,
      actor,
      purpose: requestName(id),
    };
    await appendHandovers(
      tx,
      freed.map((leadId) => ({ ...common, leadId })),
    );
    const reopened = await reopen(tx, freed, actor);
    await writeNote(tx, {
      clientId: request.clientId,
      kind: 'person_restricted',
      title: `demande n° ${id} d’une personne, limitation du traitement levée`,
      changes: [`Nombre de contacts de la personne de nouveau utilisés : ${freed.length}`],
      askedBy: askedByPerson(id),
      doneBy: actor,
      document: evidence,
    });
    return { leads: freed.length, reopened };
  });

/** An update under the restriction left out values that were new to its recipient: another update follows now. */
async function tellWhole(
  tx: Sql,
  snapshot: RequestDeps['snapshot'],
  clientId: string,
  leadIds: readonly number[],
): Promise<void> {
  if (leadIds.length === 0) return;
  await snapshot(tx, leadIds);
  await raiseRevisions(
    tx,
    leadIds.map((leadId) => ({ leadId, revisions: 1, consentRevisions: 0 })),
  );
  const locks = await lockLeads(tx, leadIds);
  await insertChanges(
    tx,
    leadIds.map((leadId) => ({
      leadId,
      clientId,
      revision: locks.get(leadId)?.revision ?? 0,
      kind: 'consent' as const,
    })),
  );
}

async function reopen(tx: Sql, leadIds: readonly number[], actor: string): Promise<number> {
  const ids = await reopenWithheld(tx, await heldWithoutRestriction(tx, leadIds, 10_000));
  await renewAges(tx, ids);
  const rows = await readDeliveries(tx, ids);
  await appendHandovers(
    tx,
    rows.map((row) => ({ entry: 'reopened' as const, ...entryNames(row), actor })),
  );
  return rows.length;
}
