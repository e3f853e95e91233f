// Follows a request's recipients (C24): a delivery notifies some; the others get a letter and reminders.
// Invariant: no recipient is forgotten: one that no delivery notifies gets a letter, with a task that is open until it is settled.
import { createHash } from 'node:crypto';
import { queueClientMail, isMailbox, type Addressee } from '../../client-mails/queue.ts';
import { addDays, civilDate } from '../../domain/civil-date.ts';
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import {
  isNews,
  isRecipientDone,
  recipientMove,
  reminderDays,
  remindersDue,
  takesBack,
  type RecipientMove,
} from '../../domain/requests.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import type { Sql } from '../../store/database.ts';
import { readConsents } from '../../store/leads/consents.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import { allHandedOver } from '../../store/deliveries/known-to-recipient.ts';
import {
  changeRecipient,
  followUps,
  isUnplanned,
  lastTarget,
  readRecipients,
  type RequestRecipient,
} from '../../store/people/request-recipients.ts';
import { readEffects, type Request } from '../../store/people/requests.ts';
import { noteAct } from './deps.ts';
import { optInWords, takenBackWords } from '../../domain/lead-values.ts';
import { recipientLetter, type Letter, type RecipientLetter } from './letters.ts';

/** Brings the recipients of a locked request up to date. Acts by itself, as `planner`. */
export async function followRecipients(tx: Sql, request: Request): Promise<void> {
  const before = await readRecipients(tx, request.id);
  const moved: RequestRecipient[] = [];
  for (const recipient of before) moved.push(await moveOf(tx, request, recipient));
  const fresh = moved.filter(({ state }, index) => state === 'written' && before[index]?.state !== 'written');
  for (const [destinationId, group] of Map.groupBy(fresh, (one) => one.destinationId))
    await askInWriting(tx, request, { destinationId, group });
  for (const [destinationId, group] of Map.groupBy(moved, (one) => one.destinationId))
    await remind(tx, request, { destinationId, group });
}

async function moveOf(tx: Sql, request: Request, recipient: RequestRecipient): Promise<RequestRecipient> {
  // A failed delivery may be replayed and arrive; a recipient that a person settled stays settled.
  if (isRecipientDone(recipient.state)) return recipient;
  const now = tx.now();
  const move =
    recipient.action === 'restrict'
      ? { state: 'written' as const, cause: 'restriction', deliveryId: 0 }
      : await heardOf(
          tx,
          request,
          recipient,
          recipientMove(await followUps(tx, recipient), !(await isUnplanned(tx, recipient))),
        );
  if (!isNews(recipient.state, move)) return recipient;
  const isDone = isRecipientDone(move.state);
  const change = {
    state: move.state,
    cause: move.cause.slice(0, 80),
    deliveryId: move.deliveryId,
    ...(isDone
      ? { settledAt: now, settledBy: 'planner', evidence: `delivery ${move.deliveryId}` }
      : { askedAt: now }),
  };
  await changeRecipient(tx, { ...namesOf(recipient), ...change });
  await noteAct(
    tx,
    { request, actor: 'planner', what: `recipient_${move.state}:${move.cause}`.slice(0, 80) },
    [{ leadId: recipient.leadId, destinationId: recipient.destinationId, deliveryId: move.deliveryId }],
  );
  return { ...recipient, ...change };
}

/**
 * A delivery notifies a recipient of a withdrawal where earlier ones had a field for each opt-in that the request names and the person
 * once granted (none granted: for one that it names). The others get a letter: to object to more never tells a recipient less.
 */
async function heardOf(
  tx: Sql,
  { kind, optIns }: Request,
  { leadId, destinationId }: RequestRecipient,
  move: RecipientMove | undefined,
): Promise<RecipientMove | undefined> {
  if (!takesBack(kind) || (move?.state !== 'acknowledged' && move?.state !== 'told')) return move;
  const told = (await allHandedOver(tx, leadId, destinationId)).flatMap((entry) => entry.optIns);
  const named = optIns.split(' ');
  const granted = ((await readConsents(tx, [leadId])).get(leadId) ?? [])
    .filter(({ state }) => state === 'granted')
    .map(({ purpose, channel }) => `${purpose}.${channel}`)
    .filter((pair) => named.includes(pair));
  const isTold = (pair: string): boolean => told.includes(pair);
  return (granted.length > 0 ? granted.every(isTold) : named.some(isTold))
    ? move
    : { state: 'written', cause: 'manual_update_required', deliveryId: 0 };
}

export const namesOf = ({
  requestId,
  leadId,
  destinationId,
}: RequestRecipient): Pick<RequestRecipient, 'requestId' | 'leadId' | 'destinationId'> => ({
  requestId,
  leadId,
  destinationId,
});

interface Group {
  readonly destinationId: string;
  readonly group: readonly RequestRecipient[];
}

