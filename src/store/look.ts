// Reads in one statement which kinds of work may be due, for all loops of a process together.
// Invariant: a sign is true whenever its loop would find work; it may be true where the loop finds none. Each costs one look-up of an
// index, however many rows wait.
import { asidePriority } from './leads/lead-changes.ts';
import type { ReadOnlySql } from './database.ts';

const anyDelivery = (state: string): string =>
  `deliveries FORCE INDEX (deliveries_due) WHERE state = '${state}'`;
const underWay = "batches FORCE INDEX (batches_due) WHERE state IN ('open', 'written')";
const due = (column: string): string => `${column} <= UTC_TIMESTAMP(3)`;

/** Where a row shows that a kind of work may be due. */
const places = {
  intake: "lead_intake FORCE INDEX (lead_intake_turn) WHERE status = 'new'",
  changes: `lead_changes FORCE INDEX (lead_changes_turn) WHERE priority < ${asidePriority}`,
  planned: anyDelivery('planned'),
  waiting: anyDelivery('waiting'),
  queued: anyDelivery('queued'),
  sending: anyDelivery('sending'),
  pending: anyDelivery('pending'),
  withheld: anyDelivery('withheld'),
  overdue: `deliveries FORCE INDEX (deliveries_open) WHERE settled_at IS NULL AND ${due('expires_at')}`,
  held: 'destination_states WHERE held = 1',
  slots: `slots FORCE INDEX (slots_state) WHERE state = 'due' AND ${due('slot_at')}`,
  files: `${underWay} AND ${due('due_at')}`,
  answers: `batches FORCE INDEX (batches_look) WHERE ${due('look_at')}`,
  longFiles: `${underWay} AND role = 'whole'`,
  consentEnds: `consent_ends FORCE INDEX (consent_ends_due) WHERE ${due('due_at')}`,
  entityChanges: `entity_changes FORCE INDEX (entity_changes_due) WHERE ${due('due_at')}`,
  readBacks: `read_backs FORCE INDEX (read_backs_due) WHERE ${due('due_at')}`,
  alerts: `alerts FORCE INDEX (alerts_due) WHERE sent_at IS NULL AND ${due('next_try_at')}`,
  bulk: "bulk_runs FORCE INDEX (bulk_runs_turn) WHERE state = 'running'",
  retention: "retention_runs FORCE INDEX (retention_runs_state) WHERE state = 'running'",
  ledger: 'erasures_unwritten',
  unsealed: 'handovers_unsealed WHERE refused_at IS NULL',
} as const;

export type Sign = keyof typeof places;
export const signs = Object.keys(places) as readonly Sign[];

/** One column: the server describes each column of an answer, which costs more than these words. NULLs are left out. */
const statementOf = (wanted: readonly Sign[]): string =>
  `SELECT CONCAT_WS(' ', ${wanted.map((sign) => `(SELECT '${sign}' FROM ${places[sign]} LIMIT 1)`).join(', ')}) AS seen`;
const whole = statementOf(signs);

export async function readSigns(
  sql: ReadOnlySql,
  wanted: readonly Sign[] = signs,
): Promise<ReadonlySet<Sign>> {
  const [row] = await sql.all<{ readonly seen: string }>(wanted === signs ? whole : statementOf(wanted));
  return new Set((row?.seen ?? '').split(' ').filter((word): word is Sign => word in places));
}

export interface Look {
  /** True if a look of a moment ago saw one of these signs. */
  readonly sees: (...wanted: readonly Sign[]) => Promise<boolean>;
  /** The same by a look of now: one that is under way, or at these signs alone, where the look at all of them can still be shared. */
  readonly looksFor: (...wanted: readonly Sign[]) => Promise<boolean>;
}

export interface LookOptions {
  /** So long a look is shared, ms: one loop looks more often, and the others look for themselves only where it does not run. */
  readonly sharedMs?: number;
  readonly now?: () => number;
}

export function createLook(sql: ReadOnlySql, options: LookOptions = {}): Look {
  const { sharedMs = 100, now = (): number => performance.now() } = options;
  let at = Number.NEGATIVE_INFINITY;
  let isLooking = false;
  let seen: Promise<ReadonlySet<Sign>> = Promise.resolve(new Set());
  const lookAround = (): void => {
    at = now();
    isLooking = true;
    seen = readSigns(sql).finally(() => {
      isLooking = false;
    });
    // A failed look is not shared with those that come later.
    seen.catch(() => {
      at = Number.NEGATIVE_INFINITY;
    });
  };
  const isShared = (): boolean => now() - at < sharedMs;
  const sees: Look['sees'] = async (...wanted) => {
    if (!isShared()) lookAround();
    const found = await seen;
    return wanted.some((sign) => found.has(sign));
  };
  return {
    sees,
    looksFor: async (...wanted) =>
      isShared() && !isLooking ? (await readSigns(sql, wanted)).size > 0 : await sees(...wanted),
  };
}
