// Reads deliveries by filter, a page at a time; their count; failures by cause. For every face.
// Invariant: nothing of a person; only within the reader's scope.
import type { SentConsent } from '../entry-words.ts';
import * as s from './columns.ts';
import type { DeliveryFilter } from '../../domain/delivery-filter.ts';
import { deliveryStates, type DeliveryState } from '../../domain/delivery.ts';
import {
  countDeliveries,
  findDelivery,
  listDeliveries,
  deliveryStory,
  type ListedDelivery,
  type StoryEntry,
} from '../../store/deliveries/delivery-lists.ts';
import { closedAmong, countTasks } from '../../store/alerts/tasks.ts';
import { advice, type Advice } from '../advice.ts';
import { filterInScope } from '../named-text.ts';
import { pageOf, existing, type Page, type PageAsked, type SupportPlace, type Scope } from '../place.ts';
import { reasonWords, stateWords, type Both } from '../words.ts';
import { unknownDelivery } from '../../errors/unknown.ts';
import { isUndecided } from '../../delivery/outcome/resolve.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import { readVersions } from '../../store/destinations/mapping-versions.ts';
import { publishedHours } from '../sending-state.ts';
import { replayPlans } from '../replay.ts';
import { entryData, storyOf } from '../story.ts';
import { isCancellable } from '../close-and-cancel.ts';

/** Newest first. @throws FIND-001 for an unknown name in the filter */
export async function deliveriesPage(
  { reading }: SupportPlace,
  scope: Scope,
  asked: DeliveryFilter,
  { limit, after }: PageAsked,
): Promise<Page<DeliveryHead>> {
  const filter = await filterInScope(reading, scope, asked);
  const rows = await listDeliveries(reading, filter, limit + 1, after);
  return pageOf(rows.map(headOf), limit, ({ id }) => id);
}

/** Highest count: an exact number of millions is not worth the wait. */
export const mostCounted = 10_000;

export interface Count {
  readonly count: number;
  readonly isMore: boolean;
}

export async function countOfFilter(
  { reading }: SupportPlace,
  scope: Scope,
  asked: DeliveryFilter,
): Promise<Count> {
  const filter = await filterInScope(reading, scope, asked);
  const count = await countDeliveries(reading, filter, mostCounted + 1);
  return { count: Math.min(count, mostCounted), isMore: count > mostCounted };
}

/** Deliveries that need a person for the same cause. */
export interface FailureGroup {
  readonly destination: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly count: number;
  /** When the first of them was planned. */
  readonly oldest: Date;
  /** Number of the newest of them, as an example. */
  readonly newest: number;
  /** Meaning of the state and the cause. */
  readonly stateText: Both;
  readonly text: Both;
  /** Advice, by the example; empty for a client. */
  readonly advice: readonly Advice[];
}

/** The largest group first, without closed failures. */
export async function failureGroups(
  { reading }: SupportPlace,
  scope: Scope,
  asked: Pick<DeliveryFilter, 'client' | 'destination'> = {},
): Promise<readonly FailureGroup[]> {
  const filter = await filterInScope(reading, scope, asked);
  const groups: FailureGroup[] = [];
  for (const group of await countTasks(reading, filter)) {
    const example =
      scope.clientId === undefined ? await findDelivery(reading, String(group.newest)) : undefined;
    const state = group.state as DeliveryState;
    groups.push({
      destination: group.destinationId,
      state,
      reason: group.reason,
      count: group.count,
      oldest: group.oldest,
      newest: group.newest,
      stateText: stateWords[state],
      text: reasonWords(group.reason),
      advice: example === undefined ? [] : advice(example),
    });
  }
  return groups;
}

// A delivery in a list: its columns with type and words. Table, JSON, CSV and the schema of the HTTP interface are made of them.
// Invariant: ids, codes and times; nothing that the lead's tables hold of a person.

interface RowColumn {
  readonly schema: s.Schema;
  /** Its heading. */
  readonly words: Both;
  /** The name of its column in a CSV file, which the log keeps; without one it is in none. */
  readonly csv?: string;
  readonly of: (row: ListedDelivery) => unknown;
}

const column = <T>(schema: s.Schema, words: Both, of: (row: ListedDelivery) => T, csv?: string) => ({
  schema,
  words,
  of,
  csv,
});