/** The letter goes to the client, and to the mailbox that received the lead where the contract names it. */
async function askInWriting(tx: Sql, request: Request, { destinationId, group }: Group): Promise<void> {
  const { id, clientId } = request;
  const { subject, paragraphs } = await letterFor(tx, request, group);
  await queueClientMail(tx, {
    clientId,
    kind: 'recipient_request',
    // A lead that needs a letter later has a mail of its own.
    key: `request-${id}-${keyPart(destinationId)}-${group[0]?.leadId ?? 0}`,
    to: ['contact', ...(await mailboxesOf(tx, clientId, group))],
    subject,
    paragraphs,
  });
  // Where a delivery failed for it, its task exists already.
  if (group.every(({ deliveryId }) => deliveryId === 0))
    await raiseAlerts(tx, [{ kind: 'request_recipient', clientId, destinationId, reason: `${id}:written` }]);
}

/** Long names differ only at their end, and a mail's key has 80 characters: the digest keeps them apart. */
export const keyPart = (destinationId: string): string =>
  `${destinationId
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '_')
    .slice(0, 20)}-${createHash('sha256').update(destinationId).digest('hex').slice(0, 12)}`;

export async function mailboxesOf(
  tx: Sql,
  clientId: string,
  group: readonly RequestRecipient[],
): Promise<readonly Addressee[]> {
  const facts = await findClient(tx, clientId);
  const ofContract = new Set((facts?.mailboxes ?? []).map((mailbox) => mailbox.toLowerCase()));
  const contact = facts?.contacts.rights?.toLowerCase();
  const found = new Set<string>();
  for (const { leadId, destinationId } of group)
    for (const target of (await lastTarget(tx, leadId, destinationId)).split(','))
      found.add(target.trim().toLowerCase());
  return [...found]
    .filter((mailbox) => isMailbox(mailbox) && ofContract.has(mailbox) && mailbox !== contact)
    .map((mailbox) => ({ mailbox }));
}

/** @param values new values by column, where the letter may contain them */
export async function letterFor(
  sql: Sql,
  request: Request,
  group: readonly RequestRecipient[],
  values: ReadonlyMap<string, string> = new Map(),
): Promise<Letter> {
  const [first] = group;
  return recipientLetter({
    requestId: request.id,
    clientName: (await findClient(sql, request.clientId))?.name ?? request.clientId,
    recipient: first?.recipient ?? '',
    action: first?.action ?? 'erase',
    kind: request.kind,
    leads: group.map(({ reference, handedOverAt }) => ({ reference, handedOverAt })),
    lastDay: addDays(civilDate(request.dueAt), -1),
    today: civilDate(sql.now()),
    changes: await changesOf(sql, request, values),
  });
}

/** A line for each purpose, its channels together: `marketing.email+sms`. */
const byPurpose = (optIns: string): readonly string[] =>
  [...Map.groupBy(optIns.split(' '), (pair) => pair.split('.')[0] ?? '')].map(
    ([purpose, pairs]) => `${purpose}.${pairs.map((pair) => pair.split('.')[1] ?? '').join('+')}`,
  );

const labels = new Map(columnFacts.map(({ column, label }) => [column as string, label]));

async function changesOf(
  sql: Sql,
  { id, kind, optIns }: Request,
  values: ReadonlyMap<string, string>,
): Promise<RecipientLetter['changes']> {
  if (kind === 'objection' || kind === 'withdrawal')
    return byPurpose(optIns).map((pair) => ({ what: optInWords(pair), value: takenBackWords(kind) }));
  if (kind !== 'rectification') return [];
  const changed = (await readEffects(sql, id)).flatMap(({ columns }) => columns.split(' '));
  return [...new Set(changed)].map((change) => {
    const [column = '', how] = change.split('=');
    const what = labels.get(column) ?? column;
    const value = how === 'removed' || how === 'absent' ? 'à supprimer' : values.get(column);
    return value === undefined ? { what } : { what, value };
  });
}

async function remind(tx: Sql, request: Request, { destinationId, group }: Group): Promise<void> {
  const now = tx.now();
  const waiting = group.filter(
    ({ state, askedAt }) => (state === 'written' || state === 'told') && askedAt !== null,
  );
  const due = waiting.filter(({ askedAt, reminders }) => remindersDue(askedAt ?? now, now) > reminders);
  if (due.length === 0) return;
  const count = Math.max(...due.map(({ askedAt }) => remindersDue(askedAt ?? now, now)));
  const day = reminderDays[count - 1] ?? 0;
  const { id, clientId } = request;
  const { subject, paragraphs } = await letterFor(tx, request, due);
  await queueClientMail(tx, {
    clientId,
    kind: 'request_reminder',
    // A lead with a later letter has later reminders, under a key of their own.
    key: `request-${id}-${keyPart(destinationId)}-day-${day}-${due[0]?.leadId ?? 0}`,
    to: ['contact', ...(await mailboxesOf(tx, clientId, due))],
    subject: `Rappel : ${subject}`,
    paragraphs: [
      `Sauf erreur de notre part, nous n’avons pas reçu de réponse à la demande ci-dessous.`,
      ...paragraphs,
    ],
  });
  await raiseAlerts(tx, [{ kind: 'request_recipient', clientId, destinationId, reason: `${id}:day_${day}` }]);
  for (const recipient of due) await changeRecipient(tx, { ...namesOf(recipient), reminders: count });
  await noteAct(
    tx,
    { request, actor: 'planner', what: `reminded:${day}` },
    due.map(({ leadId }) => ({ leadId, destinationId })),
  );
}
