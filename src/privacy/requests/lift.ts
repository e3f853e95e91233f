// Lifts a restriction: the deliveries it withheld leave by themselves, each with its whole time again; recipients that were
// asked to restrict get a mail.
// Invariant: the person is informed before (GDPR article 18(3)), so the evidence is mandatory; another request's restriction stays.
import { writeNote } from '../../client-mails/notes.ts';
import { queueClientMail } from '../../client-mails/queue.ts';
import { isRecipientDone } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import { closeAlertsWith } from '../../store/alerts/tasks.ts';
import type { Sql } from '../../store/database.ts';
import { insertChanges, raiseRevisions } from '../../store/leads/lead-writes.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import {
  heldWithoutRestriction,
  renewAges,
  reopenLogged,
  toldWhileRestricted,
  unmarkRestricted,
} from '../../store/leads/restrictions.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { changeRecipient, readRecipients } from '../../store/people/request-recipients.ts';
import { changeRequest, readSubjects, type Request } from '../../store/people/requests.ts';
import { putOffItems } from '../../store/retention/retention-items.ts';
import { askedByPerson, heldRequest, noteAct, requestName, type RequestDeps } from './deps.ts';
import { keyPart, mailboxesOf, namesOf } from './follow.ts';
import { leadLines } from './letters.ts';

interface Lifted {
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
    const locks = await lockLeads(tx, ids);
    const told = await toldWhileRestricted(tx, ids);
    const freed: number[] = [];
    for (const leadId of ids) if (await unmarkRestricted(tx, leadId, id)) freed.push(leadId);
    await tellWhole(
      tx,
      snapshot,
      request.clientId,
      freed.filter((leadId) => told.has(leadId) && locks.get(leadId)?.erased === false),
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
    // A lead whose day has come waits no more.
    await putOffItems(tx, freed, '', 0);
    await releaseRecipients(tx, request, { actor, evidence, freed });
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
  const rows = await reopenLogged(tx, await heldWithoutRestriction(tx, leadIds, 10_000), actor);
  await renewAges(
    tx,
    rows.map(({ id }) => id),
  );
  return rows.length;
}

/** No recipient is asked to restrict any more; those that were may use the leads again that no other request restricts. */
async function releaseRecipients(
  tx: Sql,
  request: Request,
  of: { readonly actor: string; readonly evidence: string; readonly freed: readonly number[] },
): Promise<void> {
  const { id, clientId } = request;
  const { actor, evidence } = of;
  const all = await readRecipients(tx, id);
  const open = all.filter(({ state }) => !isRecipientDone(state));
  const settled = {
    state: 'explained',
    cause: 'lifted',
    settledAt: tx.now(),
    settledBy: actor,
    evidence,
  } as const;
  for (const recipient of open) await changeRecipient(tx, { ...namesOf(recipient), ...settled });
  await closeAlertsWith(tx, 'request_recipient', String(id));
  if (open.length > 0)
    await noteAct(
      tx,
      { request, actor, what: 'explained:lifted' },
      open.map(({ leadId, destinationId }) => ({ leadId, destinationId })),
    );
  const asked = all.filter(({ askedAt, leadId }) => askedAt !== null && of.freed.includes(leadId));
  for (const [destinationId, group] of Map.groupBy(asked, (one) => one.destinationId))
    await queueClientMail(tx, {
      clientId,
      kind: 'recipient_request',
      key: `request-${id}-${keyPart(destinationId)}-lifted`,
      to: ['contact', ...(await mailboxesOf(tx, clientId, group))],
      subject: `Demande n° ${id} d’un prospect : limitation du traitement levée`,
      paragraphs: [
        `La limitation du traitement que nous vous avons demandée (demande n° ${id}, article 18 du RGPD) est levée. Les données reçues de nous sous les références ci-dessous peuvent de nouveau être utilisées, dans la limite de ce que la personne a accepté.`,
        leadLines(group),
      ],
    });
}
