// Finds the due leads of a client: candidates, the last sign each shares with the person's other leads, the rule.
// Invariant: reads only, a page at a time; each result is checked again under the lock before anything is deleted.
import type { CivilDate, Delay } from '../domain/civil-date.ts';
import {
  collectedBefore,
  endedWith,
  isDue,
  operationGoesOn,
  retentionOf,
  type Retention,
} from '../domain/retention.ts';
import { contractEnd } from '../store/retention/closings.ts';
import type { Sql } from '../store/database.ts';
import {
  lastSigns,
  collectedLongAgo,
  operationsWithLeads,
  type Candidate,
  type Page,
} from '../store/retention/retention-candidates.ts';
import { listOperations, type Operation } from '../store/retention/register.ts';

export interface DatedLead extends Candidate {
  readonly retention: Retention;
}

const leadsAtOnce = 500;
const endOfTime: CivilDate = '9999-12-31';

/** Retention rules of a client's leads. */
export type Operations = Awaited<ReturnType<typeof operationsOf>>;

export const operationsOf = async (sql: Pick<Sql, 'all'>, clientId: string) => ({
  byCode: new Map((await listOperations(sql, clientId)).map((operation) => [operation.code, operation])),
  /** The day on which all data of an ended contract is deleted (C55). */
  end: await contractEnd(sql, clientId),
});

/** The recorded operation of a lead; without one, the rule of the client. */
function factsOf({ byCode }: Operations, { operation, kind }: Candidate): Operation | undefined {
  const own = byCode.get(operation ?? '');
  // The client's general rule applies to recurring requests only.
  return own ?? (kind === 'recurring' ? byCode.get('') : undefined);
}

/** Each of these leads with its dates. */
export async function dated(
  sql: Sql,
  operations: Operations,
  candidates: readonly Candidate[],
): Promise<readonly DatedLead[]> {
  const signs = await lastSigns(
    sql,
    candidates.map(({ leadId }) => leadId),
  );
  return candidates.map((candidate) => ({
    ...candidate,
    retention: endedWith(
      retentionOf({
        kind: candidate.kind,
        operation: factsOf(operations, candidate),
        collectedAt: candidate.collectedAt,
        lastSign: signs.get(candidate.leadId) ?? candidate.collectedAt,
      }),
      operations.end,
    ),
  }));
}

/** The leads of a client that are due by a day if nothing changes; page by page, each lead once. */
export async function* dueLeads(
  sql: Sql,
  clientId: string,
  by: CivilDate,
): AsyncGenerator<readonly DatedLead[]> {
  const operations = await operationsOf(sql, clientId);
  for await (const page of candidatePages(sql, clientId, operations, by))
    yield (await dated(sql, operations, page)).filter(({ retention }) => isDue(retention, by));
}

async function* candidatePages(
  sql: Sql,
  clientId: string,
  operations: Operations,
  by: CivilDate,
): AsyncGenerator<readonly Candidate[]> {
  if (operations.end !== undefined && operations.end <= by) {
    yield* pages((page) => collectedLongAgo(sql, endOfTime, page), clientId);
    return;
  }
  // Leads of all operations, old enough that any may be due; then those of operations with a shorter retention.
  const general = collectedBefore(by, delayOf(operations.byCode.get('')));
  yield* pages((page) => collectedLongAgo(sql, general, page), clientId);
  // Most ended operations have no leads left. Older leads were among the pages above.
  const behind = { collectedAt: new Date(`${general}T00:00:00Z`), leadId: 0 };
  for (const code of await operationsWithLeads(sql, clientId)) {
    const operation = operations.byCode.get(code);
    if (operation === undefined) continue;
    const before = goesBy(operation, by) ? endOfTime : collectedBefore(by, delayOf(operation));
    if (before > general) yield* pages((page) => collectedLongAgo(sql, before, page, code), clientId, behind);
  }
}

const goesBy = (operation: Operation, by: CivilDate): boolean => {
  const on = operationGoesOn(operation);
  return on !== undefined && on <= by;
};

/** Retention after a sign; undefined for a one-off operation. */
const delayOf = (operation: Operation | undefined): Delay | undefined =>
  operation?.kind === 'recurring' ? operation.delay : undefined;

async function* pages(
  read: (page: Page) => Promise<readonly Candidate[]>,
  clientId: string,
  behind?: Page['after'],
): AsyncGenerator<readonly Candidate[]> {
  for (let after = behind; ;) {
    const page = await read({ clientId, limit: leadsAtOnce, after });
    if (page.length > 0) yield page;
    after = page.at(-1);
    if (after === undefined || page.length < leadsAtOnce) return;
  }
}
