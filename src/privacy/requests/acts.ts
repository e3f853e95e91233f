// Acts of people on a request besides applying it: extend it, note a recipient's answer or the client's declaration, close it.
// Invariant: each act is an entry with actor, time and evidence; only a person closes a request, and only when nothing is open.
import { queueClientMail } from '../../client-mails/queue.ts';
import { addDays, civilDate, frenchDate } from '../../domain/civil-date.ts';
import {
  closingProblems,
  dueAt,
  extensionProblem,
  isAnswered,
  isInformed,
  isRecipientDone,
  kindWords,
  type ClosingProblem,
  type RequestOutcome,
} from '../../domain/requests.ts';
import { RelaisError, type BothSentences } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { readDeliveries } from '../../store/deliveries/deliveries.ts';
import {
  changeRecipient,
  followUps,
  readRecipients,
  type RequestRecipient,
} from '../../store/people/request-recipients.ts';
import { changeRequest, logPosition, readSubjects, type Request } from '../../store/people/requests.ts';
import { closeAlertsOf, closeAlertsWith, insertClosings } from '../../store/alerts/tasks.ts';
import { heldRequest, identityUnknown, noRecipient, noteAct, type RequestDeps } from './deps.ts';
import { followRecipients, namesOf } from './follow.ts';
import { identityOf } from './open.ts';

type Deps = Pick<RequestDeps, 'database'>;

interface By {
  readonly actor: string;
}

const refuseClosed = ({ id, state, closedBy }: Request): void => {
  if (state === 'closed')
    throw new RelaisError('REQUEST-001', [
      `La demande de droits ${id} est close : rien ne s’y fait plus.`,
      `Request ${id} was closed by ${closedBy}.`,
    ]);
};

/** Two more months, once, within the first (GDPR article 12(3)). Returns the new end. @throws REQUEST-001 */
export const extendRequest = (
  { database }: Deps,
  id: number,
  { actor, reason }: By & { readonly reason: string },
): Promise<Date> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    refuseClosed(request);
    const now = tx.now();
    const problem = extensionProblem(request, now);
    if (problem === 'extended')
      throw new RelaisError('REQUEST-001', [
        `Le délai de la demande de droits ${id} a déjà été prolongé : il ne l’est qu’une fois.`,
        `Request ${id} was extended before.`,
      ]);
    if (problem === 'late')
      throw new RelaisError('REQUEST-001', [
        `Le premier mois de la demande de droits ${id} est passé : la personne devait être informée d’une prolongation avant sa fin (RGPD, article 12, paragraphe 3).`,
        `The term of request ${id} is over: it cannot be extended any more.`,
      ]);
    const due = dueAt(request.receivedAt, true);
    await changeRequest(tx, id, { extendedAt: now, extensionReason: reason, dueAt: due, alerted: '' });
    await noteAct(tx, { request, actor, what: 'extended', note: reason });
    await closeAlertsWith(tx, 'request_due', String(id));
    await queueClientMail(tx, {
      clientId: request.clientId,
      kind: 'request',
      key: `request-${id}-extended`,
      to: ['contact'],
      subject: `Demande n° ${id} d’un prospect : délai prolongé`,
      paragraphs: [
        `Le délai de réponse à la demande n° ${id} est prolongé de deux mois, jusqu’au ${frenchDate(addDays(civilDate(due), -1))}.`,
        `Motif : ${reason}`,
        `La personne doit en être informée, avec ce motif, avant le ${frenchDate(civilDate(request.dueAt))}.`,
      ],
    });
    return due;
  });

export interface Acknowledgement extends By {
  readonly destinationId: string;
  /** The evidence: a mail, a ticket, a call and its date. */
  readonly evidence: string;
  /** True where no acknowledgement will come; the evidence explains it. */
  readonly isExplained: boolean;
}

/** Returns the leads that it covers. @throws FIND-001, REQUEST-001 */
export const acknowledge = (
  { database }: Deps,
  id: number,
  { destinationId, evidence, isExplained, actor }: Acknowledgement,
): Promise<readonly string[]> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    refuseClosed(request);
    await followRecipients(tx, request);
    const all = (await readRecipients(tx, id)).filter((one) => one.destinationId === destinationId);
    if (all.length === 0) throw noRecipient(id, destinationId);
    const open = all.filter(({ state }) => !isRecipientDone(state));
    const state = isExplained ? 'explained' : 'acknowledged';
    for (const recipient of open)
      await changeRecipient(tx, {
        ...namesOf(recipient),
        state,
        settledAt: tx.now(),
        settledBy: actor,
        evidence,
      });
    await noteAct(
      tx,
      { request, actor, what: state, note: evidence },
      open.map(({ leadId, deliveryId }) => ({ leadId, destinationId, deliveryId })),
    );
    await closeTasks(tx, id, destinationId, open);
    return open.map(({ reference }) => reference);
  });

