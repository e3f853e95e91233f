// Plans future deletions: dates, counts, reasons and obstacles.
// Invariant: reads only; it assumes no further sign of a person and no changed rule.
import type { CivilDate } from '../domain/civil-date.ts';
import type { Departing, RetentionRule } from '../domain/retention.ts';
import { dueRequests, type Ending } from '../privacy/requests/let-go.ts';
import type { Sql } from '../store/database.ts';
import { waitingItems } from '../store/retention/retention-items.ts';
import { dueLeads, type DatedLead } from './due.ts';

export interface PlannedDate {
  readonly clientId: string;
  readonly on: CivilDate;
  readonly how: Departing;
  readonly rule: RetentionRule;
  /** '' for requests of no operation. */
  readonly operation: string;
  readonly leads: number;
  /** Kept longer than three years after the last sign, by an instruction. */
  readonly long: number;
  /** Leads of one-off operations without a recorded end. */
  readonly endMissing: number;
  /** The first of them, by the centre's reference. */
  readonly references: readonly string[];
}

export type RetentionPlan = Awaited<ReturnType<typeof planRetention>>;

export interface PlannedRequests {
  readonly clientId: string;
  readonly on: CivilDate;
  readonly what: Ending;
  readonly requests: number;
}

/** References shown of one line. */
const mostReferences = 1_000;

/**
 * @param period first and last day; overdue leads keep their own date
 * @param most leads dated at most: a page must not wait for millions
 */
export async function planRetention(
  sql: Sql,
  clientIds: readonly string[],
  period: { readonly from?: CivilDate; readonly until: CivilDate },
  most = Number.MAX_SAFE_INTEGER,
) {
  const lines = new Map<string, PlannedDate & { leads: number; references: string[] }>();
  let left = most;
  for (const clientId of clientIds) {
    if (left <= 0) break;
    for await (const page of dueLeads(sql, clientId, period.until)) {
      for (const lead of page)
        if (period.from === undefined || lead.retention.goesOn >= period.from) note(lines, clientId, lead);
      // A page without a due lead took its time too.
      left -= Math.max(page.length, 50);
      if (left <= 0) break;
    }
  }
  return {
    /** True where there are more leads than `most`: counts are minimums. */
    isCut: left <= 0,
    dates: [...lines.values()].sort((a, b) => keyOf(a).localeCompare(keyOf(b))),
    /** Requests of persons whose own retention is over: the demand with its search details, or the whole request. */
    requests: await plannedRequests(sql, clientIds, period),
    /** Leads whose day has come and that wait, by cause. */
    waiting: await waitingItems(sql, clientIds),
  };
}

async function plannedRequests(
  sql: Sql,
  clients: readonly string[],
  { from = '', until: by }: { readonly from?: CivilDate; readonly until: CivilDate },
): Promise<readonly PlannedRequests[]> {
  const lines = new Map<string, PlannedRequests & { requests: number }>();
  for await (const { clientId, on, what } of dueRequests(sql, { clients, by })) {
    if (on < from) continue;
    const key = [on, clientId, what].join('\n');
    const line = lines.get(key) ?? { clientId, on, what, requests: 0 };
    line.requests += 1;
    lines.set(key, line);
  }
  return [...lines].sort(([a], [b]) => a.localeCompare(b)).map(([, line]) => line);
}

type Line = { -readonly [K in keyof PlannedDate]: PlannedDate[K] } & { references: string[] };

function note(lines: Map<string, Line>, clientId: string, { retention, ...lead }: DatedLead): void {
  const { goesOn: on, how, rule } = retention;
  const line: Line = {
    clientId,
    on,
    how,
    rule,
    operation: lead.operation ?? '',
    leads: 0,
    long: 0,
    endMissing: 0,
    references: [],
  };
  const known = lines.get(keyOf(line)) ?? line;
  known.leads += 1;
  known.long += Number(retention.long);
  known.endMissing += Number(retention.endMissing);
  if (known.references.length < mostReferences) known.references.push(lead.reference);
  lines.set(keyOf(line), known);
}

const keyOf = ({ on, clientId, how, rule, operation }: PlannedDate): string =>
  [on, clientId, how, rule, operation].join('\n');
