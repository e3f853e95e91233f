// Reads bulk runs for people: order, progress, results and refusals.
// Invariant: a client sees the runs that were narrowed to it, and no other.
import { numbered } from '../../domain/counted.ts';
import {
  bulkOutcomes,
  type BulkOutcome,
  bulkStates,
  listBulkRuns,
  readBulkRun,
  type BulkRow,
  type BulkState,
} from '../../store/deliveries/bulk-runs.ts';
import { doneWords, isRefusal, refusalWords, type BulkDone } from '../bulk-steps.ts';
import { pageOf, type Page, type PageAsked, type SupportPlace, type Scope, type Spanning } from '../place.ts';
import { filterOf, isRunSeen, seenRun } from '../bulk-runs.ts';
import type { Both } from '../words.ts';
import * as s from './columns.ts';

export { bulkStates, type BulkKind, type BulkState } from '../../store/deliveries/bulk-runs.ts';

function wordsOfResult(result: string, count: number): Both {
  if (isRefusal(result)) return refusalWords[result];
  return Object.hasOwn(doneWords, result) ? numbered(count, doneWords[result as BulkDone]) : [result, result];
}

const column = <T>(schema: s.Schema, of: (run: BulkRow) => T) => ({ schema, of });

const resultSchema = s.object({
  result: s.text(),
  text: s.bothWords,
  isRefusal: s.flag(),
  count: s.whole(),
  deliveries: s.list(s.whole(), 'the first of them'),
});

const resultsOf = ({ results }: BulkRow) =>
  Object.entries(results).map(([result, { count, ids }]) => ({
    result,
    text: wordsOfResult(result, count),
    isRefusal: isRefusal(result),
    count,
    deliveries: ids,
  }));

export const runColumns = {
  id: column(s.whole(), ({ id }) => id),
  kind: column(s.text(), ({ kind }) => kind),
  state: column(s.oneOf(bulkStates), ({ state }) => state),
  // As requested: names of a filter, or ids.
  filter: column({ type: 'object', additionalProperties: true }, filterOf),
  actor: column(s.text(), ({ actor }) => actor),
  reason: column(s.text(), ({ reason }) => reason),
  counted: column(s.whole(), ({ counted }) => counted),
  done: column(s.whole(), ({ done }) => done),
  refused: column(s.whole(), ({ refused }) => refused),
  results: column(s.list(resultSchema), resultsOf),
  isInWork: column(s.flag(), ({ isLeased }) => isLeased),
  failures: column(s.whole('steps that failed since the last that passed'), ({ failures }) => failures),
  failure: column(s.text(), ({ failure }) => failure),
  cancelledBy: column(s.text(), ({ cancelledBy }) => cancelledBy),
  cancelReason: column(s.text(), ({ cancelReason }) => cancelReason),
  createdAt: column(s.moment(), ({ createdAt }) => createdAt),
  updatedAt: column(s.moment(), ({ updatedAt }) => updatedAt),
  endedAt: column(s.orNull(s.moment()), ({ endedAt }) => endedAt),
};
export type BulkRunHead = s.RecordOf<typeof runColumns>;
export const bulkRunHead = (run: BulkRow): BulkRunHead => s.recordOf(runColumns, run);

/** Most rows read for a page; the runs of one client may be rare among them. */
const mostRead = 1_000;

/** Newest first. A page may be short where many runs are not the reader's; `next` is set where there are more. */
export async function bulkRunsPage(
  { database }: SupportPlace,
  scope: Scope,
  asked: { readonly state?: BulkState },
  { limit, after }: PageAsked,
): Promise<Page<BulkRunHead>> {
  const items: BulkRunHead[] = [];
  let before = after ?? Number.MAX_SAFE_INTEGER;
  for (let read = 0; read < mostRead;) {
    const rows = await listBulkRuns(database, asked, { limit: 100, before });
    for (const row of rows) {
      if (isRunSeen(scope, row)) {
        if (items.length === limit) return { items, next: items.at(-1)?.id };
        items.push(bulkRunHead(row));
      }
      before = row.id;
    }
    if (rows.length < 100) return { items, next: undefined };
    read += rows.length;
  }
  return { items, next: before };
}

/** Every run as the database keeps it, newest first, for the centre. */
export async function bulkRows(
  { database }: Pick<SupportPlace, 'database'>,
  _: Spanning,
  asked: { readonly state?: BulkState },
  { limit, after }: PageAsked,
): Promise<Page<BulkRow>> {
  const page = { limit: limit + 1, before: after };
  return pageOf(await listBulkRuns(database, asked, page), limit, ({ id }) => id);
}

/** @throws FIND-001 */
export async function bulkRun({ database }: SupportPlace, scope: Scope, id: number): Promise<BulkRunHead> {
  return bulkRunHead(seenRun(scope, id, await readBulkRun(database, id)));
}

/** Present states of a run's finished deliveries. */
export interface BulkFollowed {
  readonly states: readonly BulkOutcome[];
  /** Those with a known state: without those of deleted leads, or any once the list is no longer kept. */
  readonly known: number;
}

/** For a run within the reader's scope; counted over the run's own list, whatever the size of the tables. */
export async function bulkFollowed(
  { reading }: Pick<SupportPlace, 'reading'>,
  { id }: Pick<BulkRunHead, 'id'>,
): Promise<BulkFollowed> {
  const states = await bulkOutcomes(reading, id);
  return { states, known: states.reduce((sum, { count }) => sum + count, 0) };
}
