// The checker: pure rules over the ledgers of a storm. Every figure that must be 0 names the guarantee it stands for.
// Invariant: an order of events is taken from the log's ids, which grow under the locks that decide it; no clock is trusted.
import { attemptOf, inFlight, isAnswer, limitsPassed, settledEntries, settledTwice } from './check-flight.ts';
import { inTwoFiles } from './check-files.ts';
import {
  hostileLeft,
  leftStanding,
  madeTwice,
  otherContent,
  otherKeys,
  toAnother,
  twice,
} from './check-keys.ts';
import { correctionsNotTold, notFollowed, notTold, takenBackSent } from './check-told.ts';
import { feedGaps, postedAndLost, wrongAnswers } from './check-api.ts';
import { broughtBack } from './check-copies.ts';
import { yesLostOrTwice } from './check-fetched.ts';
import { formerMissed, provesNothing, silentRefusals } from './check-acts.ts';
import { objectionsUnsaid } from './check-objections.ts';
import { afterPurge, cameBack, keptOrGone, refusedAsOver, takenInFlight } from './check-retention.ts';
import { departedRestricted, notToldByRequest, reachedNobody, requestsCounted } from './check-requests.ts';
import { ended, mayStand, type DeliveryLine, type Entry, type Ledgers, type Receipt } from './ledgers.ts';
import { remainsOf } from './remains.ts';
import { zeros, type Figures } from './zeros.ts';

export { zeros };
export type { Figures };

export function check(ledgers: Ledgers): Figures {
  const { leads, deliveries, entries, receipts } = ledgers;
  const departed = entries.filter((one) => one.entry === 'departed');
  const story = {
    ...ledgers,
    departed,
    referenceOf: new Map(leads.map((lead) => [lead.id, lead.reference])),
    byLead: Map.groupBy(entries, (one) => one.leadId),
    deliveriesOf: Map.groupBy(deliveries, (one) => one.leadId),
    receiptsOf: Map.groupBy(receipts, (one) => one.key),
    deliveryOf: new Map(deliveries.map((one) => [one.id, one])),
    refusedBy: new Map(ledgers.handedIn.map((one) => [one.reference, one.refusedBy ?? []])),
    poison: new Set(ledgers.handedIn.filter((one) => one.poison).map((one) => one.reference)),
  };
  return {
    leads: leads.length,
    deliveries: deliveries.length,
    attempts: departed.length,
    received: receipts.length,
    duplicates: receipts.length - new Set(receipts.map((one) => `${one.destination} ${one.sentKey}`)).size,
    unknownOutcomes: entries.filter((one) => one.entry === 'outcome_unknown' || one.outcome === 'unknown')
      .length,
    lateOutcomes: entries.filter((one) => one.entry === 'late').length,
    retried: departed.filter((one) => one.attempt > 1).length,
    withheld: entries.filter((one) => one.entry === 'withheld').length,
    files: new Set(
      receipts.flatMap(({ destination, file }) => (file === undefined ? [] : `${destination} ${file}`)),
    ).size,
    ...requestsCounted(ledgers),
    takenInFlight: takenInFlight(story),
    provesNothing: provesNothing(story),
    faults: {
      [zeros.lost]: lost(story),
      [zeros.unsettled]: deliveries
        .filter((one) => !ended(one.state) && !mayStand(one, ledgers))
        .map((one) => `${one.destination} ${one.state}:${one.reason} ${one.id}`),
      [zeros.givenUp]: givenUp(story),
      [zeros.unlogged]: unlogged(story),
      [zeros.neverReceived]: deliveries
        .filter((one) => one.state === 'delivered' && story.receiptsOf.get(one.key) === undefined)
        .map((one) => `${one.destination} ${one.action} ${one.id}`),
      [zeros.erased]: departedAfter(story, 'erased', () => true),
      [zeros.withdrawn]: departedAfter(story, 'withdrawn', saysYes),
      [zeros.revoked]: revoked(entries),
      [zeros.notFollowed]: notFollowed(story),
      [zeros.notTold]: notTold(story),
      [zeros.twoAtOnce]: inFlight(entries),
      [zeros.limits]: limitsPassed(ledgers),
      [zeros.unanswered]: unanswered(story),
      [zeros.settledTwice]: settledTwice(entries),
      [zeros.neverDeparted]: neverDeparted(story),
      [zeros.twice]: twice(deliveries),
      [zeros.otherContent]: otherContent(story),
      [zeros.brokenLog]: ledgers.brokenLog,
      [zeros.otherKey]: otherKeys(ledgers),
      [zeros.toAnother]: toAnother(ledgers),
      [zeros.corrections]: correctionsNotTold(story),
      [zeros.takenBack]: takenBackSent(story),
      [zeros.leftStanding]: leftStanding(ledgers),
      [zeros.hostile]: hostileLeft(ledgers),
      [zeros.madeTwice]: madeTwice(story),
      [zeros.stoodStill]: ledgers.stoodStill,
      [zeros.inTwoFiles]: inTwoFiles(story),
      [zeros.spoiltFiles]: ledgers.spoiltFiles,
      [zeros.exposed]: ledgers.exposed,
      [zeros.restricted]: departedRestricted(story),
      [zeros.objected]: objectionsUnsaid(story),
      [zeros.untold]: notToldByRequest(story),
      [zeros.reachedNobody]: [...reachedNobody(story), ...(story.isFull ? provesNothing(story) : [])],
      [zeros.formerAddress]: formerMissed(story),
      [zeros.refusals]: silentRefusals(story),
      [zeros.afterPurge]: afterPurge(story),
      [zeros.kept]: keptOrGone(story),
      [zeros.cameBack]: cameBack(story),
      [zeros.posted]: postedAndLost(story),
      [zeros.answers]: wrongAnswers(ledgers),
      [zeros.yes]: yesLostOrTwice(ledgers),
      [zeros.feed]: feedGaps(ledgers),
      [zeros.shutOut]: ledgers.shutOut,
      [zeros.broughtBack]: broughtBack(story),
      [zeros.remains]: remainsOf(story),
    },
  };
}