export const deliveryColumns = {
  id: column(s.whole(), ['Numéro', 'Number'], (row) => row.id, 'number'),
  key: column(s.text('`webhook-id` of what was sent'), ['Clé', 'Key'], (row) => row.key, 'key'),
  client: column(s.text(), ['Client', 'Client'], (row) => row.clientId, 'client'),
  destination: column(s.text(), ['Destination', 'Destination'], (row) => row.destinationId, 'destination'),
  lead: column(
    s.text("the centre's reference of the lead"),
    ['Lead', 'Lead'],
    (row) => row.leadReference,
    'lead',
  ),
  erased: column(s.flag('the person has been erased'), ['Effacée', 'Erased'], (row) => row.leadErased),
  revision: column(
    s.whole('of the lead, when it was planned'),
    ['Révision', 'Revision'],
    (row) => row.revision,
  ),
  action: column(s.oneOf(['create', 'update', 'erase']), ['Action', 'Action'], (row) => row.action, 'action'),
  state: column(s.oneOf(deliveryStates), ['État', 'State'], (row) => row.state, 'state'),
  reason: column(s.text('`base` or `base:CODE`'), ['Cause', 'Cause'], (row) => row.reason, 'reason'),
  run: column(
    s.whole('1, and one more for each replay'),
    ['Vie n° (1 : avant tout rejeu)', 'Run'],
    (row) => row.run,
    'run',
  ),
  attempt: column(s.whole(), ['Tentative', 'Attempt'], (row) => row.attempt, 'attempt'),
  departures: column(s.whole(), ['Essais', 'Tries'], (row) => row.departures),
  createdAt: column(s.moment(), ['Planifiée le', 'Planned'], (row) => row.createdAt, 'planned'),
  dueAt: column(s.moment(), ['À envoyer le', 'Due'], (row) => row.dueAt, 'due'),
  expiresAt: column(s.moment(), ['Échéance', 'Expires'], (row) => row.expiresAt),
  settledAt: column(
    s.orNull(s.moment()),
    ['Terminée le', 'Settled'],
    (row) => row.settledAt ?? null,
    'settled',
  ),
};

/** A delivery in a list, under names that stay. */
export type DeliveryHead = s.RecordOf<typeof deliveryColumns>;
export const headOf = (row: ListedDelivery): DeliveryHead => s.recordOf(deliveryColumns, row);

export const rowColumns = Object.entries<RowColumn>(deliveryColumns);

// Reads one delivery: its facts, its story in plain words, its entries of the log, its mapping versions.
// Invariant: a client reads the events, without the centre's actors and their reasons.

const optIn = s.called(
  'OptIn',
  s.object({ field: s.text(), value: s.text(), purpose: s.text(), channel: s.text(), state: s.text() }),
);

const entryColumn = <T>(schema: s.Schema, of: (entry: StoryEntry) => T) => ({ schema, of });

/** An entry of the hand-over log. */
export const entryColumns = {
  id: entryColumn(s.whole(), ({ id }) => id),
  at: entryColumn(s.moment(), ({ at }) => at),
  entry: entryColumn(s.text(), ({ entry }) => entry),
  run: entryColumn(s.whole(), ({ run }) => run),
  attempt: entryColumn(s.whole(), ({ attempt }) => attempt),
  actor: entryColumn(s.text('empty for a client'), ({ actor }) => actor),
  purpose: entryColumn(s.text('empty for a client'), ({ purpose }) => purpose),
  call: entryColumn(s.text(), ({ callName }) => callName),
  recipient: entryColumn(s.text(), ({ recipient }) => recipient),
  target: entryColumn(s.text(), ({ target }) => target),
  connector: entryColumn(s.text(), ({ connector }) => connector),
  mappingVersion: entryColumn(s.whole(), ({ version }) => version),
  leadRevision: entryColumn(s.whole(), ({ leadRevision }) => leadRevision),
  authorisation: entryColumn(s.whole(), ({ authorisation }) => authorisation),
  document: entryColumn(s.orNull(s.text('evidence of the authorisation')), ({ document }) => document),
  fields: entryColumn(s.list(s.text(), 'names of fields; no value'), ({ fields }) =>
    (fields ?? '').split(' ').filter(Boolean),
  ),
  consents: entryColumn(
    s.list(optIn, "the opt-in under the client's own names and values"),
    ({ consents }) => JSON.parse(consents ?? '[]') as readonly SentConsent[],
  ),
  digest: entryColumn(
    s.orNull(s.text('SHA-256 of what was sent')),
    ({ digest }) => digest?.toString('hex') ?? null,
  ),
  bytes: entryColumn(s.whole(), ({ bytes }) => bytes),
  file: entryColumn(s.text(), ({ fileName }) => fileName),
  outcome: entryColumn(s.text(), ({ outcome }) => outcome),
  reason: entryColumn(s.text(), ({ reason }) => reason),
  status: entryColumn(s.whole(), ({ status }) => status),
  durationMs: entryColumn(s.whole(), ({ durationMs }) => durationMs),
  nextStep: entryColumn(s.text(), ({ nextStep }) => nextStep),
};
type EntryHead = s.RecordOf<typeof entryColumns>;

export type DeliveryPage = Awaited<ReturnType<typeof deliveryPage>>;

/** By number or by key (`webhook-id`). @throws FIND-001 */
export async function deliveryPage(place: SupportPlace, scope: Scope, name: string) {
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
    /** Number of the version whose content was sent first; null where none was. */
    sentVersion: versionOf(row.sentMappingId),
    versionInForce: versionOf(inForce),
    /** Plan of a replay, and whether it can be cancelled; for the centre only. */
    replay: isCentre ? (plan ?? null) : null,
    /** Waits with the content of an earlier version: a replay may render it by the one in force, under a new key. */
    canBeAnew:
      isCentre && (await replayPlans(place, [row], { anew: true, named: true })).get(row.id) !== plan,
    isCancellable: isCentre && isCancellable(row),
    /** Failed, and not closed in its present run; for the centre only. */
    isClosable: isCentre && row.state === 'failed' && !(await closedAmong(database, [row.id])).has(row.id),
    /** True where a person has to decide its outcome; for the centre only. */
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
const entryHead = (entry: StoryEntry, isCentre: boolean): EntryHead =>
  s.recordOf(entryColumns, isCentre ? entry : { ...entry, actor: '', purpose: '' });