/** Closes the tasks it settles: failed deliveries of the recipient, and the alerts of the request about it. */
async function closeTasks(
  tx: Sql,
  id: number,
  destinationId: string,
  settled: readonly RequestRecipient[],
): Promise<void> {
  const ids: number[] = [];
  // Earlier ones too: what a lead of the person repeats to another is a delivery of its own.
  for (const recipient of settled)
    for (const followUp of await followUps(tx, recipient))
      if (followUp.id <= recipient.deliveryId) ids.push(followUp.id);
  const failed = (await readDeliveries(tx, ids)).filter(({ state }) => state === 'failed');
  await insertClosings(tx, failed);
  await closeAlertsOf(
    tx,
    failed.map((row) => row.id),
  );
  await closeAlertsWith(tx, 'request_recipient', String(id), destinationId);
}

/** The client declares that the prospect was informed (C25). @throws REQUEST-001 */
export const declareInformed = (
  { database }: Deps,
  id: number,
  { actor, evidence }: By & { readonly evidence: string },
): Promise<void> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    refuseClosed(request);
    await changeRequest(tx, id, { informedAt: tx.now(), informedBy: actor, informedEvidence: evidence });
    await noteAct(tx, { request, actor, what: 'informed', note: evidence });
  });

/** Notes that an access or portability was answered: the person was given their data. @throws REQUEST-001, REQUEST-002 */
export const noteAnswered = (
  { database }: Deps,
  id: number,
  { actor, evidence, identity }: By & { readonly evidence: string; readonly identity?: string | undefined },
): Promise<void> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    if (request.state !== 'open' || !isAnswered(request.kind))
      throw new RelaisError('REQUEST-001', [
        `La demande de droits ${id} (${kindWords[request.kind].fr}) n’attend pas, ou plus, de réponse.`,
        `Request ${id} (${request.kind}, ${request.state}) waits for no answer.`,
      ]);
    if (request.identityCheckedAt === null && identity === undefined) throw identityUnknown(id);
    const logBefore = await logPosition(tx);
    await noteAct(tx, { request, actor, what: `answered:${request.kind}`, note: evidence });
    await changeRequest(tx, id, {
      state: 'applied',
      appliedAt: tx.now(),
      appliedBy: actor,
      ...(identity === undefined ? {} : identityOf(identity, actor, tx.now())),
      logBefore,
      logAfter: await logPosition(tx),
    });
  });

export interface Closing extends By {
  readonly outcome: RequestOutcome;
  /** Mandatory for a refusal. */
  readonly reason: string;
}

const problemWords: Readonly<Record<ClosingProblem['what'], (problem: ClosingProblem) => BothSentences>> = {
  closed_before: () => ['elle est déjà close', 'it is closed already'],
  not_applied: () => ['elle n’est pas exécutée', 'it was not carried out'],
  applied: () => [
    'elle a été exécutée, au moins en partie, et ne peut plus être refusée',
    'it was carried out, at least in part, and cannot be refused any more',
  ],
  not_informed: () => [
    'personne n’a déclaré que la personne en est informée',
    'nobody declared that the prospect was informed of it',
  ],
  recipient_open: ({ destinationId = '' }) => [
    `${destinationId} n’a pas accusé réception, et rien n’explique pourquoi`,
    `${destinationId} has neither acknowledged nor been explained`,
  ],
};

/** @throws REQUEST-002, REQUEST-004 */
export const closeRequest = (
  { database }: Deps,
  id: number,
  { outcome, reason, actor }: Closing,
): Promise<void> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    if (outcome === 'refused' && reason === '')
      throw new RelaisError('REQUEST-002', [
        'Un refus dit pourquoi : la personne en est informée.',
        'A refusal says why: the prospect receives it.',
      ]);
    await followRecipients(tx, request);
    const recipients = await readRecipients(tx, id);
    const isTold = outcome === 'refused' ? request.informedAt !== null : isInformed(request);
    const isBegun = (await readSubjects(tx, id)).some(({ appliedAt }) => appliedAt !== null);
    const facts = { state: request.state, isBegun, isInformed: isTold, recipients };
    const problems = closingProblems(facts, outcome);
    if (problems.length > 0)
      throw new RelaisError('REQUEST-004', [
        `Demande de droits ${id} : ${problems.map((problem) => problemWords[problem.what](problem)[0]).join(' ; ')}.`,
        `Request ${id}: ${problems.map((problem) => problemWords[problem.what](problem)[1]).join('; ')}.`,
      ]);
    await changeRequest(tx, id, {
      state: 'closed',
      closedAt: tx.now(),
      closedBy: actor,
      outcome,
      outcomeReason: reason,
    });
    await noteAct(tx, { request, actor, what: `closed:${outcome}`, note: reason });
    for (const kind of ['request_due', 'request_recipient'] as const)
      await closeAlertsWith(tx, kind, String(id));
  });