export interface Story extends Ledgers {
  readonly departed: readonly Entry[];
  readonly referenceOf: ReadonlyMap<number, string>;
  readonly byLead: ReadonlyMap<number, readonly Entry[]>;
  readonly deliveriesOf: ReadonlyMap<number, readonly DeliveryLine[]>;
  readonly receiptsOf: ReadonlyMap<string, readonly Receipt[]>;
  readonly deliveryOf: ReadonlyMap<number, DeliveryLine>;
  readonly poison: ReadonlySet<string>;
  readonly refusedBy: ReadonlyMap<string, readonly string[]>;
}

const says = (consents: string | null, state: string): boolean =>
  (JSON.parse(consents ?? '[]') as { state: string }[]).some((one) => one.state === state);

/** A call that carries no opt-in, after one that did, says neither yes nor no. */
const saysYes = ({ consents }: Entry): boolean =>
  (JSON.parse(consents ?? '[]') as unknown[]).length > 0 && !says(consents, 'withdrawn');

function lost(story: Story): readonly string[] {
  const { handedIn, leads, deliveriesOf } = story;
  const byReference = new Map(leads.map((lead) => [lead.reference, lead]));
  return handedIn.flatMap(({ reference, owed, poison }) => {
    const lead = byReference.get(reference);
    if (lead === undefined)
      return poison || refusedAsOver(story, reference) ? [] : [`${reference} never taken in`];
    // Erased before it was planned: nothing may be owed any more.
    if (lead.erased) return [];
    const creates = (deliveriesOf.get(lead.id) ?? []).filter((one) => one.action === 'create');
    return owed.flatMap((destination) =>
      creates.some((one) => one.destination === destination) ? [] : [`${reference} ${destination}`],
    );
  });
}

