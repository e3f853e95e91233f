// Watches the terms of requests: raises alerts at day 21 and 25 and past the term, follows and reminds recipients. Closes nothing.
// Invariant: a request that fails blocks no other's alert; each is alerted once for each stage. Due requests are read
// many at once, without a lock; each is judged again under its own.
import { addDays, civilDate, frenchDate } from '../../domain/civil-date.ts';
import {
  dueAlert,
  isInformed,
  kindWords,
  type TermAlert,
  isNews,
  recipientMove,
  remindersDue,
} from '../../domain/requests.ts';
import { queueClientMail } from '../../client-mails/queue.ts';
import { isStoreTrouble, type Database, type Sql, type ReadOnlySql } from '../../store/database.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import { closeAlertsWith } from '../../store/alerts/tasks.ts';
import { goneAnswers, removeNamed } from '../../store/people/request-documents.ts';
import {
  requestsWithOpenRecipients,
  allFollowUps,
  unsettledRecipients,
  type UnsettledRecipient,
} from '../../store/people/request-recipients.ts';
import { changeRequest, openRequests, type Request } from '../../store/people/requests.ts';
import { heldRequest, noteAct } from './deps.ts';
import { followRecipients } from './follow.ts';

/**
 * Finds the requests with a recipient to follow, for many requests at once: most wait for an answer, for weeks.
 * Reads only, and decides nothing: each request it returns is judged again under its lock. Those of the requests
 * that have something to do, in their order.
 */
async function requestsWithNews(
  sql: ReadOnlySql,
  requestIds: readonly number[],
  now: Date,
): Promise<readonly number[]> {
  const recipients = await unsettledRecipients(sql, requestIds);
  const due = new Set(recipients.filter((one) => isDue(one, now)).map(({ requestId }) => requestId));
  // No delivery carries a restriction: nothing but an answer changes it.
  const waiting = recipients.filter(({ requestId, action }) => action !== 'restrict' && !due.has(requestId));
  const followUps = Map.groupBy(
    await allFollowUps(sql, [...new Set(waiting.map(({ leadId }) => leadId))]),
    ({ leadId, destinationId }) => `${leadId} ${destinationId}`,
  );
  for (const { requestId, leadId, destinationId, action, revision, state } of waiting) {
    const carrying = (followUps.get(`${leadId} ${destinationId}`) ?? []).filter(
      (one) => one.revision >= revision && (action === 'erase') === (one.action === 'erase'),
    );
    if (isNews(state, recipientMove(carrying, true))) due.add(requestId);
  }
  return requestIds.filter((id) => due.has(id));
}

/** Its notice is still owed, or its letter has a reminder due. */
const isDue = ({ state, askedAt, reminders }: UnsettledRecipient, now: Date): boolean =>
  state === 'owed' || (askedAt !== null && remindersDue(askedAt, now) > reminders);

export interface WatchDeps {
  readonly database: Database;
  /** Called for a request that failed; the others continue. */
  readonly onBroken: (requestId: number, error: unknown) => void;
  readonly now?: () => Date;
}

const atOnce = 200;

export async function watchRequests(deps: WatchDeps): Promise<void> {
  const { database } = deps;
  for (let gone = await goneAnswers(database); gone.length > 0; gone = await goneAnswers(database))
    await database.transaction((tx) => removeNamed(tx, gone));
  for (let after = 0; ;) {
    const page = await openRequests(database, after, atOnce);
    const now = deps.now?.() ?? database.now();
    for (const { id } of page.filter((request) => alertOf(request, now) !== undefined))
      await apart(deps, id, (tx) => watchTerm(tx, id, deps.now?.() ?? tx.now()));
    if (page.length < atOnce) break;
    after = page.at(-1)?.id ?? 0;
  }
  for (let after = 0; ;) {
    const page = await requestsWithOpenRecipients(database, after, atOnce);
    for (const id of await requestsWithNews(database, page, database.now()))
      await apart(deps, id, async (tx) => {
        const request = await heldRequest(tx, id);
        if (request.state === 'applied') await followRecipients(tx, request);
      });
    if (page.length < atOnce) return;
    after = page.at(-1) ?? 0;
  }
}

const alertOf = (
  { receivedAt, extendedAt, alerted }: Pick<Request, 'receivedAt' | 'extendedAt' | 'alerted'>,
  now: Date,
): TermAlert | undefined => dueAlert({ receivedAt, isExtended: extendedAt !== null }, alerted, now);

async function apart(
  { database, onBroken }: WatchDeps,
  id: number,
  work: (tx: Sql) => Promise<void>,
): Promise<void> {
  try {
    await database.transaction(work);
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    onBroken(id, error);
  }
}

async function watchTerm(tx: Sql, id: number, now: Date): Promise<void> {
  const request = await heldRequest(tx, id);
  if (request.state === 'closed') return;
  const { clientId, kind, extendedAt } = request;
  const alert = alertOf(request, now);
  if (alert === undefined) return;
  await changeRequest(tx, id, { alerted: alert });
  await closeAlertsWith(tx, 'request_due', String(id));
  await raiseAlerts(tx, [{ kind: 'request_due', clientId, reason: `${id}:${alert}` }]);
  await noteAct(tx, { request, actor: 'planner', what: `alerted:${alert}` });
  if (isInformed(request)) return;
  await queueClientMail(tx, {
    clientId,
    kind: 'request_reminder',
    key: `request-${id}-${extendedAt === null ? '' : 'extended-'}${alert.replace('_', '-')}`,
    to: ['contact', 'dpo'],
    subject: `Demande n° ${id} d’un prospect : réponse attendue`,
    paragraphs: [
      `Le délai de réponse à la demande n° ${id} (${kindWords[kind].fr}) expire le ${frenchDate(addDays(civilDate(request.dueAt), -1))}, ou a déjà expiré. Vous ne nous avez pas encore déclaré que la personne a été informée de ce qui a été fait.`,
      'Merci de nous la faire parvenir, avec la date et le moyen employé.',
    ],
  });
}
