// Resolves a delivery of unknown outcome by what a person, or a later entry of the log, found out: the recipient has it, or does not.
// Invariant: an entry of the log names the actor and the evidence; what waited for the answer continues in the same transaction.
import type { Captured } from '../../../connectors/contract.ts';
import { isEnd, safeReference, splitReason } from '../../domain/delivery.ts';
import { undoneBy } from '../../domain/verdict.ts';
import { RelaisError } from '../../errors.ts';
import { unknownDelivery } from '../../errors/unknown.ts';
import {
  forgetCaptures,
  noteCallOutcomes,
  readCalls,
  type CallRow,
  type CallOutcome,
} from '../../store/deliveries/calls.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { lockDeliveries, readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import {
  forgetReferences,
  markSettled,
  mayKeepReference,
} from '../../store/deliveries/delivery-settlements.ts';
import { takenBy } from '../../store/deliveries/delivery-targets.ts';
import { appendHandovers, entryAbout } from '../../store/log/handovers.ts';
import { heldWithLateProof } from '../../store/deliveries/late-proofs.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { closeAlertsOf } from '../../store/alerts/tasks.ts';
import { noteUndone } from '../../store/deliveries/undone-calls.ts';
import { wakeSiblings } from '../../store/leads/restrictions.ts';
import type { Published } from '../trip/mapping-cache.ts';
import type { Quarantine } from '../trip/quarantine.ts';

interface Finding {
  readonly actor: string;
  /** The document that shows it: a mail of the client, a ticket; no name or address of a person. */
  readonly evidence: string;
  readonly received: boolean;
  /** The reference of the recipient. */
  readonly reference?: string;
}

export type Resolution = 'delivered' | 'goes_on' | 'sent_again' | 'ended_unreceived';

/** @throws FIND-001, RESOLVE-001 when its outcome is not open, RESOLVE-002 when the reference may not be kept */
export async function resolve(
  { database, published }: { readonly database: Database; readonly published: Published },
  id: number,
  finding: Finding,
): Promise<Resolution> {
  if (finding.reference !== undefined && safeReference(finding.reference) === undefined)
    throw new RelaisError('RESOLVE-002', [
      'La référence contient une adresse e-mail, un téléphone ou des caractères qu’aucun numéro de fiche n’a.',
      'The reference holds a mail address, a phone number or signs that no record number has.',
    ]);
  return database.transaction((tx) => resolveIn(tx, published, id, finding));
}

/** The same in a transaction of the caller's, which nothing is written in where it throws. */
export async function resolveIn(
  tx: Sql,
  published: Published,
  id: number,
  finding: Finding,
): Promise<Resolution> {
  const [seen] = await readDeliveries(tx, [id]);
  if (seen === undefined) throw unknownDelivery(String(id));
  await lockLeads(tx, [seen.leadId]);
  const [row] = await lockDeliveries(tx, [id]);
  if (row === undefined || !isUndecided(row))
    throw new RelaisError('RESOLVE-001', [
      `L’issue de la livraison ${id} est connue : personne n’a à dire ce qu’elle est devenue.`,
      `Delivery ${id} is ${row?.state ?? 'gone'}: nobody has to say what became of it.`,
    ]);
  const own =
    (await readCalls(tx, row.leadId, row.destinationId)).find((delivery) => delivery.id === id)?.calls ?? [];
  const open = own.find((call) => !call.done && (call.outcome === '' || call.maybeReceived));
  if (!finding.received) return notReceived(tx, row, open, own, finding);
  const { reference, ...kept } = finding;
  // The reference of an erased lead is kept until its erasure at the recipient, and no longer.
  const found: Finding =
    reference !== undefined && (await mayKeepReference(tx, row)) ? { ...kept, reference } : kept;
  return received(tx, row, open, found, await capturesBy(published, row, open, found.reference));
}

/**
 * Resolves deliveries whose answer the log has: a worker that had lost its lease received it (`late`), while the delivery waits for
 * support. Returns how many.
 */
export async function resolveFromLog(
  needs: Parameters<typeof resolve>[0],
  quarantine: Quarantine,
): Promise<number> {
  const proved = await heldWithLateProof(needs.database, 200);
  return quarantine.each(
    proved,
    ({ id, destinationId }) => ({ destinationId, deliveryId: id }),
    async ({ id, entry }) => {
      const evidence = `late answer, entry ${entry}`;
      await resolve(needs, id, { actor: 'planner', evidence, received: true }).catch((error: unknown) => {
        // Another process was faster.
        if (!(error instanceof RelaisError) || isStoreTrouble(error)) throw error;
      });
      return 1;
    },
  );
}

