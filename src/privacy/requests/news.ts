// Finds the requests with a recipient to follow, for many requests at once: most wait for an answer, for weeks.
// Invariant: reads only, and decides nothing: each request it returns is judged again under its lock.
import { isNews, recipientMove, remindersDue } from '../../domain/requests.ts';
import type { ReadOnlySql } from '../../store/database.ts';
import { allFollowUps, unsettledRecipients, type UnsettledRecipient } from '../../store/request-news.ts';

/** Those of the requests that have something to do, in their order. */
export async function requestsWithNews(
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
