// Ends a request's own retention: destroys its demand and key first, the request itself later, each with an entry of the log.
// Invariant: due is checked again under the request's lock; a request that cannot be deleted blocks no other.
import { civilDate, type CivilDate } from '../../domain/civil-date.ts';
import { demandGoesOn, requestGoesOn } from '../../domain/requests.ts';
import { isStoreTrouble, type ReadOnlySql, type Sql } from '../../store/database.ts';
import { removeDocuments } from '../../store/people/request-documents.ts';
import {
  closedRequests,
  removeRequest,
  type EndingRequest,
  lockRequest,
  type Request,
} from '../../store/people/requests.ts';
import { noteAct, type RequestDeps } from './deps.ts';

export type Ending = 'demand' | 'request';

export interface LetGo {
  readonly actor: string;
  /** Only these clients; all when absent. */
  readonly clients?: readonly string[];
  /** Replaces the calendar in tests. */
  readonly today?: CivilDate;
  /** Called for a request that could not be deleted; the others are. */
  readonly onBroken: (requestId: number, error: unknown) => void;
}

const atOnce = 200;

/** Returns how many demands and requests were deleted. */
export async function letRequestsGo(
  { database, requestSecrets }: Pick<RequestDeps, 'database' | 'requestSecrets'>,
  { actor, clients, today = civilDate(database.now()), onBroken }: LetGo,
): Promise<Readonly<Record<Ending, number>>> {
  const gone = { demand: 0, request: 0 };
  for await (const due of dueRequests(database, { clients, by: today })) {
    try {
      const went = await database.transaction((tx) =>
        letOneGo(tx, requestSecrets, { id: due.id, today, actor }),
      );
      if (went !== undefined) gone[went] += 1;
    } catch (error) {
      if (isStoreTrouble(error)) throw error;
      onBroken(due.id, error);
    }
  }
  return gone;
}

export interface DueRequest extends EndingRequest {
  readonly what: Ending;
  readonly on: CivilDate;
}

/** Requests due by a day, each once: for the demand alone, or for all of it. */
export async function* dueRequests(
  sql: ReadOnlySql,
  { clients, by }: { readonly clients: readonly string[] | undefined; readonly by: CivilDate },
): AsyncGenerator<DueRequest> {
  for (let after = 0; ;) {
    const page = await closedRequests(sql, { after, limit: atOnce, clients });
    for (const request of page) {
      const due = endingOf(request, by);
      if (due !== undefined) yield { ...request, ...due };
    }
    if (page.length < atOnce) return;
    after = page.at(-1)?.id ?? 0;
  }
}

function endingOf(
  request: Omit<EndingRequest, 'id' | 'clientId'>,
  by: CivilDate,
): { readonly what: Ending; readonly on: CivilDate } | undefined {
  const [demand, whole] = [demandGoesOn(request), requestGoesOn(request)];
  if (whole !== undefined && whole <= by) return { what: 'request', on: whole };
  if (demand !== undefined && demand <= by && request.hasDemand) return { what: 'demand', on: demand };
  return undefined;
}

async function letOneGo(
  tx: Sql,
  secrets: RequestDeps['requestSecrets'],
  { id, today, actor }: { readonly id: number; readonly today: CivilDate; readonly actor: string },
): Promise<Ending | undefined> {
  const request = await lockRequest(tx, id);
  const ending = request === undefined ? undefined : endingUnderLock(request, today);
  if (request === undefined || ending === undefined) return undefined;
  await secrets.destroy(tx, id);
  if (ending === 'request') await removeRequest(tx, id);
  else await removeDocuments(tx, id);
  await noteAct(tx, { request, actor, what: ending === 'request' ? 'removed' : 'demand_destroyed' });
  return ending;
}

const endingUnderLock = (
  { asked, closedAt, state, ...request }: Request,
  today: CivilDate,
): Ending | undefined =>
  state !== 'closed' || closedAt === null
    ? undefined
    : endingOf({ ...request, closedAt, hasDemand: asked !== null }, today)?.what;
