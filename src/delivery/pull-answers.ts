// Records the answers of a client about the leads that it fetched: accepted, refused or returned.
// Invariant: an answer names an attempt that departed. One answer is recorded for each attempt, however often it comes and by whichever
// way; an answer after the end of its lease is recorded as late.
import type { Outcome } from '../../connectors/contract.ts';
import { splitReason } from '../domain/delivery.ts';
import { namelessCode, type PersonName } from '../domain/names-in-text.ts';
import { deliveriesByKeys, lockDeliveries, type Delivery } from '../store/deliveries/deliveries.ts';
import { forgetReferences, markSettled } from '../store/deliveries/delivery-settlements.ts';
import { appendHandovers, entryAbout } from '../store/log/handovers.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import { namesOf } from '../store/people/persons-names.ts';
import { isElsewhere } from '../store/client-locks.ts';
import { lockLeads } from '../store/leads/leads.ts';
import { attemptEntries, type AttemptEntry } from '../store/deliveries/pull-entries.ts';
import { wakeSiblings } from '../store/leads/restrictions.ts';
import type { Attempted, ClaimedDelivery } from './trip/attempt.ts';
import type { TripNeeds } from './trip/trip.ts';
import { resendOvertaken } from './outcome/follow-ups.ts';
import { unspent } from './outcome/effects.ts';

/** `unavailable`: not now, to be given again. `unconfirmed`: given to a client that says nothing of what it took. */
export type PullOutcome = Extract<
  Outcome,
  { kind: 'accepted' | 'duplicate' | 'refused' | 'unavailable' | 'unconfirmed' }
>;

/** The code of a returned lead whose client gives none. */
export const givenBack = 'GIVEN_BACK';

export interface PullAnswer {
  /** Key of the delivery. */
  readonly key: string;
  /** As it was given with the lead: `leaseNameOf`. */
  readonly lease: string;
  readonly outcome: PullOutcome;
}

/** `late`: the lease was over, and it is given again. `unknown`: nothing of that key was ever given under that lease. */
export type PullAnswered = 'recorded' | 'already' | 'late' | 'unknown';

/** Names the attempt under which a lead was given; nothing can be guessed from it. */
export const leaseNameOf = ({
  run,
  attempt,
  leaseToken,
}: Pick<Delivery, 'run' | 'attempt' | 'leaseToken'>): string => `${run}-${attempt}-${leaseToken}`;

interface LeaseNamed {
  readonly run: number;
  readonly attempt: number;
  readonly token: number;
}

export interface AnswersOf {
  readonly destinationId: string;
  /** The actor that the log names. */
  readonly actor: string;
}

/** The reason of a recipient as a code without names, from the mapping's list if it has one. */
const withoutPerson = (
  outcome: PullOutcome,
  { action }: Pick<Delivery, 'action'>,
  person: PersonName | undefined,
  listed: (given: string) => string,
): PullOutcome =>
  'reason' in outcome && outcome.reason !== undefined && outcome.reason !== givenBack
    ? { ...outcome, reason: namelessCode(listed(outcome.reason), person, action) }
    : outcome;

/** The code that the mapping in force keeps of a reason. */
async function listOf(needs: TripNeeds, destinationId: string): Promise<(given: string) => string> {
  const mapping = (await needs.inForce(destinationId))?.mapping;
  const settings = mapping?.actions.create?.settings;
  const fetched = mapping === undefined ? undefined : needs.connectors[mapping.connector]?.fetched;
  return (given) => fetched?.reasonOf(settings, given) ?? given;
}

/** In the order of the answers. */
export async function recordAnswers(
  needs: TripNeeds,
  of: AnswersOf,
  answers: readonly PullAnswer[],
): Promise<readonly PullAnswered[]> {
  const rows = new Map(
    (
      await deliveriesByKeys(
        needs.database,
        answers.map(({ key }) => key),
      )
    )
      .filter((row) => row.destinationId === of.destinationId)
      .map((row) => [row.key, row]),
  );
  const entries = Map.groupBy(
    await attemptEntries(
      needs.database,
      [...rows.values()].map((row) => row.id),
    ),
    ({ deliveryId }) => deliveryId,
  );
  const persons = await namesOf(
    needs.database,
    [...rows.values()].map((row) => row.leadId),
  );
  const listed = await listOf(needs, of.destinationId);
  const first = new Map<string, Promise<PullAnswered>>();
  return Promise.all(
    answers.map(async (given): Promise<PullAnswered> => {
      const row = rows.get(given.key);
      if (row === undefined) return 'unknown';
      // Given twice in one request, the first counts, as it does when they come one after the other.
      const name = `${row.id} ${given.lease}`;
      const known = first.get(name);
      if (known !== undefined) return (await known) === 'recorded' ? 'already' : known;
      const outcome = withoutPerson(given.outcome, row, persons.get(row.leadId), listed);
      const answer = { ...given, outcome };
      const recorded = recordAnswer(needs, of, { answer, row, entries: entries.get(row.id) ?? [] });
      first.set(name, recorded);
      return recorded;
    }),
  );
}

interface GivenAnswer {
  readonly answer: PullAnswer;
  readonly row: Delivery;
  /** Entries of the log about the delivery so far. */
  readonly entries: readonly AttemptEntry[];
}

