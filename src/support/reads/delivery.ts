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
import * as s from './columns.ts';
import { headOf, type DeliveryHead } from './delivery-row.ts';

export interface SentOptIn {
  readonly field: string;
  readonly value: string;
  readonly purpose: string;
  readonly channel: string;
  readonly state: string;
}
const optIn = s.called(
  'OptIn',
  s.object({ field: s.text(), value: s.text(), purpose: s.text(), channel: s.text(), state: s.text() }),
);

const column = <T>(schema: s.Schema, of: (entry: StoryEntry) => T) => ({ schema, of });

/** An entry of the hand-over log. */
export const entryColumns = {
  id: column(s.whole(), ({ id }) => id),
  at: column(s.moment(), ({ at }) => at),
  entry: column(s.text(), ({ entry }) => entry),
  run: column(s.whole(), ({ run }) => run),
  attempt: column(s.whole(), ({ attempt }) => attempt),
  actor: column(s.text('empty for a client'), ({ actor }) => actor),
  purpose: column(s.text('empty for a client'), ({ purpose }) => purpose),
  call: column(s.text(), ({ callName }) => callName),
  recipient: column(s.text(), ({ recipient }) => recipient),
  target: column(s.text(), ({ target }) => target),
  connector: column(s.text(), ({ connector }) => connector),
  mappingVersion: column(s.whole(), ({ version }) => version),
  leadRevision: column(s.whole(), ({ leadRevision }) => leadRevision),
  authorisation: column(s.whole(), ({ authorisation }) => authorisation),
  document: column(s.orNull(s.text('what the authorisation rests on')), ({ document }) => document),
  fields: column(s.list(s.text(), 'names of fields; no value'), ({ fields }) =>
    (fields ?? '').split(' ').filter(Boolean),
  ),
  consents: column(
    s.list(optIn, "the opt-in under the client's own names and values"),
    ({ consents }) => JSON.parse(consents ?? '[]') as readonly SentOptIn[],
  ),
  digest: column(
    s.orNull(s.text('SHA-256 of what was sent')),
    ({ digest }) => digest?.toString('hex') ?? null,
  ),
  bytes: column(s.whole(), ({ bytes }) => bytes),
  file: column(s.text(), ({ fileName }) => fileName),
  outcome: column(s.text(), ({ outcome }) => outcome),
  reason: column(s.text(), ({ reason }) => reason),
  status: column(s.whole(), ({ status }) => status),
  durationMs: column(s.whole(), ({ durationMs }) => durationMs),
  nextStep: column(s.text(), ({ nextStep }) => nextStep),
};
export type EntryHead = s.RecordOf<typeof entryColumns>;

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

/** A client reads neither who of the centre acted nor why. */
export const entryHead = (entry: StoryEntry, isCentre: boolean): EntryHead =>
  s.recordOf(entryColumns, isCentre ? entry : { ...entry, actor: '', purpose: '' });
