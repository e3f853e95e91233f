// Takes posted leads in at once, without a row of lead_intake: posts that arrive while a commit is under way share the next one.
// Invariant: a post is settled whole by one commit, its idempotency key and answer included, or nothing of it is stored and it goes the
// long way, through lead_intake: where a row is refused or has to wait, where a key is known or its API key has ended, where any post of the
// group fails.
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { groupSize, type Database, type Sql } from '../store/database.ts';
import { insertAnswered, type RequestKey } from '../store/access/idempotency-keys.ts';
import type { RowId } from '../store/intake/intake-take.ts';
import type { Takings } from '../store/intake/takings.ts';
import { mac } from '../domain/keyed.ts';
import type { Candidate, ProcessDeps, ProcessedRows } from './batch.ts';
import { NeedsMore, settlePosted } from './process-rows.ts';
import { rowText, type CheckedRow } from './contract.ts';

/** How a row of a post ended. */
export interface TogetherRow {
  readonly state: 'accepted' | 'duplicate';
  readonly leadId: number | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

export interface Post {
  /** New leads that follow the contract. */
  readonly rows: readonly CheckedRow[];
  /** Stored with the answer, in the same commit. */
  readonly key: RequestKey | undefined;
  /** The API key that posts it: only a key in force at the commit stores anything. */
  readonly apiKey?: number | undefined;
  /** @param rows in the order of the post */
  readonly answerOf: (rows: readonly TogetherRow[]) => Answer;
  /** So long the answer is awaited, by `performance.now()`: what has not begun by then goes the long way alone. */
  readonly until?: number;
}

export interface Together {
  /** The answer, committed. Undefined: nothing of it is stored, and it goes the long way. Never rejects. */
  readonly take: (post: Post) => Promise<Answer | 'under_way' | undefined>;
}

export interface TogetherDeps extends ProcessDeps {
  readonly database: Database;
  readonly log: Log;
  /** Only a proven process works on rows that it has not marked: a row that ends processes is found by its mark. */
  readonly takings: Pick<Takings, 'isProven'>;
  readonly onCommitted: (sum: ProcessedRows) => void;
  /** Waits a little between two commits of a rush. */
  readonly gather?: () => Promise<unknown>;
}

/** Rows of one commit; a single post may have more. */
const rowsAtOnce = 256;
/** After a commit of so many posts the next one gathers a little longer, unless enough wait: a dozen rows cost less than their statements. */
const rush = { least: 8, enough: 64, gatherMs: 10 };
/** Characters of one commit; a single post with more goes the long way, in parts that fit into a batch. */
const mostText = 1_000_000;

interface Waiting {
  readonly post: Post;
  readonly rows: readonly Pick<Candidate, 'row' | 'digest'>[];
  /** Characters of its rows. */
  readonly text: number;
  readonly settle: (answer: Answer | undefined) => void;
}

export function createTogether(deps: TogetherDeps): Together {
  const { gather = () => pause(rush.gatherMs) } = deps;
  const keys = new Set<string>();
  let waiting: Waiting[] = [];
  let isBusy = false;
  const run = async (): Promise<void> => {
    isBusy = true;
    for (;;) {
      waiting = stillAwaited(waiting);
      const group = firstOf(waiting);
      if (group.length === 0) break;
      waiting = waiting.slice(group.length);
      await settleGroup(deps, group);
      if (group.length >= rush.least && waiting.length < rush.enough) await gather();
    }
    isBusy = false;
  };
  return {
    take: async (post) => {
      if (!deps.takings.isProven() || post.rows.length === 0) return undefined;
      const texts = post.rows.map((row) => ({ row, text: rowText(row) }));
      const text = texts.reduce((sum, one) => sum + one.text.length, 0);
      if (text > mostText) return undefined;
      const rows = texts.map((one) => ({ row: one.row, digest: mac(deps.digestKey, one.text) }));
      const name = post.key === undefined ? '' : `${post.key.holder} ${post.key.key.toString('hex')}`;
      if (keys.has(name)) return 'under_way';
      if (name !== '') keys.add(name);
      const settled = new Promise<Answer | undefined>((settle) => {
        waiting.push({ post, rows, text, settle });
      });
      if (!isBusy) void run();
      return settled.finally(() => keys.delete(name));
    },
  };
}

/** The posts that are still awaited; the others have gone the long way, and their keys, known by now, would fail the commit of a group. */
function stillAwaited(waiting: readonly Waiting[]): Waiting[] {
  const now = performance.now();
  const isAwaited = ({ post: { until = Infinity } }: Waiting): boolean => now < until;
  for (const one of waiting) if (!isAwaited(one)) one.settle(undefined);
  return waiting.filter(isAwaited);
}

function firstOf(waiting: readonly Waiting[]): readonly Waiting[] {
  let rows = 0;
  let characters = 0;
  const last = waiting.findIndex(({ post, text }, at) => {
    rows += post.rows.length;
    characters += text;
    return at > 0 && (rows > rowsAtOnce || characters > mostText);
  });
  // As many as one statement for each table takes: the others come with the next commit.
  return waiting.slice(0, groupSize(last < 0 ? waiting.length : last));
}

async function settleGroup(deps: TogetherDeps, group: readonly Waiting[]): Promise<void> {
  if (group.length === 0) return;
  try {
    const { sum, answers } = await deps.database.transaction((tx) => committed(tx, deps, group));
    group.forEach(({ settle }, at) => settle(answers[at]));
    if (sum.accepted === 0) return;
    deps.log.info('intake.accepted', { count: sum.accepted });
    deps.onCommitted(sum);
  } catch (error) {
    // The long way meets the error again, and finds out whose it is.
    const needsMore = isNeedsMoreOf(error, group);
    for (const one of group) if (needsMore(one)) one.settle(undefined);
    await settleGroup(
      deps,
      group.filter((one) => !needsMore(one)),
    );
  }
}

/** The posts that rows of the error are in; all of them for any other error. */
function isNeedsMoreOf(error: unknown, group: readonly Waiting[]): (one: Waiting) => boolean {
  if (!(error instanceof NeedsMore)) return () => true;
  const ids = idsIn(group);
  const among = new Set(group.filter((_, at) => ids[at]?.some((id) => error.rows.has(id))));
  return (one) => among.has(one);
}

/** Ids of the rows of each post: below 0, so that they are of no row of lead_intake, and in order. */
function idsIn(group: readonly Waiting[]): readonly (readonly RowId[])[] {
  let next = -group.reduce((sum, { post }) => sum + post.rows.length, 0);
  return group.map(({ post }) => post.rows.map(() => BigInt(next++)));
}

async function committed(
  tx: Sql,
  deps: TogetherDeps,
  group: readonly Waiting[],
): Promise<{ readonly sum: ProcessedRows; readonly answers: readonly Answer[] }> {
  const receivedAt = tx.now();
  const ids = idsIn(group);
  const candidates = group.flatMap(({ rows }, at) =>
    rows.map((one, index): Candidate => ({ ...one, id: ids[at]?.[index] ?? 0n, receivedAt })),
  );
  const apiKeys = new Map(
    group.flatMap(({ post: { apiKey } }, at) => (ids[at] ?? []).map((id) => [id, apiKey] as const)),
  );
  const settled = await settlePosted(tx, deps, candidates, apiKeys);
  const answers = group.map(({ post }, at) =>
    post.answerOf(
      (ids[at] ?? []).map((id): TogetherRow => {
        const leadId = settled.leadOf.get(id);
        return leadId === undefined
          ? { state: 'duplicate', leadId: settled.duplicates.get(id) }
          : { state: 'accepted', leadId };
      }),
    ),
  );
  await insertAnswered(
    tx,
    group.flatMap(({ post: { key } }, at) => {
      const answer = answers[at];
      return key === undefined || answer === undefined
        ? []
        : [{ ...key, status: answer.status, answer: JSON.stringify(answer.body) }];
    }),
  );
  return { sum: settled.sum, answers };
}
