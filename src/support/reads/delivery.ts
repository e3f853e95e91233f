// Reads one delivery: its facts, its story in plain words, its entries of the log, its mapping versions.
// Invariant: a client reads the events, without the centre's actors and their reasons.
import { unknownDelivery } from '../../errors/unknown.ts';
import { deliveryStory, findDelivery, type StoryEntry } from '../../store/delivery-lists.ts';
import { isUndecided } from '../../delivery/outcome/resolve.ts';
import { findDestination } from '../../store/destinations.ts';
import { readVersions } from '../../store/mapping-versions.ts';
import type { SupportPlace } from '../place.ts';
import { publishedHours } from '../published-hours.ts';
import { replayPlans, type ReplayPlan } from '../replay.ts';
import { existing, type Scope } from '../scope.ts';
import { entryData, storyOf, type Story } from '../story.ts';
import { isCancellable } from '../cancel.ts';
import { headOf, type DeliveryHead } from './delivery-row.ts';

/** An entry of the hand-over log, with its columns. */
export interface EntryHead {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly run: number;
  readonly attempt: number;
  /** Empty for a client. */
  readonly actor: string;
  readonly purpose: string;
  readonly call: string;
  readonly recipient: string;
  readonly target: string;
  readonly connector: string;
  readonly mappingVersion: number;
  readonly leadRevision: number;
  readonly authorisation: number;
  /** Document of the authorisation. */
  readonly document: string | null;
  /** Names of the target's fields; no value. */
  readonly fields: readonly string[];
  /** The opt-in under the client's own names and values. */
  readonly consents: readonly SentOptIn[];
  /** SHA-256 of the sent content, hexadecimal. */
  readonly digest: string | null;
  readonly bytes: number;
  readonly file: string;
  readonly outcome: string;
  readonly reason: string;
  readonly status: number;
  readonly durationMs: number;
  readonly nextStep: string;
}

export interface SentOptIn {
  readonly field: string;
  readonly value: string;
  readonly purpose: string;
  readonly channel: string;
  readonly state: string;
}

export interface DeliveryPage {
  readonly delivery: DeliveryHead;
  readonly recipientReference: string | null;
  readonly story: Story;
  readonly entries: readonly EntryHead[];
  /** Number of the version whose content was sent first; null where none was. */
  readonly sentVersion: number | null;
  /** Number of the version in force. */
  readonly versionInForce: number | null;
  /** Plan of a replay, and whether it can be cancelled; for the centre only. */
  readonly replay: ReplayPlan | null;
  /** Waits with the content of an earlier version: a replay may render it by the one in force, under a new key. */
  readonly canBeAnew: boolean;
  readonly isCancellable: boolean;
  /** True where a person has to decide its outcome; for the centre only. */
  readonly isUndecided: boolean;
}

/** By number or by key (`webhook-id`). @throws FIND-001 */
export async function deliveryPage(place: SupportPlace, scope: Scope, name: string): Promise<DeliveryPage> {
  const { database } = place;
  const row = existing(scope, await findDelivery(database, name), unknownDelivery(name));
  const destination = await findDestination(database, row.destinationId);
  const hours = await publishedHours(place, [destination]);
  const inForce = destination?.mappingVersionId ?? 0;
  const versions = await readVersions(
    database,
    [row.sentMappingId, inForce].filter((id) => id > 0),
  );
  const versionOf = (id: number): number | null => versions.find((known) => known.id === id)?.version ?? null;
  const isCentre = scope.clientId === undefined;
  const plan = isCentre ? (await replayPlans(place, [row], { named: true })).get(row.id) : undefined;
  return {
    delivery: headOf(row),
    recipientReference: row.recipientReference ?? null,
    story: await storyOf(database, row, hours.get(row.destinationId), scope),
    entries: (await deliveryStory(database, row.id)).map((entry) => entryHead(entry, isCentre)),
    sentVersion: versionOf(row.sentMappingId),
    versionInForce: versionOf(inForce),
    replay: isCentre ? (plan ?? null) : null,
    canBeAnew:
      isCentre && (await replayPlans(place, [row], { anew: true, named: true })).get(row.id) !== plan,
    isCancellable: isCentre && isCancellable(row),
    isUndecided: isCentre && isUndecided(row),
  };
}

/** A delivery with each entry of its log as data, for programs of the centre. @throws FIND-001 */
export async function deliveryRecord(
  { database }: SupportPlace,
  scope: Scope,
  name: string,
): Promise<{ readonly head: DeliveryHead; readonly entries: readonly object[] }> {
  const row = existing(scope, await findDelivery(database, name), unknownDelivery(name));
  return { head: headOf(row), entries: (await deliveryStory(database, row.id)).map(entryData) };
}

export const entryHead = (entry: StoryEntry, isCentre: boolean): EntryHead => ({
  id: entry.id,
  at: entry.at,
  entry: entry.entry,
  run: entry.run,
  attempt: entry.attempt,
  actor: isCentre ? entry.actor : '',
  purpose: isCentre ? entry.purpose : '',
  call: entry.callName,
  recipient: entry.recipient,
  target: entry.target,
  connector: entry.connector,
  mappingVersion: entry.version,
  leadRevision: entry.leadRevision,
  authorisation: entry.authorisation,
  document: entry.document,
  fields: (entry.fields ?? '').split(' ').filter(Boolean),
  consents: JSON.parse(entry.consents ?? '[]') as readonly SentOptIn[],
  digest: entry.digest?.toString('hex') ?? null,
  bytes: entry.bytes,
  file: entry.fileName,
  outcome: entry.outcome,
  reason: entry.reason,
  status: entry.status,
  durationMs: entry.durationMs,
  nextStep: entry.nextStep,
});
