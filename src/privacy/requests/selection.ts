// Selects the leads and rows that a request applies to: an officer confirms them, from the list they have seen.
// Invariant: new leads and rows are listed first, and refuse the act; an unlisted one cannot be selected.
import { changesRows } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import type { RequestSubject, Request } from '../../store/people/requests.ts';
import { lockClients } from '../../store/client-locks.ts';
import { findPerson } from '../person/find.ts';
import { heldRequest, type RequestDeps } from './deps.ts';
import { listFound, readAsked } from './open.ts';

export interface Selection {
  /** References of the selected leads. */
  readonly leads: readonly string[] | 'all';
  readonly rows: readonly number[] | 'all';
}

/**
 * Lists leads and rows that came in since the last listing, and refuses the act until the officer has seen them.
 * @param isConfirming false: continues with the selection confirmed before
 * @throws REQUEST-003
 */
export async function relist(
  { database, ...deps }: RequestDeps,
  id: number,
  isConfirming: boolean,
): Promise<void> {
  const fresh = await database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    if (request.state !== 'open' || request.confirmedAt !== null || !isConfirming) return 0;
    return listNews(tx, deps, request);
  });
  if (fresh > 0) throw hasNews(id, fresh);
}

/**
 * The same at the confirmation, with the request locked: the client's exclusive lock makes later leads wait, and earlier ones are listed.
 * @throws REQUEST-003
 */
export async function refuseNews(
  tx: Sql,
  deps: Omit<RequestDeps, 'database'>,
  request: Request,
): Promise<void> {
  await lockClients(tx, [request.clientId], 'alone');
  const fresh = await listNews(tx, deps, request);
  if (fresh > 0) throw hasNews(request.id, fresh);
}

async function listNews(tx: Sql, deps: Omit<RequestDeps, 'database'>, request: Request): Promise<number> {
  const asked = await readAsked(tx, deps, request);
  if (asked === undefined) return 0;
  return listFound(tx, request.id, await findPerson(tx, deps.oppositionKey, asked, true));
}

export const hasNews = (id: number, fresh: number): RelaisError =>
  new RelaisError('REQUEST-003', [
    `${fresh > 1 ? `${fresh} nouveaux éléments (leads ou lignes refusées) de cette personne sont arrivés` : 'Un nouvel élément (lead ou ligne refusée) de cette personne est arrivé'} depuis que la demande de droits ${id} a été listée.`,
    `${fresh} more of this person came in since request ${id} was listed.`,
  ]);

/**
 * Requires every lead and refused row of a shared address to be named by itself: leaving out one of the person's makes an answer wrong,
 * and including another person's is worse.
 * @throws REQUEST-002
 */
export function refuseUnnamed(subjects: readonly RequestSubject[], kind: RequestSubject['kind']): void {
  const shared = subjects.flatMap((subject) => {
    if (subject.kind !== kind || subject.found !== 'shared') return [];
    return (kind === 'row' ? String(subject.subjectId) : subject.reference) ?? [];
  });
  if (shared.length === 0) return;
  const names = shared.join(', ');
  throw new RelaisError(
    'REQUEST-002',
    kind === 'lead'
      ? [
          `Des leads partagent seulement une adresse avec ceux de la personne : ${names}. Cochez chacun de ceux qui sont visés.`,
          `Leads that only share an address with the person's: ${names}. Name every lead that is meant.`,
        ]
      : [
          `Des lignes refusées partagent seulement une adresse avec la personne : ${names}. Cochez chacune de celles qui sont visées.`,
          `Refused rows that only share an address with the person: ${names}. Name every row that is meant.`,
        ],
  );
}

/** @throws REQUEST-002 for an unlisted one, or for all where some only share an address */
export function chosen<T>(
  subjects: readonly RequestSubject[],
  kind: RequestSubject['kind'],
  wanted: readonly T[] | 'all',
  nameOf: (subject: RequestSubject) => T | null,
): readonly number[] {
  const listed = subjects.filter((subject) => subject.kind === kind);
  if (wanted === 'all') {
    refuseUnnamed(listed, kind);
    return listed.map(({ subjectId }) => subjectId);
  }
  return [...new Set(wanted)].map((name) => {
    const found = listed.find((subject) => nameOf(subject) === name);
    if (found === undefined)
      throw new RelaisError(
        'REQUEST-002',
        kind === 'lead'
          ? [
              `La demande de droits ne liste pas le lead ${String(name)}.`,
              `The request lists no lead ${String(name)}.`,
            ]
          : [
              `La demande de droits ne liste pas la ligne refusée ${String(name)}.`,
              `The request lists no refused row ${String(name)}.`,
            ],
      );
    return found.subjectId;
  });
}

/** @throws REQUEST-002 also where a rectification names a row, or finds nothing but rows */
export function chosenRows(
  { id, kind }: Request,
  subjects: readonly RequestSubject[],
  { leads, rows }: { readonly leads: readonly number[]; readonly rows: Selection['rows'] },
): readonly number[] {
  if (changesRows(kind)) return chosen(subjects, 'row', rows, ({ subjectId }) => subjectId);
  const onlyRows = leads.length === 0 && subjects.some((subject) => subject.kind === 'row');
  if (rows === 'all' ? onlyRows : rows.length > 0)
    throw new RelaisError('REQUEST-002', [
      `La demande de droits ${id} ne rectifie aucune ligne refusée : l’expéditeur renvoie une ligne juste, ou la personne demande l’effacement.`,
      `Request ${id} corrects no refused row: its sender sends a right one, or the person asks for its erasure.`,
    ]);
  return [];
}
