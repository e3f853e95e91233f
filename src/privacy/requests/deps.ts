// Shared parts of the acts on a request: dependencies, locks, and the log entry of each act.
// Invariant: every act is an entry with its actor; an entry names the request by its number, never the person.
import { RelaisError } from '../../errors.ts';
import { unknownRequest } from '../../errors/unknown.ts';
import type { Database, Sql } from '../../store/database.ts';
import { appendHandovers, type Handover } from '../../store/log/handovers.ts';
import { refuseNamesOfRequest } from '../../store/people/persons-names.ts';
import type { RequestSecrets } from '../../store/secrets.ts';
import {
  findRequest,
  lockRequest,
  type Request,
  type RequestEffect,
  type RequestSubject,
} from '../../store/people/requests.ts';
import type { VersionOf } from '../person/collect.ts';
import type { RightsOptions } from '../rights.ts';
import type { Reached } from '../../store/people/same-person.ts';
import { writeNote, type NoteKind } from '../../client-mails/notes.ts';
import { capital, optInWords, takenBackWords } from '../../domain/lead-values.ts';
import { kindWords, type RequestKind } from '../../domain/requests.ts';
import { changedLines } from '../proofs/proof-page.ts';
import type { SignedProof } from '../proofs/proof.ts';

/** A correction of a lead, judged by the lead contract in the caller's transaction. Returns the refusals; empty: done. */
type Correct = (
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
  if (request === undefined) throw unknownRequest(id);
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

interface Act {
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

// Types of the result of applying a request to one subject, passed from step to step.
// Invariant: names of tables and columns, and counts; no value.

export interface Corrections {
  readonly values: Readonly<Record<string, string>>;
  readonly clear: readonly string[];
}

export interface Work {
  readonly request: Request;
  readonly actor: string;
  readonly corrections: Corrections;
}

export interface SubjectLead {
  readonly leadId: number;
  readonly reference: string;
}

export type Effect = Omit<RequestEffect, 'leadId'>;

export interface Changed {
  readonly effects: readonly Effect[];
  /** True where recipients have outdated data of this lead. */
  readonly isChanged: boolean;
  /** Other leads of the person that it reached. */
  readonly others: readonly Reached[];
}

export const counted = (table: string, columns: string, rows: number): readonly Effect[] =>
  rows === 0 ? [] : [{ table, columns, rows }];

// Writes the note about the changes of a request (C48): the fields, the number of leads, the request.
// Invariant: last in the transaction of the act; no value, and no reference: a note outlives the leads.

const noteKindOf: Readonly<Record<Exclude<RequestKind, 'access' | 'portability'>, NoteKind>> = {
  rectification: 'person_rectified',
  erasure: 'person_erased',
  objection: 'person_objected',
  restriction: 'person_restricted',
  withdrawal: 'consent_withdrawn',
};

interface Done {
  readonly part: readonly RequestSubject[];
  readonly proof: SignedProof | undefined;
  /** True where addresses that the person gave, which may be on no lead, were put on the opposition list with it. */
  readonly hasObjected: boolean;
}

/** Writes none where nothing was changed. */
export async function noteOfRequest(
  tx: Sql,
  { request, actor }: Work,
  { part, proof, hasObjected }: Done,
): Promise<void> {
  const { id, clientId, kind } = request;
  if (kind === 'access' || kind === 'portability') return;
  const fields = proof === undefined ? [] : changedLines(proof.tables);
  if (proof !== undefined && fields.length === 0 && !hasObjected) return;
  if (part.length === 0 && !hasObjected) return;
  const [leads, rows] = [countOf(part, 'lead'), countOf(part, 'row')];
  await writeNote(tx, {
    clientId,
    kind: noteKindOf[kind],
    title: `demande n° ${id} d’une personne (${kindWords[kind].fr}), effectuée dans nos bases`,
    changes: [
      ...(leads === 0 ? [] : [`Nombre de contacts de la personne concernés : ${leads}`]),
      ...(rows === 0 ? [] : [`Nombre de lignes refusées concernées : ${rows}`]),
      ...fields,
      ...optInLines(request),
      ...(hasObjected
        ? ['Coordonnées données par la personne : inscrites sur votre liste d’opposition']
        : []),
      ...(proof === undefined ? [] : [`Preuve signée n° ${proof.number}`]),
    ],
    askedBy: askedByPerson(id),
    doneBy: actor,
  });
}

export const askedByPerson = (id: number): string => `la personne concernée, demande n° ${id}`;

const countOf = (part: readonly RequestSubject[], wanted: RequestSubject['kind']): number =>
  part.filter(({ kind }) => kind === wanted).length;

const optInLines = ({ kind, optIns }: Request): readonly string[] =>
  kind === 'objection' || kind === 'withdrawal'
    ? optIns
        .split(' ')
        .filter((optIn) => optIn !== '')
        .map((optIn) => `${capital(optInWords(optIn))} : ${takenBackWords(kind)}`)
    : [];
