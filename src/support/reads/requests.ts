// Lists requests of persons: the clock of each, and the missing steps before it may be closed.
// Invariant: reads only; nothing of a person is in a request.
import { addDays, civilDate, daysBetween } from '../../domain/civil-date.ts';
import { isInformed, type ClosingProblem, type RequestKind } from '../../domain/requests.ts';
import { openRecipients } from '../../store/people/request-recipients.ts';
import { listRequests, requestsDueFirst, type Request } from '../../store/people/requests.ts';
import { listProofs, findProof, type ProofHead } from '../../store/people/proofs.ts';
import { accountNames } from '../../store/access/accounts.ts';
import {
  pageOf,
  isWithin,
  spansClients,
  type SupportPlace,
  type Page,
  type PageAsked,
  type Scope,
} from '../place.ts';
import { noteKey } from '../../client-mails/notes.ts';
import { RelaisError } from '../../errors.ts';
import {
  listClientMails,
  findNote,
  listNotes,
  type ListedMail,
  type StoredNote,
} from '../../store/alerts/client-mails.ts';
import { filterInScope, knownInScope } from '../named-text.ts';
import { liveAuthorisations, type Authorisation } from '../../domain/destination.ts';
import { readAuthorisations } from '../../store/destinations/authorisations.ts';
import { allDestinations } from '../../store/destinations/destinations.ts';

export type { ProofHead } from '../../store/people/proofs.ts';
export type { Request } from '../../store/people/requests.ts';

/** The last day of a term, and the days left; negative when it is over. */
export type Clock = ReturnType<typeof clockOf>;

export function clockOf({ dueAt }: Pick<Request, 'dueAt'>, now: Date) {
  const lastDay = addDays(civilDate(dueAt), -1);
  return { lastDay, daysLeft: daysBetween(civilDate(now), lastDay) };
}

export interface RequestHead extends Omit<Request, 'asked'> {
  readonly clock: Clock;
  readonly missing: readonly ClosingProblem['what'][];
}

interface RequestsAsked {
  readonly clientId?: string;
  readonly kind?: RequestKind;
  /** Closed ones, newest first; else open ones, the earliest term first. */
  readonly areClosed: boolean;
}

/** A bounded number; `isCut`: there are more. @throws FIND-001 for an unknown client */
export async function requestsListed(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  { areClosed, ...asked }: RequestsAsked,
  limit: number,
): Promise<{ readonly items: readonly RequestHead[]; readonly isCut: boolean }> {
  const { clientId } = asked;
  const { client } = await filterInScope(database, scope, clientId === undefined ? {} : { client: clientId });
  const filter = { ...asked, clientId: client };
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
  request: Pick<Request, 'state' | 'informedAt' | 'appliedAt'>,
  owes: boolean,
): readonly ClosingProblem['what'][] =>
  request.state === 'closed'
    ? []
    : [
        ...(request.state === 'open' ? (['not_applied'] as const) : []),
        ...(owes ? (['recipient_open'] as const) : []),
        ...(isInformed(request) ? [] : (['not_informed'] as const)),
      ];

/** Names of actors such as `account:12`, as long as they are kept; none for a reader of one client. */
export const namesOfActors = (
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  actors: readonly string[],
): Promise<ReadonlyMap<string, string>> => accountNames(database, spansClients(scope) ? actors : []);

/** Newest first. @throws FIND-001 for an unknown client */
export async function proofsListed(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  asked: { readonly client?: string; readonly request?: string },
  limit: number,
): Promise<readonly ProofHead[]> {
  return listProofs(database, { ...(await filterInScope(database, scope, asked)), limit });
}

/** Undefined: no such proof; its `document` undefined: deleted with the leads it names. */
export async function proofWithNumber(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  number: number,
): Promise<(ProofHead & { readonly document: string | undefined }) | undefined> {
  const found = await findProof(database, number);
  return found === undefined || !isWithin(scope, found.clientId) ? undefined : found;
}

// The centre's own mails to its clients and the written notes they carry (C48), with whether they got through.
// Invariant: names and codes; a note names fields and settings, never a person's value.

export { bringMailForward, listClientMails, type ListedMail } from '../../store/alerts/client-mails.ts';

type Place = Pick<SupportPlace, 'database'>;

interface MailedNote {
  readonly note: StoredNote;
  readonly mails: readonly ListedMail[];
}

const mailed = async ({ database }: Place, client: string, note: StoredNote): Promise<MailedNote> => ({
  note,
  mails: await listClientMails(database, { client, key: noteKey(note.number) }, 10),
});

/** Newest first. @throws FIND-001 */
export async function clientNotes(
  place: Place,
  scope: Scope,
  client: string,
  { limit, after }: PageAsked,
): Promise<Page<MailedNote>> {
  await knownInScope(place.database, scope, { client });
  const notes = await listNotes(place.database, client, limit + 1, after ?? Number.MAX_SAFE_INTEGER);
  const page = pageOf(notes, limit, ({ number }) => number);
  return { ...page, items: await Promise.all(page.items.map((note) => mailed(place, client, note))) };
}

/** @param number undefined: the last. @throws FIND-001 */
export async function clientNote(
  place: Place,
  scope: Scope,
  client: string,
  number?: number,
): Promise<MailedNote> {
  await knownInScope(place.database, scope, { client });
  const note =
    number === undefined
      ? (await listNotes(place.database, client, 1, Number.MAX_SAFE_INTEGER))[0]
      : await findNote(place.database, client, number);
  if (note === undefined)
    throw new RelaisError(
      'FIND-001',
      number === undefined
        ? [`${client} n’a pas encore de note.`, `${client} has no note yet.`]
        : [`${client} n’a pas de note ${number}.`, `${client} has no note ${number}.`],
    );
  return mailed(place, client, note);
}

// Lists authorisations: recipient, data, and whether in force.
// Invariant: reads only; a departure reads them again.

export type ListedAuthorisation = Awaited<ReturnType<typeof authorisationsListed>>[number];

/** Authorisations of one destination, the oldest first. */
export const authorisationsOf = async (
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  destination: string,
): Promise<readonly Authorisation[]> =>
  ((await readAuthorisations(database, [destination])).get(destination) ?? []).filter(({ clientId }) =>
    isWithin(scope, clientId),
  );

/** By destination, the oldest first. */
export async function authorisationsListed({ database }: Pick<SupportPlace, 'database'>, scope: Scope) {
  const ids = (await allDestinations(database))
    .filter(({ clientId }) => isWithin(scope, clientId))
    .map(({ id }) => id);
  const all = [...(await readAuthorisations(database, ids)).values()].flat();
  const live = new Set(liveAuthorisations(all, database.now()));
  return all.map((authorisation) => ({ ...authorisation, isLive: live.has(authorisation) }));
}
