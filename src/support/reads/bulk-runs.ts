// Bulk runs as people read them: what was asked, how far it is, what it did and refused.
// Invariant: a client sees the runs that were narrowed to it, and no other.
import { numbered } from '../../domain/counted.ts';
import { bulkOutcomes, type BulkOutcome } from '../../store/bulk-outcomes.ts';
import {
  listBulkRuns,
  readBulkRun,
  type BulkKind,
  type BulkRow,
  type BulkState,
} from '../../store/bulk-runs.ts';
import { doneWords, isRefusal, refusalWords, type BulkDone } from '../bulk-steps.ts';
import type { Page, PageAsked, SupportPlace } from '../place.ts';
import type { Scope } from '../scope.ts';
import { filterOf, isRunSeen, seenRun } from '../seen-runs.ts';
import type { Both } from '../words.ts';

export { listDays, type BulkOutcome } from '../../store/bulk-outcomes.ts';
export { bulkStates, type BulkKind, type BulkState } from '../../store/bulk-runs.ts';

export interface BulkRunHead {
  readonly id: number;
  readonly kind: BulkKind;
  readonly state: BulkState;
  /** As it was asked: names of a filter, or ids. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly reason: string;
  readonly counted: number;
  readonly done: number;
  readonly refused: number;
  /** What became of them, the refused ones with numbers. */
  readonly results: readonly {
    readonly result: string;
    readonly text: Both;
    readonly isRefusal: boolean;
    readonly count: number;
    readonly deliveries: readonly number[];
  }[];
  /** Whether a process has it in work at this moment. */
  readonly isInWork: boolean;
  /** Steps that failed since the last that passed. */
  readonly failures: number;
  readonly failure: string;
  readonly cancelledBy: string;
  readonly cancelReason: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}

function wordsOfResult(result: string, count: number): Both {
  if (isRefusal(result)) return refusalWords[result];
  return Object.hasOwn(doneWords, result) ? numbered(count, doneWords[result as BulkDone]) : [result, result];
}

export function bulkRunHead(run: BulkRow): BulkRunHead {
  const { id, kind, state, actor, reason, counted, done, refused, failures, failure } = run;
  return {
    id,
    kind,
    state,
    actor,
    reason,
    counted,
    done,
    refused,
    failures,
    failure,
    filter: filterOf(run),
    results: Object.entries(run.results).map(([result, { count, ids }]) => ({
      result,
      text: wordsOfResult(result, count),
      isRefusal: isRefusal(result),
      count,
      deliveries: ids,
    })),
    isInWork: run.isLeased,
    cancelledBy: run.cancelledBy,
    cancelReason: run.cancelReason,
    createdAt: run.createdAt,
    updatedAt: run.updatedAt,
    endedAt: run.endedAt,
  };
}

/** Rows read for a page at most; what is narrowed to one client may be spread thin. */
const mostRead = 1_000;

/** Newest first. A page may be short where many runs are not the reader's; `next` says whether it goes on. */
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

/** @throws FIND-001 */
export async function bulkRun({ database }: SupportPlace, scope: Scope, id: number): Promise<BulkRunHead> {
  return bulkRunHead(seenRun(scope, id, await readBulkRun(database, id)));
}

/** What has become by now of what a run has done. */
export interface BulkFollowed {
  readonly states: readonly BulkOutcome[];
  /** How many of them are known: not those whose lead is gone, nor any once the list is no longer kept. */
  readonly known: number;
}

/** Of a run that was read within the reader's scope; counted by the run's own list, whatever the tables hold besides. */
export async function bulkFollowed(
  { reading }: Pick<SupportPlace, 'reading'>,
  { id }: Pick<BulkRunHead, 'id'>,
): Promise<BulkFollowed> {
  const states = await bulkOutcomes(reading, id);
  return { states, known: states.reduce((sum, { count }) => sum + count, 0) };
}
