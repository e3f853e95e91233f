// Reads in one statement which kinds of work may be due, for the loops of a process together.
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
  overdue: `deliveries late FORCE INDEX (deliveries_open) WHERE settled_at IS NULL AND ${due('expires_at')}`,
  held: 'destination_states WHERE held = 1',
  slots: `slots FORCE INDEX (slots_state) WHERE state = 'due' AND ${due('slot_at')}`,
  files: `${underWay} AND ${due('due_at')}`,
  answers: `batches looked FORCE INDEX (batches_look) WHERE ${due('look_at')}`,
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

const onceAt = (sign: Sign): string => `(SELECT '${sign}' FROM ${places[sign]} LIMIT 1)`;

/** Signs whose loops look several times a second; the others, which are most, are read by a look of their own. */
const often: ReadonlySet<Sign> = new Set<Sign>([
  'intake',
  'changes',
  'planned',
  'waiting',
  'queued',
  'sending',
  'slots',
  'files',
  'answers',
  'longFiles',
]);
const oftenBut = (left?: Sign): readonly Sign[] => signs.filter((sign) => often.has(sign) && sign !== left);

/** One column: the server describes each column of an answer, which costs more than these words. NULLs are left out. */
const statementOf = (looks: readonly string[]): string =>
  `SELECT CONCAT_WS(' ', ${looks.join(', ')}) AS seen`;
/** The look at the frequent signs, and the one at the others. */
export const looks = {
  often: statementOf(oftenBut().map(onceAt)),
  seldom: statementOf(signs.filter((sign) => !often.has(sign)).map(onceAt)),
} as const;

/**
 * Looks for new rows so many times, with pauses in between, then at the other frequent signs: the process sleeps meanwhile, and the server
 * needs no statement for each look. COALESCE evaluates in order and ends at the first row. Only a read that locks sees what was committed
 * after its statement began; it locks no row but the one it finds, until its end.
 */
export function waitingLook(everyMs: number, times: number): string {
  const pause = `NULLIF(SLEEP(${everyMs / 1_000}), 0)`;
  const rows = `(SELECT 'intake' FROM ${places.intake} LIMIT 1 FOR UPDATE SKIP LOCKED)`;
  const inTurn = Array<string>(times).fill(rows).join(`, ${pause}, `);
  return statementOf([`COALESCE(${inTurn})`, ...oftenBut('intake').map(onceAt)]);
}

export async function readSigns(sql: ReadOnlySql, statement: string): Promise<ReadonlySet<Sign>> {
  const [row] = await sql.all<{ readonly seen: string }>(statement);
  return new Set((row?.seen ?? '').split(' ').filter((word): word is Sign => word in places));
}

export interface Look {
  /** True if a look of a moment ago saw one of these signs. */
  readonly sees: (...wanted: readonly Sign[]) => Promise<boolean>;
  /** Looks for new rows for about as long as a look is shared, then at the frequent signs, for all loops. True where there are rows. */
  readonly awaitsRows: () => Promise<boolean>;
}

export interface LookOptions {
  /** So long a look is shared, ms: the loop that waits for rows looks about as often, and the others look for themselves where it does not run. */
  readonly sharedMs?: number;
  /** From one look for new rows to the next, ms. */
  readonly everyMs?: number;
  readonly now?: () => number;
}

/** Looks for rows in one statement: a change of the schema waits for its end. */
const mostLooks = 4;

/** The last look at some of the signs: when it began or, where it waited, ended. */
interface Part {
  readonly statement: string;
  at: number;
  seen: Promise<ReadonlySet<Sign>>;
}
const unseen = (statement: string): Part => ({
  statement,
  at: Number.NEGATIVE_INFINITY,
  seen: Promise.resolve(new Set()),
});

export function createLook(sql: ReadOnlySql, options: LookOptions = {}): Look {
  const { sharedMs = 100, everyMs = 25, now = (): number => performance.now() } = options;
  const most = Math.max(1, Math.min(mostLooks, Math.floor(sharedMs / everyMs)));
  /** Ends shortly before a multiple of the time that a look is shared: the other loops wake there, and so does the next look. */
  const times = (): number =>
    Math.max(1, Math.min(most, Math.round((sharedMs - (now() % sharedMs)) / everyMs)));
  const untilRows = Array.from({ length: most }, (_, index) => waitingLook(everyMs, index + 1));
  const [frequent, others] = [unseen(looks.often), unseen(looks.seldom)];
  let isWaiting = false;
  const lookAt = (part: Part): void => {
    part.at = now();
    part.seen = readSigns(sql, part.statement);
    // A failed look is not shared with those that come later.
    part.seen.catch(() => {
      part.at = Number.NEGATIVE_INFINITY;
    });
  };
  const sees = async (part: Part, forMs: number, wanted: readonly Sign[]): Promise<boolean> => {
    if (wanted.length === 0) return false;
    if (now() - part.at >= forMs) lookAt(part);
    const found = await part.seen;
    return wanted.some((sign) => found.has(sign));
  };
  return {
    sees: async (...wanted) => {
      const frequently = wanted.filter((sign) => often.has(sign));
      const rest = wanted.filter((sign) => !often.has(sign));
      // The look that waits renews it at its end.
      return (
        (await sees(frequent, isWaiting ? 2 * sharedMs : sharedMs, frequently)) ||
        (await sees(others, sharedMs, rest))
      );
    },
    awaitsRows: async () => {
      isWaiting = true;
      try {
        const found = await readSigns(sql, untilRows[times() - 1] ?? looks.often);
        frequent.at = now();
        frequent.seen = Promise.resolve(found);
        return found.has('intake');
      } finally {
        isWaiting = false;
      }
    },
  };
}
