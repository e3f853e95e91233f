// Shared parts of the acts on a request: dependencies, locks, and the log entry of each act.
// Invariant: every act is an entry with its actor; an entry names the request by its number, never the person.
import { RelaisError } from '../../errors.ts';
import type { Database, Sql } from '../../store/database.ts';
import { appendHandovers, type Handover } from '../../store/handovers.ts';
import { refuseNamesOfRequest } from '../../store/persons-names.ts';
import type { RequestSecrets } from '../../store/request-secrets.ts';
import { findRequest, lockRequest, type Request } from '../../store/requests.ts';
import type { VersionOf } from '../person/sent-data.ts';
import type { RightsOptions } from '../rights.ts';

/** A correction of a lead, judged by the lead contract in the caller's transaction. Returns the refusals; empty: done. */
export type Correct = (
  tx: Sql,
  correction: {
    readonly clientId: string;
    readonly reference: string;
    readonly rowReference: string;
    readonly values: Readonly<Record<string, string>>;
    readonly clear: readonly string[];
  },
) => Promise<readonly string[]>;

export interface RequestDeps extends RightsOptions {
  readonly database: Database;
  readonly requestSecrets: RequestSecrets;
  readonly correct: Correct;
  readonly versionOf: VersionOf;
  /** URL of the console as browsers reach it; undefined: not configured. */
  readonly consoleUrl?: string;
}

/** @throws FIND-001 */
export async function existingRequest(sql: Sql, id: number): Promise<Request> {
  return known(await findRequest(sql, id), id);
}

/** Locks the request for the rest of the transaction: one officer after the other. @throws FIND-001 */
export async function heldRequest(tx: Sql, id: number): Promise<Request> {
  return known(await lockRequest(tx, id), id);
}

function known(request: Request | undefined, id: number): Request {
  if (request === undefined)
    throw new RelaisError('FIND-001', [
      `Il n’y a pas de demande de droits ${id}.`,
      `There is no request ${id}.`,
    ]);
  return request;
}

/** Where the client reads the demand and declares that the person was informed (C23, C25). */
const clientPage = (id: number): string => `/my/requests/${id}`;

export const inTheirSpace = ({ consoleUrl }: Pick<RequestDeps, 'consoleUrl'>, id: number): string =>
  consoleUrl === undefined
    ? `dans votre espace en ligne, page « Droits », demande n° ${id}`
    : `dans votre espace en ligne : ${new URL(clientPage(id), consoleUrl).href}`;

/** How the log and the mails cite it. */
export const requestName = (id: number): string => `request ${id}`;

export interface Act {
  readonly request: Pick<Request, 'id' | 'clientId'>;
  readonly actor: string;
  /** A code, with a detail after a colon. */
  readonly what: string;
  /** Typed by the actor; contains no mail address and no phone. */
  readonly note?: string;
}

/** Writes an entry for each lead or recipient it concerns. */
export async function noteAct(
  tx: Sql,
  { request, actor, what, note = '' }: Act,
  about: readonly Pick<Handover, 'leadId' | 'destinationId' | 'deliveryId'>[] = [{}],
): Promise<void> {
  // The text is about the person of the request, whichever entries it is written in.
  await refuseNamesOfRequest(tx, request.id, note);
  await appendHandovers(
    tx,
    about.map((of): Handover => ({
      entry: 'request',
      clientId: request.clientId,
      actor,
      purpose: note === '' ? requestName(request.id) : `${requestName(request.id)}: ${note}`,
      reason: what,
      ...of,
    })),
  );
}

export const identityUnknown = (id: number): RelaisError =>
  new RelaisError('REQUEST-002', [
    `Dites comment l’identité de l’auteur de la demande de droits ${id} a été vérifiée : ce n’est pas encore inscrit.`,
    `How was the identity behind request ${id} checked? It is not recorded yet.`,
  ]);

export const noRecipient = (id: number, destinationId: string): RelaisError =>
  new RelaisError('FIND-001', [
    `La demande de droits ${id} n’a pas de destinataire ${destinationId}.`,
    `Request ${id} has no recipient ${destinationId}.`,
  ]);
