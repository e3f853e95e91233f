// Builds the story of one delivery as typed lines: its facts, its events, the acts open to support.
// Invariant: from the hand-over log, in French and in English; no content of the lead. A face only lays it out.
import { isEnd } from '../domain/delivery.ts';
import type { SendingHours } from '../domain/sending-hours.ts';
import type { Sql } from '../store/database.ts';
import { deliveryStory, type ListedDelivery, type StoryEntry } from '../store/deliveries/delivery-lists.ts';
import { closedAmong } from '../store/alerts/tasks.ts';
import { advice, type Advice } from './advice.ts';
import { nextTry, sendingStateFor } from './sending-state.ts';
import { paris, actionWords, reasonWords, stateWords, type Both } from './words.ts';
import { rightsContact } from './lead-rights.ts';
import { wholeCentre, type Scope } from './place.ts';
import { hasLeft, storyEvents, type StoryEvent } from './entry-words.ts';

interface StoryFact {
  readonly name: 'state' | 'key' | 'planned' | 'reference' | 'ended' | 'next_try' | 'expires';
  readonly label: Both;
  readonly value: Both;
  /** Reason of a state. */
  readonly because?: Both;
}

export type Story = Awaited<ReturnType<typeof storyOf>>;

/**
 * @param hours of its destination; absent where it may send at any hour
 * @param reader a client reads no actors of the centre, no reasons and no commands
 */
export async function storyOf(
  sql: Sql,
  row: ListedDelivery,
  hours?: SendingHours,
  reader: Scope = wholeCentre,
) {
  const isCentre = reader.clientId === undefined;
  const logged = await deliveryStory(sql, row.id);
  const entries = isCentre ? logged : logged.map(impersonalEntry);
  const isClosed = row.state === 'failed' && (await closedAmong(sql, [row.id])).has(row.id);
  return {
    title: titleOf(row),
    facts: await factsOf(sql, row, hours),
    /** Present where no byte of the lead has left Relais. */
    nothingLeft: hasLeft(entries) ? undefined : nothingLeftWords(row),
    events: eventsOf(entries),
    advice: isCentre ? await adviceOn(sql, row, isClosed, hours) : [],
    /** The client's contact, where the recipient can be notified in no other way. */
    contact: isClosed ? undefined : await rightsContact(sql, row),
  };
}

const adviceOn = async (
  sql: Sql,
  row: ListedDelivery,
  isClosed: boolean,
  hours?: SendingHours,
): Promise<readonly Advice[]> =>
  isClosed
    ? [{ words: ['Rien : elle est classée.', 'Nothing: it is closed.'] }]
    : advice(row, row.state === 'waiting' ? (await sendingStateFor(sql, row, hours))?.sends : undefined);

/** Hides people as "the centre"; recipients and processes stay unchanged. */
const impersonalEntry = (entry: StoryEntry): StoryEntry =>
  entry.purpose !== '' && typedBy.has(entry.entry) ? { ...entry, actor: 'centre', purpose: '' } : entry;

const typedBy: ReadonlySet<string> = new Set(['cancelled', 'replayed', 'closed', 'resolved']);

function eventsOf(all: readonly StoryEntry[]): readonly StoryEvent[] {
  const { entries, gap } = foldRuns(all);
  const events = storyEvents(entries);
  if (gap === undefined) return events;
  const { behind, at, words } = gap;
  return [
    ...events.slice(0, behind),
    { at, entry: 'departed', words, details: [], isFolded: true },
    ...events.slice(behind),
  ];
}

const titleOf = (row: ListedDelivery): Both => {
  const [action, inEnglish] = actionWords[row.action];
  return [
    `Livraison ${row.id} : ${action} du lead ${row.leadReference} (révision ${row.revision}) pour ${row.clientId}, vers ${row.destinationId}`,
    `Delivery ${row.id}: ${inEnglish} of lead ${row.leadReference} (revision ${row.revision}) for ${row.clientId}, to ${row.destinationId}`,
  ];
};

const nothingLeftWords = ({ state }: ListedDelivery): Both =>
  isEnd(state)
    ? ['Rien n’est parti.', 'Nothing has left.']
    : ['Rien n’est encore parti.', 'Nothing has left yet.'];

async function factsOf(sql: Sql, row: ListedDelivery, hours?: SendingHours): Promise<readonly StoryFact[]> {
  const same = (text: string): Both => [text, text];
  const state: StoryFact = { name: 'state', label: ['État', 'State'], value: stateWords[row.state] };
  const facts: StoryFact[] = [
    row.reason === '' ? state : { ...state, because: reasonWords(row.reason) },
    { name: 'key', label: ['Clé (webhook-id)', 'Key (webhook-id)'], value: same(row.key) },
    { name: 'planned', label: ['Planifiée le', 'Planned'], value: same(paris(row.createdAt)) },
  ];
  if (row.recipientReference !== undefined)
    facts.push({
      name: 'reference',
      label: ['Référence client', 'Their reference'],
      value: same(row.recipientReference),
    });
  if (isEnd(row.state)) {
    facts.push({ name: 'ended', label: ['Terminée le', 'Ended'], value: same(paris(row.settledAt)) });
    return facts;
  }
  const next = await nextTry(sql, row, hours);
  if (next !== undefined)
    facts.push({ name: 'next_try', label: ['Prochain essai', 'Next try'], value: next });
  facts.push({ name: 'expires', label: ['Délai maximal', 'Expires'], value: same(paris(row.expiresAt)) });
  return facts;
}

/** An entry of the log, for export; its digest in hexadecimal. */
export const entryData = ({ digest, consents, fields, ...entry }: StoryEntry): object => ({
  ...entry,
  fields: fields === null || fields === '' ? [] : fields.split(' '),
  consents: consents === null ? [] : (JSON.parse(consents) as unknown),
  digest: digest?.toString('hex') ?? null,
});

// Folds the story of a delivery with hundreds of runs, one for each file of all leads: shows the first and the last, counts the others.
// Invariant: the log itself is never shortened; --json and an export have every entry.

/** Up to so many runs are shown one by one. */
const told = 12;
/** Last runs shown of a longer story. */
const kept = 6;

interface Folded {
  /** The shown entries, oldest first. */
  readonly entries: readonly StoryEntry[];
  /** Line for the others, after the entries before them. */
  readonly gap: { readonly behind: number; readonly at: Date; readonly words: Both } | undefined;
}

export function foldRuns(entries: readonly StoryEntry[]): Folded {
  const runs = [...new Set(entries.map(({ run }) => run))].filter((run) => run > 0).sort((a, b) => a - b);
  if (runs.length <= told) return { entries, gap: undefined };
  const [first = 0] = runs;
  const from = runs.at(-kept) ?? 0;
  const isFolded = ({ run }: StoryEntry): boolean => run > first && run < from;
  const folded = entries.filter(isFolded);
  const count = new Set(folded.map(({ run }) => run)).size;
  const good = new Set(
    folded.filter(({ entry, nextStep }) => entry === 'outcome' && nextStep === 'done').map(({ run }) => run),
  ).size;
  const at = folded[0]?.at ?? new Date(0);
  return {
    entries: entries.filter((entry) => !isFolded(entry)),
    gap: {
      behind: entries.findIndex(isFolded),
      at,
      words: [
        `… ${count} passages de relais, dont ${good} ${good < 2 ? 'accepté' : 'acceptés'}`,
        `… ${count} hand-overs, ${good} of them accepted`,
      ],
    },
  };
}
