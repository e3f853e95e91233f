// Sends an erasure, or an update that takes something back, to every record that the recipient holds under our reference: the recipient may
// have made two of one create, and its staff copy records.
// Invariant: the outcome is accepted only once a look-up shows no record that has not accepted. A record is ours if it shows our reference
// byte by byte; requests for further records leave under the lease and the departure of the first.
import { hash } from 'node:crypto';
import type {
  Body,
  Captured,
  Copy,
  Outcome,
  Parcel,
  ParcelItem,
  SendContext,
} from '../../../connectors/contract.ts';
import { isUndo } from '../../domain/verdict.ts';
import { callKey, callPlanOf } from '../../mapping/calls/situations.ts';
import { entryNames, appendHandover } from '../../store/log/handovers.ts';
import type { Ready, RecordNamed, RoutedCall } from '../trip/attempt.ts';
import { itemOf } from '../content/parcel.ts';
import { writtenAtOf } from '../content/render.ts';
import { carriesRight } from '../content/rights.ts';
import type { Departed, Trip, TripNeeds } from '../trip/trip.ts';

/** Times a recipient is asked in one attempt; each answer shows as many records as the question takes. */
const maxQuestions = 20;

/** One parcel to the recipient, or a question; never throws what a recipient answers. */
export type Exchange = (
  kind: 'send' | 'lookup',
  parcel: Parcel,
  settings: unknown,
  classify: SendContext['classify'],
) => Promise<Outcome>;

/** The subject of a question: the record of the delivery, or what one call of its create made. */
interface Subject {
  readonly known: string;
  readonly settings: unknown;
  readonly classify: SendContext['classify'];
  readonly parcel: Parcel;
  /** Name of a record in an answer, and what is written with it in place of the known one. */
  readonly nameOf: (record: Copy) => string | undefined;
  readonly inPlace: (record: Copy) => RecordNamed;
}

interface Treated extends Pick<Departed, 'trip' | 'departure'> {
  readonly ready: Ready;
  readonly subject: Subject;
}

/** @param first the answer of the record that was known @returns the answer for all records */
export async function sendToEveryRecord(
  needs: Pick<TripNeeds, 'database'>,
  { trip, departure }: Pick<Departed, 'trip' | 'departure'>,
  first: Outcome,
  say: Exchange,
): Promise<Outcome> {
  const [ready] = departure.ready;
  if (!isAccepted(first) || ready === undefined || trip.batch !== undefined || !trip.canAsk) return first;
  if (!carriesRight(ready.row, ready.lead, ready.row.now)) return first;
  for (const subject of subjectsOf(trip, ready)) {
    const open = await sendToCopies(needs, { trip, departure, ready, subject }, say);
    if (open !== undefined) return open;
  }
  return first;
}

/** Undefined: the recipient shows no record that has not accepted it. */
async function sendToCopies(
  { database }: Pick<TripNeeds, 'database'>,
  treating: Treated,
  say: Exchange,
): Promise<Outcome | undefined> {
  const { trip, ready, subject } = treating;
  const treated = new Set([subject.known]);
  const settings = ready.call?.settings ?? trip.settings;
  const classify = ready.call?.classify ?? trip.context.classify;
  for (let question = 1; question <= maxQuestions; question += 1) {
    const found = await say('lookup', subject.parcel, subject.settings, subject.classify);
    if (!isAccepted(found)) return openAfter(found);
    const left = [found, ...(found.copies ?? [])].filter(
      (record) => !treated.has(subject.nameOf(record) ?? subject.known),
    );
    if (left.length === 0) return undefined;
    await database.transaction((tx) =>
      appendHandover(tx, {
        entry: 'lookup',
        ...entryNames(ready.row),
        ...(ready.call === undefined ? {} : { call: ready.call.name }),
        actor: 'worker',
        connector: trip.connector.type,
        outcome: 'accepted',
        reason: 'FURTHER_RECORDS',
        mappingVersionId: trip.versionId,
      }),
    );
    for (const record of left) {
      const parcel = parcelFor(record, treating);
      if (parcel === undefined) return { kind: 'invalid', reason: 'FURTHER_RECORD_UNWRITTEN' };
      const answer = await say('send', parcel, settings, classify);
      if (!isAccepted(answer)) return answer;
      treated.add(subject.nameOf(record) ?? '');
    }
  }
  return { kind: 'unavailable', reason: 'FURTHER_RECORDS', maybeReceived: true };
}

