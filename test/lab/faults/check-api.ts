// The part of the checker that looks at what was answered over HTTP: rows that were posted, keys that came again, the feed of events.
// Invariant: an answer is a promise; what stands in the tables and the log is compared with it.
import { refusedAsOver } from './check-retention.ts';
import type { Story } from './check.ts';
import type { Ledgers } from './ledgers.ts';

/**
 * Answered as taken in: the lead is there under that number, or was, or its operation was over. Answered as refused after answers
 * that were lost: its operation was over, or the lead was taken in and has been erased.
 */
export function postedAndLost(story: Story): readonly string[] {
  const { posted, leads } = story;
  const byReference = new Map(leads.map((lead) => [lead.reference, lead]));
  return posted.flatMap(({ reference, state, lead }) => {
    const found = byReference.get(reference);
    if (state === 'refused' && found?.erased !== true && !refusedAsOver(story, reference))
      return [`${reference}: refused`];
    if (state !== 'accepted' && state !== 'duplicate') return [];
    if (found === undefined) return refusedAsOver(story, reference) ? [] : [`${reference}: ${state}`];
    return lead === 0 || lead === found.id ? [] : [`${reference}: answered ${lead}, is ${found.id}`];
  });
}

/** An act is done once, however often its request came: the words with which it was ordered are its own. */
export function wrongAnswers({ wrongAnswers: answers, entries }: Ledgers): readonly string[] {
  const acts = Map.groupBy(
    entries.filter((one) => one.purpose.startsWith('storm act ')),
    (one) => `${one.entry} ${one.purpose}`,
  );
  return [
    ...answers,
    ...[...acts].flatMap(([name, group]) => (group.length > 1 ? [`${name} × ${group.length}`] : [])),
  ];
}

export function feedGaps({ events, eventsOwed }: Ledgers): readonly string[] {
  const seen = new Set(events);
  const missed = eventsOwed.filter((id) => !seen.has(id));
  const twice = events.filter((id, index) => events.indexOf(id) !== index);
  const owed = new Set(eventsOwed);
  const strange = events.filter((id) => !owed.has(id));
  if (missed.length + twice.length + strange.length > 0)
    return [
      ...missed.map((id) => `${id}: missed`),
      ...twice.map((id) => `${id}: told twice`),
      ...strange.map((id) => `${id}: none`),
    ];
  return events.flatMap((id, index) => (id === eventsOwed[index] ? [] : [`${id}: out of order`])).slice(0, 1);
}