async function recordAnswer(needs: TripNeeds, of: AnswersOf, given: GivenAnswer): Promise<PullAnswered> {
  const lease = leaseOf(given.answer.lease);
  const departed = given.entries.find((entry) => isOf(entry, lease) && entry.entry === 'departed');
  if (lease === undefined || departed === undefined) return 'unknown';
  if (isAnswered(given.entries, lease)) return 'already';
  const { row } = given;
  if (row.state === 'sending' && row.leaseToken === lease.token && row.attempt === lease.attempt) {
    const attempted = await attemptedOf(needs, of, given, departed);
    const { late } = await needs.record({ attempted });
    if (late.length === 0) return 'recorded';
  }
  return recordLate(needs, of, given, lease);
}

function leaseOf(name: string): LeaseNamed | undefined {
  const [, run, attempt, token] = /^(\d{1,9})-(\d{1,9})-(\d{1,15})$/.exec(name) ?? [];
  return run === undefined ? undefined : { run: Number(run), attempt: Number(attempt), token: Number(token) };
}

const isOf = (entry: AttemptEntry, lease: LeaseNamed | undefined): boolean =>
  entry.run === lease?.run && entry.attempt === lease.attempt;

const isAnswered = (entries: readonly AttemptEntry[], lease: LeaseNamed): boolean =>
  entries.some((entry) => isOf(entry, lease) && (entry.entry === 'outcome' || entry.entry === 'late'));

/** A client that accepted a lead under an earlier lease has it already: the second acceptance is a duplicate, so that the log has one. */
function outcomeOf({ answer: { outcome }, entries, row }: GivenAnswer): PullOutcome {
  const isSaid = entries.some(({ run, outcome: said }) => run === row.run && said === 'accepted');
  return outcome.kind === 'accepted' && isSaid ? { ...outcome, kind: 'duplicate' } : outcome;
}

async function attemptedOf(
  { database, published, connectors }: TripNeeds,
  { actor }: AnswersOf,
  given: GivenAnswer,
  departed: AttemptEntry,
): Promise<Attempted> {
  const { row } = given;
  const mapping = await published.version(row.sentMappingId);
  const { outcome } = given.answer;
  const claimed: ClaimedDelivery = {
    ...row,
    now: database.now(),
    knownReference: row.recipientReference,
    hasCreate: true,
    createUnsettled: false,
  };
  return {
    rows: [claimed],
    outcome,
    policy: mapping?.retry ?? givenBackPolicy,
    hasLookup: false,
    startedAt: performance.now() - (database.now().getTime() - departed.at.getTime()),
    asked: false,
    connector: connectors[mapping?.connector ?? '']?.type ?? 'pull',
    mappingVersionId: row.sentMappingId,
    actor,
    isOnce: true,
    // A returned lead does not move the circuit: its recipient came, and will come again.
    ...(outcome.kind === 'unavailable' ? { besideCircuit: true } : {}),
  };
}

/** For a version that no longer compiles: the lead is offered again soon, and expires by its age. */
const givenBackPolicy: Attempted['policy'] = {
  delays: Array.from({ length: 50 }, () => 60_000),
  onUnknown: 'resend',
  maxRetryAfterMs: 3_600_000,
  pendingForMs: 0,
  pendingEveryMs: 60_000,
};

const taken: readonly string[] = ['accepted', 'duplicate'];

/** True if its lease is over, recovered or not, and no later lease was given. */
const isNobodyElses = ({ run, state, reason, leaseToken }: Delivery, lease: LeaseNamed): boolean =>
  run === lease.run &&
  (state === 'sending'
    ? leaseToken === lease.token
    : state === 'waiting' && splitReason(reason).base === 'outcome_unknown');

/**
 * Under the row's lock, so that the second of two answers finds the first. An acceptance of a lead that was not fetched again ends it.
 */
async function recordLate(
  { database }: TripNeeds,
  { actor }: AnswersOf,
  { answer, row: { id, leadId, clientId, sentMappingId } }: GivenAnswer,
  lease: LeaseNamed,
): Promise<PullAnswered> {
  return database.transaction(async (tx) => {
    // It is given again at the new place, which would not know of this answer.
    if (await isElsewhere(tx, clientId)) return 'late';
    await lockLeads(tx, [leadId]);
    const [row] = await lockDeliveries(tx, [id]);
    if (row === undefined) return 'unknown';
    const entries = await attemptEntries(tx, [id]);
    if (isAnswered(entries, lease)) return 'already';
    const outcome = outcomeOf({ answer, entries, row });
    const settles = taken.includes(outcome.kind) && isNobodyElses(row, lease);
    await appendHandovers(tx, [
      entryAbout(row, 'late', actor, {
        run: lease.run,
        attempt: lease.attempt,
        connector: 'pull',
        mappingVersionId: sentMappingId,
        outcome: outcome.kind,
        reason: 'reason' in outcome ? outcome.reason : '',
        nextStep: settles ? 'done' : '',
      }),
    ]);
    await raiseAlerts(tx, await resendOvertaken(tx, [{ row, outcome }]));
    if (!settles) return 'late';
    const reference = 'reference' in outcome ? outcome.reference : undefined;
    const settled = unspent(row, 'delivered', outcome.kind);
    await markSettled(tx, [{ ...settled, maybeReceived: true, askFirst: false, reference }]);
    await wakeSiblings(tx, [row]);
    if (row.action === 'erase') await forgetReferences(tx, [row]);
    return 'recorded';
  });
}