/** Ends that are an answer, not a loss. */
const fairEnds =
  /^(erased|purged|superseded|not_needed|manual_erasure_required|manual_update_required|not_accepted)/;

function givenUp({ deliveries, leads, referenceOf, poison, refusedBy }: Story): readonly string[] {
  const erased = new Set(leads.filter((one) => one.erased).map((one) => one.id));
  return deliveries
    .filter(
      (one) =>
        ended(one.state) &&
        one.state !== 'delivered' &&
        !fairEnds.test(one.reason) &&
        // Cancelled by support, which replays it unless the person has gone meanwhile.
        !(one.reason.startsWith('by_support') && erased.has(one.leadId)) &&
        !poison.has(referenceOf.get(one.leadId) ?? '') &&
        !(refusedBy.get(referenceOf.get(one.leadId) ?? '') ?? []).includes(one.destination),
    )
    .map((one) => `${one.destination} ${one.action} ${one.state}:${one.reason} ${one.id}`);
}

/** Each receipt needs a departure of its own: a count, since every attempt of a delivery bears the same key. */
function unlogged({ receiptsOf, departed, deliveryOf, receipts }: Story): readonly string[] {
  const departures = Map.groupBy(departed, (one) => deliveryOf.get(one.deliveryId)?.key ?? '');
  const files = new Set(departed.map((one) => `${one.fileName} ${one.deliveryId}`));
  const idOf = new Map([...deliveryOf.values()].map((one) => [one.key, one.id]));
  const rows = receipts.filter((one) => one.file !== undefined);
  return [
    ...[...receiptsOf].flatMap(([key, received]) => {
      const [logged, came] = [departures.get(key)?.length ?? 0, received.length];
      return came > logged ? [`${received[0]?.destination} ${key}: received ${came}, logged ${logged}`] : [];
    }),
    ...rows
      .filter((row) => !files.has(`${row.file} ${idOf.get(row.key) ?? 0}`))
      .map((row) => `${row.destination} ${row.key} in ${row.file}`),
  ];
}

/** Departures of a lead after an entry of its log, erasures aside, for which `wrong` holds. */
function departedAfter(
  { byLead, referenceOf }: Story,
  entry: string,
  wrong: (one: Entry) => boolean,
): readonly string[] {
  return [...byLead].flatMap(([leadId, story]) => {
    const first = story.find((one) => one.entry === entry);
    return story
      .filter(
        (one) =>
          one.entry === 'departed' &&
          one.action !== 'erase' &&
          one.id > (first?.id ?? Infinity) &&
          wrong(one),
      )
      .map((one) => `${referenceOf.get(leadId) ?? leadId} ${one.destination} ${one.deliveryId}`);
  });
}

function revoked(entries: readonly Entry[]): readonly string[] {
  const ends = new Map(
    entries.filter((one) => one.entry === 'revoked').map((one) => [one.authorisationId, one.id]),
  );
  return (
    entries
      .filter((one) => one.entry === 'departed' && one.id > (ends.get(one.authorisationId) ?? Infinity))
      // What a person took back goes to whoever has it, under the authorisation of that time.
      .filter(
        (one) => one.action !== 'erase' && !(one.action === 'update' && says(one.consents, 'withdrawn')),
      )
      .map((one) => `${one.destination} ${one.deliveryId} under ${one.authorisationId}`)
  );
}

function unanswered({ entries, departed }: Story): readonly string[] {
  const answered = new Set(entries.filter(isAnswer).map(attemptOf));
  return departed
    .filter((one) => !answered.has(attemptOf(one)))
    .map((one) => `${one.destination} ${attemptOf(one)}`);
}

function neverDeparted({ entries, departed }: Story): readonly string[] {
  const left = new Set(departed.map(attemptOf));
  return entries
    .filter((one) => settledEntries.has(one.entry) && !left.has(attemptOf(one)))
    .map((one) => `${one.destination} ${attemptOf(one)}`);
}