const isAccepted = (outcome: Outcome): outcome is Outcome & { readonly kind: 'accepted' | 'duplicate' } =>
  outcome.kind === 'accepted' || outcome.kind === 'duplicate';

/** An answer that names no record leaves nothing to do where it says so; where it cannot be read, the question is asked again later. */
function openAfter(found: Outcome): Outcome | undefined {
  switch (found.kind) {
    case 'absent':
    case 'pending':
      return undefined;
    case 'unauthorized':
    case 'throttled':
      return found;
    case 'unavailable':
      return { ...found, maybeReceived: true };
    case 'accepted':
    case 'duplicate':
    case 'unconfirmed':
    case 'refused':
    case 'invalid':
    case 'unknown': {
      const reason = 'reason' in found ? found.reason : 'UNANSWERED';
      // Another's record, alike but for letter case: none of ours is there.
      if (reason === 'REFERENCE_DIFFERS') return undefined;
      return { kind: 'unavailable', reason, maybeReceived: true };
    }
  }
}

/** Values of a question, besides the key and the call. */
const askedOf = ({ row, lead }: Ready) => ({
  leadReference: lead.reference,
  ...(row.knownReference === undefined ? {} : { recipientReference: row.knownReference }),
  writtenAt: writtenAtOf(row),
});

function subjectsOf(trip: Trip, ready: Ready): readonly Subject[] {
  const { row, lead, call } = ready;
  if (call !== undefined) return isUndo(call.name) ? [] : subjectsOfCall(trip, ready, call);
  const body = trip.question({ ...askedOf(ready), action: row.action, key: row.key });
  if (row.knownReference === undefined || body === undefined) return [];
  return [
    {
      known: row.knownReference,
      settings: trip.settings,
      classify: trip.context.classify,
      parcel: questionOf(trip, ready, itemOf(row, lead.reference), body),
      nameOf: ({ reference }) => reference,
      inPlace: ({ reference }) => (reference === undefined ? {} : { recipientReference: reference }),
    },
  ];
}

/** One for each call of the create that gave an id this call names, where that call can be asked about. */
function subjectsOfCall(trip: Trip, ready: Ready, { needs }: RoutedCall): readonly Subject[] {
  const { row, lead } = ready;
  const captured = trip.progress?.captured ?? {};
  const givers = new Set(needs.filter((id) => id !== 'reference').map((id) => id.slice(0, id.indexOf('.'))));
  return [...givers].flatMap((giver) => {
    const plan = callPlanOf(trip.mapping, 'create', giver);
    if (plan?.hasLookup !== true) return [];
    const asked = { ...askedOf(ready), action: 'create' as const, key: callKey(row.key, giver), captured };
    const body = trip.mapping.question(asked, giver);
    if (body === undefined) return [];
    const nameIn = (captures: Captured): string =>
      JSON.stringify(plan.captures.map((id) => captures[id] ?? null));
    return [
      {
        known: nameIn(captured),
        settings: plan.settings,
        classify: (answer, stage) =>
          trip.mapping.classifyBeside(answer, stage, { action: 'create', name: giver }),
        parcel: questionOf(trip, ready, itemOf(row, lead.reference, { call: giver, captured }), body),
        nameOf: ({ captures }) => (captures === undefined ? undefined : nameIn(captures)),
        inPlace: ({ captures = {} }) => ({ captured: { ...captured, ...captures } }),
      } satisfies Subject,
    ];
  });
}

const questionOf = ({ mapping }: Trip, { row }: Ready, item: ParcelItem, body: Body): Parcel => ({
  client: mapping.clientId,
  clientName: mapping.clientName,
  destination: mapping.destinationId,
  action: row.action,
  items: [item],
  body,
  writtenAt: writtenAtOf(row),
});

/** The same content for another record, under a key of its own: an idempotent recipient would answer for the first. */
function parcelFor(
  record: Copy,
  { trip, departure: { parcel }, ready, subject }: Treated,
): Parcel | undefined {
  const [item] = parcel.items;
  const place = subject.inPlace(record);
  const written = ready.writeFor(place);
  if (item === undefined || written === undefined) return undefined;
  const own = hash('sha256', subject.nameOf(record) ?? '', 'hex').slice(0, 12);
  return {
    ...parcel,
    items: [{ ...item, ...place, idempotencyKey: `${item.idempotencyKey}.${own}` }],
    body: trip.content.write([written], ready.row.action, undefined, ready.call?.name),
  };
}
