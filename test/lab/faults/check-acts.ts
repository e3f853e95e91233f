// The part of the checker that looks at the storm itself: what each act reached, and acts with a promise of their own.
// Invariant: an act that reached nobody is named, since a figure of 0 beside it proves nothing.
import { isAnswered, requestKinds } from '../../../src/domain/requests.ts';
import type { Story } from './check.ts';
import { takenInFlight } from './check-retention.ts';
import { tlsDestinations } from './mappings.ts';

/** Leads, deliveries or contents that each act reached. */
export function reached(story: Story): Readonly<Record<string, number>> {
  const { requests, entries, receipts, refusals, leads, restored } = story;
  const logged = (...names: readonly string[]): number =>
    new Set(entries.filter((one) => names.includes(one.entry)).map((one) => one.leadId)).size;
  const ofKind = (kind: string): number =>
    requests.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.leadIds.length, 0);
  return {
    ...Object.fromEntries(
      requestKinds.filter((kind) => !isAnswered(kind)).map((kind) => [`request of ${kind}`, ofKind(kind)]),
    ),
    'held back under a restriction': entries.filter(
      (one) => one.entry === 'withheld' && one.reason === 'restricted',
    ).length,
    'request by a former address': formerReached(story).filter(({ isReached }) => isReached).length,
    erased: logged('erased'),
    withdrawn: logged('withdrawn'),
    corrected: leads.filter((one) => one.name !== '').length,
    'taken by retention while being sent': takenInFlight(story),
    'erased again by a restore': restored.erasedAgain,
    ...Object.fromEntries(
      tlsDestinations.map((id) => [
        `received over TLS by ${id}`,
        receipts.filter((one) => one.destination === id).length,
      ]),
    ),
    ...Object.fromEntries(
      refusalKinds.map((kind) => [
        `long ${kind}`,
        refusals.filter((one) => one.kind === kind && one.planners > 0).length,
      ]),
    ),
  };
}

export const refusalKinds = [
  'mysql_full_disk',
  'redis_full_disk',
  'mysql_read_only',
  'mysql_no_connection',
] as const;

export const provesNothing = (story: Story): readonly string[] =>
  Object.entries(reached(story))
    .filter(([, count]) => count === 0)
    .map(([act]) => act);

/** Those that were carried out. */
function formerReached({ former, requests, leads }: Story): readonly {
  readonly reference: string;
  readonly isReached: boolean;
  readonly isErased: boolean;
}[] {
  return former.flatMap(({ request, reference }) => {
    const done = requests.find((one) => one.id === request);
    const lead = leads.find((one) => one.reference === reference);
    if (done === undefined || lead === undefined) return [];
    return [{ reference, isReached: done.leadIds.includes(lead.id), isErased: lead.erased }];
  });
}

/** Of one that something else erased meanwhile there was nothing left to reach. */
export const formerMissed = (story: Story): readonly string[] =>
  formerReached(story)
    .filter(({ isReached, isErased }) => !isReached && !isErased)
    .map(({ reference }) => reference);

export const silentRefusals = ({ refusals }: Story): readonly string[] =>
  refusals
    .filter(({ planners, ready, alerts }) => planners > 0 && (ready > 0 || alerts === 0))
    .map(
      ({ kind, planners, ready, alerts, lastAlert = 'none' }) =>
        `${kind}: ${ready} of ${planners} planners ready, ${alerts} alerts, the one before (s ago): ${lastAlert}`,
    );
