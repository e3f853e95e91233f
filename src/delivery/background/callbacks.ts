// What a recipient decided later and tells by itself: the delivery it names ends as its look-up would have ended it.
// Invariant: the first word counts; heard again it changes nothing, and one that contradicts it is a task. Nothing is settled that
// is just being sent or asked about.
import type { Answer, Outcome } from '../../../connectors/contract.ts';
import { isEnd } from '../../domain/delivery.ts';
import { decide } from '../../domain/verdict.ts';
import { raiseAlerts, raisedSince } from '../../store/alerts.ts';
import type { Database, Sql } from '../../store/database.ts';
import { deliveriesByKeys, lockDeliveries, type Delivery } from '../../store/deliveries.ts';
import { markSettled } from '../../store/delivery-settlements.ts';
import { lockLeads } from '../../store/leads.ts';
import { closeAlertsOf } from '../../store/tasks.ts';
import { noteDecision, noteErased, stateAfter } from '../attempt/outcome-effects.ts';
import { isUndecided, resolveIn } from '../attempt/resolve.ts';
import { noEffects, writeEffects } from '../attempt/write-effects.ts';
import type { InForce, Published } from '../mapping-cache.ts';

/** `noted`: it says nothing new, or nothing that moves the delivery. */
export type Heard = 'settled' | 'noted' | 'later' | 'unknown_delivery' | 'not_understood';

export interface CallbackNeeds {
  readonly database: Database;
  readonly published: Published;
}

type Decided = Extract<Outcome, { kind: 'accepted' | 'duplicate' | 'refused' | 'invalid' }>;

/** @param answer the callback's body, as if a look-up had been answered with it; its signature holds */
export async function hearCallback(
  needs: CallbackNeeds,
  destinationId: string,
  inForce: InForce,
  answer: Answer,
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
      return needs.database.transaction((tx) => settle(tx, needs, row, { outcome, inForce }));
    case 'absent':
    case 'throttled':
    case 'unauthorized':
    case 'unavailable':
    case 'unconfirmed':
    case 'unknown':
      return 'not_understood';
  }
}

interface Told {
  readonly outcome: Decided;
  readonly inForce: InForce;
}

async function settle(tx: Sql, needs: CallbackNeeds, seen: Delivery, told: Told): Promise<Heard> {
  const lead = (await lockLeads(tx, [seen.leadId])).get(seen.leadId);
  const [row] = await lockDeliveries(tx, [seen.id]);
  if (row === undefined) return 'unknown_delivery';
  if (row.state === 'sending') return 'later';
  if (isEnd(row.state)) return afterItsEnd(tx, needs, row, told.outcome);
  const { mapping, versionId } = told.inForce;
  const now = tx.now();
  const claimed = { ...row, now, knownReference: undefined, createStands: true, createUnsettled: false };
  const decision = decide(
    told.outcome,
    {
      spent: row.spent + 1,
      circuitClosed: true,
      maybeReceived: row.maybeReceived,
      hasLookup: true,
      pendingSinceMs: 0,
    },
    mapping.retry,
    Math.random,
  );
  const work = noEffects();
  noteDecision(
    claimed,
    decision,
    {
      rows: [claimed],
      outcome: told.outcome,
      policy: mapping.retry,
      hasLookup: true,
      startedAt: performance.now(),
      asked: true,
      readBackMs: mapping.readBack?.afterMs,
      connector: mapping.connector,
      mappingVersionId: versionId,
    },
    work,
  );
  if (lead?.erased === true && row.action !== 'erase' && !isEnd(stateAfter(decision.verdict)))
    noteErased(claimed, decision, work);
  await markSettled(tx, work.settlements);
  // What was asked of a person is answered.
  await closeAlertsOf(tx, [row.id]);
  await writeEffects(tx, work);
  return 'settled';
}

const saysYes = ({ kind }: Decided): boolean => kind === 'accepted' || kind === 'duplicate';

/** Where nobody knew what became of it, its recipient's word settles it; else its first word stands. */
async function afterItsEnd(
  tx: Sql,
  { published }: CallbackNeeds,
  row: Delivery,
  outcome: Decided,
): Promise<Heard> {
  if (saysYes(outcome) && isUndecided(row)) {
    const reference = 'reference' in outcome ? outcome.reference : undefined;
    await resolveIn(tx, published, row.id, {
      actor: 'recipient',
      evidence: 'signed callback',
      received: true,
      ...(reference === undefined ? {} : { reference }),
    });
    return 'settled';
  }
  if (row.state !== 'cancelled' && saysYes(outcome) !== (row.state === 'delivered'))
    await contradicted(tx, row);
  return 'noted';
}

const alertAgainSeconds = 3_600;

async function contradicted(tx: Sql, { id, clientId, destinationId, reason }: Delivery): Promise<void> {
  if (await raisedSince(tx, 'ack_contradicts', destinationId, alertAgainSeconds)) return;
  await raiseAlerts(tx, [{ kind: 'ack_contradicts', clientId, destinationId, deliveryId: id, reason }]);
}