export const waitsForDecision = ({ state, reason }: Delivery): boolean =>
  state === 'waiting' && splitReason(reason).base === 'unknown_hold';

/** Waits for a person's decision, or ended while the recipient may have it. */
export const isUndecided = (row: Delivery): boolean =>
  waitsForDecision(row) || ((row.state === 'failed' || row.state === 'cancelled') && row.maybeReceived);

/** A call that gives one id gives the record's number. */
async function capturesBy(
  published: Published,
  row: Delivery,
  open: CallRow | undefined,
  reference: string | undefined,
): Promise<Captured> {
  if (open === undefined || reference === undefined) return {};
  const version = await published.version(open.sentMappingId);
  const captures =
    version?.actions[row.action]?.calls?.find((declared) => declared.name === open.name)?.captures ?? [];
  const [only, ...more] = captures;
  return only === undefined || more.length > 0 ? {} : { [only]: reference };
}

async function received(
  tx: Sql,
  row: Delivery,
  open: CallRow | undefined,
  finding: Finding,
  captures: Captured,
): Promise<Resolution> {
  // One of several calls: the next claim sees which are left, and ends the delivery where none is.
  const goesOn = open !== undefined && !isEnd(row.state);
  const undone = open === undefined ? undefined : undoneBy(open.name);
  const isKept = undone === undefined;
  await endCall(tx, open, { outcome: 'accepted', maybeReceived: isKept, done: isKept, captures });
  if (undone !== undefined) await noteUndone(tx, [{ deliveryId: row.id, name: undone }]);
  // A delivery of several calls that ended half-way is not delivered by one of them: a replay makes the others.
  const delivered = open === undefined;
  await settle(tx, row, {
    ...(delivered
      ? { state: 'delivered' as const, reason: 'accepted' }
      : goesOn
        ? { state: 'planned' as const, reason: '' }
        : { state: row.state, reason: row.reason }),
    maybeReceived: true,
    askFirst: goesOn,
    reference: finding.reference,
  });
  await note(tx, row, open, finding, delivered ? 'done' : 'continue');
  if (delivered && row.action === 'erase') {
    await forgetReferences(tx, [row]);
    await forgetCaptures(tx, [row]);
  }
  return delivered ? 'delivered' : 'goes_on';
}

async function endCall(
  tx: Sql,
  open: CallRow | undefined,
  end: Omit<CallOutcome, 'deliveryId' | 'name'>,
): Promise<void> {
  if (open !== undefined)
    await noteCallOutcomes(tx, [{ deliveryId: open.deliveryId, name: open.name, ...end }]);
}

async function notReceived(
  tx: Sql,
  row: Delivery,
  open: CallRow | undefined,
  own: readonly CallRow[],
  finding: Finding,
): Promise<Resolution> {
  await endCall(tx, open, { outcome: 'absent', maybeReceived: false, done: false, captures: {} });
  const ended = isEnd(row.state);
  await settle(tx, row, {
    ...(ended ? { state: row.state, reason: row.reason } : { state: 'planned' as const, reason: '' }),
    // Mailboxes that accepted it have it, whatever the others answered.
    maybeReceived: own.some((call) => call.done) || (await takenBy(tx, row.id)).length > 0,
    askFirst: open !== undefined,
  });
  await note(tx, row, open, finding, ended ? 'fail' : 'retry');
  return ended ? 'ended_unreceived' : 'sent_again';
}

async function settle(
  tx: Sql,
  row: Delivery,
  to: Pick<
    Parameters<typeof markSettled>[1][number],
    'state' | 'reason' | 'maybeReceived' | 'askFirst' | 'reference'
  >,
): Promise<void> {
  await markSettled(tx, [{ id: row.id, ...to, afterMs: 0, spend: false, leaveBatch: true }]);
  // Deliveries that waited for the answer are dispatched again, and the task of support is closed.
  if (isEnd(to.state)) await wakeSiblings(tx, [row]);
  await closeAlertsOf(tx, [row.id]);
}

const note = (
  tx: Sql,
  row: Delivery,
  open: CallRow | undefined,
  { actor, evidence, received: has }: Finding,
  nextStep: string,
): Promise<void> =>
  appendHandovers(tx, [
    entryAbout(row, 'resolved', actor, {
      call: open?.name,
      purpose: evidence,
      outcome: has ? 'accepted' : 'absent',
      reason: has ? 'received' : 'not_received',
      nextStep,
    }),
  ]);
