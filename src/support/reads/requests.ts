// Lists requests of persons: the clock of each, and the missing steps before it may be closed.
// Invariant: reads only; nothing of a person is in a request.
import { addDays, civilDate, daysBetween, type CivilDate } from '../../domain/civil-date.ts';
import type { ClosingProblem, RequestKind } from '../../domain/requests.ts';
import { openRecipients } from '../../store/request-recipients.ts';
import { listRequests, requestsDueFirst, type Request } from '../../store/requests.ts';
import { listProofs, findProof, type ProofHead } from '../../store/proofs.ts';
import { accountNames } from '../../store/accounts.ts';
import type { SupportPlace } from '../place.ts';

export type { ProofHead } from '../../store/proofs.ts';
export type { Request } from '../../store/requests.ts';

/** The last day of a term, and the days left; negative when it is over. */
export interface Clock {
  readonly lastDay: CivilDate;
  readonly daysLeft: number;
}

export function clockOf({ dueAt }: Pick<Request, 'dueAt'>, now: Date): Clock {
  const lastDay = addDays(civilDate(dueAt), -1);
  return { lastDay, daysLeft: daysBetween(civilDate(now), lastDay) };
}

export interface RequestHead extends Omit<Request, 'asked'> {
  readonly clock: Clock;
  readonly missing: readonly ClosingProblem['what'][];
}

export interface RequestsAsked {
  readonly clientId?: string;
  readonly kind?: RequestKind;
  /** Closed ones, newest first; else open ones, the earliest term first. */
  readonly areClosed: boolean;
}

/** A bounded number; `isCut`: there are more. */
export async function requestsListed(
  { database }: Pick<SupportPlace, 'database'>,
  { areClosed, ...filter }: RequestsAsked,
  limit: number,
): Promise<{ readonly items: readonly RequestHead[]; readonly isCut: boolean }> {
  const rows = areClosed
    ? await listRequests(database, { ...filter, state: 'closed' }, limit + 1)
    : await requestsDueFirst(database, filter, limit + 1);
  const shown = rows.slice(0, limit);
  const owing = await openRecipients(
    database,
    shown.map(({ id }) => id),
  );
  const now = database.now();
  return {
    isCut: rows.length > limit,
    items: shown.map(({ asked: _, ...row }) => ({
      ...row,
      clock: clockOf(row, now),
      missing: missingOf(row, owing.has(row.id)),
    })),
  };
}

const missingOf = (
  { state, informedAt, appliedAt }: Pick<Request, 'state' | 'informedAt' | 'appliedAt'>,
  owes: boolean,
): readonly ClosingProblem['what'][] =>
  state === 'closed'
    ? []
    : [
        ...(state === 'open' ? (['not_applied'] as const) : []),
        ...(owes ? (['recipient_open'] as const) : []),
        ...(informedAt !== null && informedAt >= (appliedAt ?? informedAt)
          ? []
          : (['not_informed'] as const)),
      ];

/** Names of actors such as `account:12`, as long as they are kept. */
export const namesOfActors = (
  { database }: Pick<SupportPlace, 'database'>,
  actors: readonly string[],
): Promise<ReadonlyMap<string, string>> => accountNames(database, actors);

export interface ProofsAsked {
  readonly client?: string;
  readonly request?: string;
}

/** Newest first. */
export const proofsListed = (
  { database }: Pick<SupportPlace, 'database'>,
  asked: ProofsAsked,
  limit: number,
): Promise<readonly ProofHead[]> => listProofs(database, { ...asked, limit });

/** Undefined: no such proof; its `document` undefined: deleted with the leads it names. */
export const proofWithNumber = (
  { database }: Pick<SupportPlace, 'database'>,
  number: number,
): Promise<(ProofHead & { readonly document: string | undefined }) | undefined> =>
  findProof(database, number);
