// Records a decision that a recipient sends by callback: it settles the named delivery as a look-up would.
// Invariant: the first decision counts. A repetition changes nothing, in a later run neither, and a contradiction is a task. A delivery
// that is being sent or looked up is not settled.
import type { Answer, Outcome } from '../../../connectors/contract.ts';
import { isEnd, splitReason } from '../../domain/delivery.ts';
import { mac } from '../../domain/keyed.ts';
import { raiseAlerts, alertAbout } from '../../store/alerts/alerts.ts';
import type { Database, Sql } from '../../store/database.ts';
import { deliveriesByKeys, lockDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import { markSettled } from '../../store/deliveries/delivery-settlements.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { isElsewhere } from '../../store/client-locks.ts';
import { closeAlertsOf } from '../../store/alerts/tasks.ts';
import { isUndecided, resolveIn } from '../outcome/resolve.ts';
import { erasedEffects, joinEffects, stateAfter, reportedEffects } from '../outcome/effects.ts';
import { writeEffects } from '../outcome/write-outcomes.ts';
import type { InForce, Published } from '../trip/mapping-cache.ts';
import { callbacksOf, erasureIsOver, type HeardCallback } from '../../store/log/lead-log.ts';

/** `noted`: it says nothing new, or nothing that moves the delivery. */
export type Heard = 'settled' | 'noted' | 'later' | 'unknown_delivery' | 'not_understood';

export interface CallbackNeeds {
  readonly database: Database;
  readonly published: Published;
  readonly callbackKey: Buffer;
}

/** A callback whose signature holds. */
export interface SignedWord {
  /** The sender's own name of it, the same each time it is sent. */
  readonly id: string;
  /** Its body, as if a look-up had been answered with it. */
  readonly answer: Answer;
}

type Decided = Extract<Outcome, { kind: 'accepted' | 'duplicate' | 'refused' | 'invalid' }>;

export async function recordCallback(
  needs: CallbackNeeds,
  destinationId: string,
  inForce: InForce,
  { id, answer }: SignedWord,
): Promise<Heard> {
  const { mapping } = inForce;
  const key = await mapping.callback?.keyOf(answer);
  if (key === undefined) return 'not_understood';
  const [row] = await deliveriesByKeys(needs.database, [key]);
  if (row === undefined || row.destinationId !== destinationId || row.departures === 0)
    return 'unknown_delivery';
  const outcome = await mapping.classifyBeside(answer, 'lookup');
  switch (outcome.kind) {
    case 'pending':
      return 'noted';
    case 'accepted':
    case 'duplicate':
    case 'refused':
    case 'invalid':
      return needs.database.transaction((tx) =>
        settle(tx, needs, row, { outcome, inForce, mark: markOf(needs, destinationId, id) }),
      );
    case 'absent':
    case 'throttled':
    case 'unauthorized':
    case 'unavailable':
    case 'unconfirmed':
    case 'unknown':
      return 'not_understood';
  }
}

interface Report {
  readonly outcome: Decided;
  readonly inForce: InForce;
  /** Names it in the log. */
  readonly mark: string;
}

/** Keyed: an id is its sender's text, and could be an address. */
const markOf = ({ callbackKey }: CallbackNeeds, destinationId: string, id: string): string =>
  `callback ${mac(callbackKey, Buffer.from(`${destinationId}\n${id}`))
    .toString('hex')
    .slice(0, 32)}`;

async function settle(tx: Sql, needs: CallbackNeeds, seen: Delivery, report: Report): Promise<Heard> {
  if (await isElsewhere(tx, seen.clientId)) return 'later';
  const lead = (await lockLeads(tx, [seen.leadId])).get(seen.leadId);
  const [row] = await lockDeliveries(tx, [seen.id]);
  if (row === undefined) return 'unknown_delivery';
  if (row.state === 'sending') return 'later';
  const before = await callbacksOf(tx, row);
  if (before.some(({ mark }) => mark === report.mark)) return 'noted';
  if (isEnd(row.state)) return afterItsEnd(tx, needs, row, { ...report, before });
  if (!saysYes(report.outcome) && isOfEarlierRun(row)) {
    await noteLate(tx, row, { ...report, before });
    return 'noted';
  }
  await settleOpen(tx, row, report, lead?.erased === true);
  return 'settled';
}

/** A "no" to a run that has neither left nor been asked about was said to one before it. */
const isOfEarlierRun = ({ state, departedAttempt }: Delivery): boolean =>
  departedAttempt === 0 && state !== 'pending';

async function settleOpen(tx: Sql, row: Delivery, report: Report, isErased: boolean): Promise<void> {
  const { mapping, versionId } = report.inForce;
  const { claimed, decision, effects } = reportedEffects(row, report.outcome, {
    now: tx.now(),
    random: Math.random,
    policy: mapping.retry,
    readBackMs: mapping.readBack?.afterMs,
    connector: mapping.connector,
    mappingVersionId: versionId,
  });
  const isCancelled = isErased && row.action !== 'erase' && !isEnd(stateAfter(decision.verdict));
  const all = joinEffects([isCancelled ? erasedEffects(claimed, decision, effects) : effects]);
  await markSettled(tx, all.settlements);
  // The task of support is answered.
  await closeAlertsOf(tx, [row.id]);
  const handovers = all.handovers.map((entry) =>
    entry.entry === 'lookup' ? { ...entry, purpose: report.mark } : entry,
  );
  await writeEffects(tx, { ...all, handovers });
}

const saysYes = ({ kind }: Decided): boolean => kind === 'accepted' || kind === 'duplicate';

interface LateReport extends Report {
  readonly before: readonly HeardCallback[];
}

/** Settles a delivery of unknown outcome by the recipient's decision; otherwise the first decision remains. */
async function afterItsEnd(
  tx: Sql,
  { published }: CallbackNeeds,
  row: Delivery,
  report: LateReport,
): Promise<Heard> {
  const { outcome, mark } = report;
  // A record erased at the recipient no longer exists: it gets no reference again, and no second alert is raised.
  const isOver = row.action !== 'erase' && (await erasureIsOver(tx, row));
  if (saysYes(outcome) && isUndecided(row) && !wasRefused(row) && !isOver) {
    const reference = 'reference' in outcome ? outcome.reference : undefined;
    await resolveIn(tx, published, row.id, { actor: 'recipient', evidence: mark, received: true, reference });
    return 'settled';
  }
  const contradicts =
    row.state === 'cancelled' ? saysYes(outcome) && isOver : saysYes(outcome) !== (row.state === 'delivered');
  if (contradicts && (await noteLate(tx, row, report)))
    await raiseAlerts(tx, [alertAbout(row, 'ack_contradicts', row.reason)]);
  return 'noted';
}

/** Its recipient has said no. */
const wasRefused = ({ state, reason }: Delivery): boolean =>
  state === 'failed' && ['refused', 'invalid'].includes(splitReason(reason).base);

/** Logs each outcome once in a run, so that a repeated callback does not fill the log. Returns whether it is new. */
async function noteLate(
  tx: Sql,
  row: Delivery,
  { outcome, mark, inForce, before }: LateReport,
): Promise<boolean> {
  const isKnown = before.some(
    (heard) => heard.entry === 'late' && heard.run === row.run && heard.outcome === outcome.kind,
  );
  if (isKnown) return false;
  await appendHandovers(tx, [
    entryAbout(row, 'late', 'recipient', {
      connector: inForce.mapping.connector,
      mappingVersionId: inForce.versionId,
      purpose: mark,
      outcome: outcome.kind,
      reason: 'reason' in outcome ? outcome.reason : '',
    }),
  ]);
  return true;
}
