// Counts the deliveries of a bulk run by their present state, each state with its list.
// Invariant: counted over the run's own list, so that the cost depends on the run, however many deliveries there are.
import type { FastifyRequest } from 'fastify';
import { html, type Html } from '../privacy/papers/html.ts';
import type { SupportPlace } from '../support/place.ts';
import {
  bulkFollowed,
  type BulkFollowed,
  type BulkKind,
  type BulkRunHead,
} from '../support/reads/bulk-runs.ts';
import { visitOf } from './gate.ts';
import { stateTag } from './labels.ts';
import { table } from './parts.ts';
import { counted, countText } from './times.ts';
import { deskWords as words, runCounts } from './words/desk.ts';
import { frame } from './words/frame.ts';

/** True for the refreshes by the page's script, every two seconds while the run is under way. */
export const isAskedByItself = ({ headers }: FastifyRequest): boolean =>
  headers['x-relais-by-itself'] === 'run';

/** Kinds that send: their result is not yet the final state of a delivery. */
const sending: readonly BulkKind[] = ['replay', 'resolve'];
/** Longer runs are counted once they are paused or ended, not every two seconds. */
const mostWhileRunning = 10_000;

export function followedOf(
  place: Pick<SupportPlace, 'reading'>,
  run: BulkRunHead,
): Promise<BulkFollowed | undefined> {
  const isTooMuch = run.state === 'running' && run.done > mostWhileRunning;
  return run.done === 0 || isTooMuch || !sending.includes(run.kind)
    ? Promise.resolve(undefined)
    : bulkFollowed(place, run);
}

/** Present states of the run's deliveries: each links to its list. */
export function followedPart(
  request: FastifyRequest,
  run: BulkRunHead,
  followed: BulkFollowed | undefined,
): Html | undefined {
  if (followed === undefined) return undefined;
  const { say, language } = visitOf(request);
  const title = say(words.sinceThen);
  if (followed.known === 0)
    return html`<h2>${title}</h2>
      <p>${say(words.listGone)}</p>`;
  const unknown = run.done - followed.known;
  return html`<h2>${title}</h2>
    ${table(
      title,
      [{ name: say(words.count), number: true }, { name: say(frame.state) }],
      followed.states.map(({ state: name, count }) => [
        html`<a href="/deliveries?run=${run.id}&state=${name}">${countText(count, language)}</a>`,
        stateTag(name, say),
      ]),
    )}
    ${unknown > 0 && html`<p class="quiet">${counted(unknown, runCounts.unknown, language)}</p>`}
    <p><a href="/deliveries?run=${run.id}">${say(words.allOfRun)}</a></p>`;
}
