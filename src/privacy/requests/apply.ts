// Carrying a request out in our tables (C22): a person confirms which leads are meant, and it is done at once.
// Invariant: what one transaction does is whole, the confirmation with its first part; after a crash the rest goes on where it stopped,
// and of two officers the second finds what the first did.
import { queueClientMail } from '../../client-mails/queue.ts';
import { isAnswered, kindWords, needsIdentity } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import {
  decideSubjects,
  markApplied,
  readSubjects,
  type RequestSubject,
} from '../../store/request-subjects.ts';
import { changeRequest, logPosition, type Request } from '../../store/requests.ts';
import { findPerson, givenAddresses } from '../person/find.ts';
import { proofPage } from '../proofs/proof-page.ts';
import { proofText } from '../proofs/proof.ts';
import { proved } from '../proofs/prove.ts';
import { applyToLead, applyToRow } from './apply-lead.ts';
import { heldRequest, noteAct, type RequestDeps } from './deps.ts';
import { identityOf, listFound, readAsked } from './open.ts';
import { objectWithAsked } from './opt-outs.ts';
import type { Corrections, Work } from './work.ts';

export interface Selection {
  /** References of the leads that are meant. */
  readonly leads: readonly string[] | 'all';
  /** Numbers of the refused rows that are meant. */
  readonly rows: readonly number[] | 'all';
}

export interface ApplyOrder {
  /** Absent: goes on with what was confirmed before. */
  readonly selection?: Selection;
  readonly corrections?: Corrections;
  /** How the identity was checked, where it was not said before. */
  readonly identity?: string;
  readonly actor: string;
}

export interface Applied {
  readonly leads: number;
  readonly rows: number;
}

/** Leads and rows of one transaction: a person has a handful; an address that a company shares may have thousands. */
const atOnce = 50;

/** @throws FIND-001, REQUEST-001, REQUEST-002, REQUEST-003 */
export async function applyRequest(deps: RequestDeps, id: number, order: ApplyOrder): Promise<Applied> {
  await relist(deps, id, order);
  let [leads, rows] = [0, 0];
  for (let first = true; ; first = false) {
    const part = await deps.database.transaction((tx) => applyPart(tx, deps, id, { order, first }));
    leads += part.leads;
    rows += part.rows;
    if (part.isDone) return { leads, rows };
  }
}

/** What has come in since the request was listed must be seen by who confirms. */
async function relist(
  { database, ...deps }: RequestDeps,
  id: number,
  { selection }: ApplyOrder,
): Promise<void> {
  const fresh = await database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    if (request.state !== 'open' || request.confirmedAt !== null || selection === undefined) return 0;
    const asked = await readAsked(tx, deps, request);
    return asked === undefined ? 0 : listFound(tx, id, await findPerson(tx, asked));
  });
  if (fresh > 0)
    throw new RelaisError(
      'REQUEST-003',
      `${fresh} more of this person came in since request ${id} was listed.`,
    );
}

async function applyPart(
  tx: Sql,
  deps: RequestDeps,
  id: number,
  { order, first }: { readonly order: ApplyOrder; readonly first: boolean },
): Promise<Applied & { readonly isDone: boolean }> {
  const held = await heldRequest(tx, id);
  // Another officer has brought it to its end meanwhile.
  if (!first && held.state !== 'open') return { leads: 0, rows: 0, isDone: true };
  refuseUnready(held, order);
  const request = await confirm(tx, held, order);
  const work: Work = {
    request,
    actor: order.actor,
    corrections: order.corrections ?? { values: {}, clear: [] },
  };
  const due = (await readSubjects(tx, id)).filter(
    ({ decision, appliedAt }) => decision === 'confirmed' && appliedAt === null,
  );
  // A correction is one: with the values of one officer, on all leads or on none.
  const part = request.kind === 'rectification' ? due : due.slice(0, atOnce);
  await withProof(tx, deps, work, part);
  const isDone = part.length === due.length;
  if (isDone) await finish(tx, deps, work);
  const leads = part.filter(({ kind }) => kind === 'lead').length;
  return { leads, rows: part.length - leads, isDone };
}

/** The proof of what was done goes to the client's contact (C23); it names leads by their references, and nobody. */
async function withProof(
  tx: Sql,
  deps: RequestDeps,
  work: Work,
  part: readonly RequestSubject[],
): Promise<void> {
  const { request, actor } = work;
  const { id, clientId, kind } = request;
  const numbersOf = (wanted: RequestSubject['kind']): readonly number[] =>
    part.filter((subject) => subject.kind === wanted).map(({ subjectId }) => subjectId);
  const carryOut = async (): Promise<void> => {
    for (const subject of part) await applyTo(tx, deps, work, subject);
  };
  if (deps.proofs === undefined || part.length === 0) return carryOut();
  const { proof } = await proved(
    tx,
    deps.proofs,
    {
      act: kind,
      clientId,
      actor,
      request: String(id),
      leadIds: numbersOf('lead'),
      refusedRows: numbersOf('row').map(String),
    },
    carryOut,
  );
  const name = `preuve-${proof.number}`;
  await queueClientMail(tx, {
    clientId,
    kind: 'proof',
    key: `request-${id}-proof-${proof.number}`,
    to: ['contact'],
    subject: `Demande n° ${id} d'un prospect : preuve de ce qui a été fait`,
    paragraphs: [
      `La demande n° ${id} (${kindWords[kind].fr}) est effective dans nos bases. Vous en trouverez la preuve signée ci-jointe (n° ${proof.number}), avec une page lisible qui la résume.`,
      "Vos destinataires qui peuvent être prévenus par voie automatique le sont. Pour les autres, une demande écrite vous parvient séparément : merci d'effectuer les mêmes modifications dans vos bases internes, puis d'informer la personne que tout a bien été fait, et de nous le déclarer.",
    ],
    attachments: [
      { name: `${name}.json`, mediaType: 'application/json', bytes: Buffer.from(proofText(proof)) },
      { name: `${name}.html`, mediaType: 'text/html; charset=utf-8', bytes: Buffer.from(proofPage(proof)) },
    ],
  });
}

async function applyTo(tx: Sql, deps: RequestDeps, work: Work, subject: RequestSubject): Promise<void> {
  const { kind, subjectId, reference } = subject;
  if (kind === 'row') await applyToRow(tx, work, subjectId);
  else if (reference !== null) await applyToLead(tx, deps, work, { leadId: subjectId, reference });
  await markApplied(tx, work.request.id, subject);
}

/** @throws REQUEST-001, REQUEST-002 */
function refuseUnready(request: Request, { selection, identity, corrections }: ApplyOrder): void {
  const { id, kind, state, confirmedAt, confirmedBy, appliedBy } = request;
  if (state !== 'open')
    throw new RelaisError(
      'REQUEST-001',
      `Request ${id} is ${state}${appliedBy === '' ? '' : `; ${appliedBy} applied it`}.`,
    );
  if (isAnswered(kind))
    throw new RelaisError('REQUEST-001', `Request ${id} is answered with what is held, not applied.`);
  if (confirmedAt !== null && selection !== undefined)
    throw new RelaisError(
      'REQUEST-001',
      `${confirmedBy} confirmed the leads of request ${id} before: apply it without naming leads to go on.`,
    );
  if (confirmedAt === null && selection === undefined)
    throw new RelaisError('REQUEST-002', `Say which leads of request ${id} are meant, or all of them.`);
  if (needsIdentity(kind) && request.identityCheckedAt === null && identity === undefined)
    throw new RelaisError(
      'REQUEST-002',
      `How was the identity behind request ${id} checked? It is not recorded yet.`,
    );
  const count = Object.keys(corrections?.values ?? {}).length + (corrections?.clear.length ?? 0);
  if ((kind === 'rectification') !== count > 0)
    throw new RelaisError(
      'REQUEST-002',
      kind === 'rectification' ? `Say what request ${id} corrects.` : `Request ${id} corrects nothing.`,
    );
}

async function confirm(
  tx: Sql,
  request: Request,
  { selection, identity, actor }: ApplyOrder,
): Promise<Request> {
  if (selection === undefined || request.confirmedAt !== null) return request;
  const { id } = request;
  const subjects = await readSubjects(tx, id);
  const now = tx.now();
  const leads = chosen(subjects, 'lead', selection.leads, ({ reference }) => reference);
  const rows = chosen(subjects, 'row', selection.rows, ({ subjectId }) => subjectId);
  await decideSubjects(tx, id, 'lead', leads);
  await decideSubjects(tx, id, 'row', rows);
  const change = {
    confirmedAt: now,
    confirmedBy: actor,
    logBefore: await logPosition(tx),
    ...(identity === undefined ? {} : identityOf(identity, actor, now)),
  };
  await changeRequest(tx, id, change);
  await noteAct(tx, { request, actor, what: `confirmed:${leads.length + rows.length}` });
  return { ...request, ...change };
}

/** @throws REQUEST-002 for one the request does not list */
function chosen<T>(
  subjects: readonly RequestSubject[],
  kind: RequestSubject['kind'],
  wanted: readonly T[] | 'all',
  nameOf: (subject: RequestSubject) => T | null,
): readonly number[] {
  const listed = subjects.filter((subject) => subject.kind === kind);
  if (wanted === 'all') return listed.map(({ subjectId }) => subjectId);
  return [...new Set(wanted)].map((name) => {
    const found = listed.find((subject) => nameOf(subject) === name);
    if (found === undefined)
      throw new RelaisError(
        'REQUEST-002',
        `The request lists no ${kind === 'lead' ? 'lead' : 'refused row'} ${String(name)}.`,
      );
    return found.subjectId;
  });
}

async function finish(tx: Sql, deps: RequestDeps, work: Work): Promise<void> {
  const { request, actor } = work;
  if (request.kind === 'objection') {
    const asked = await readAsked(tx, deps, request);
    if (asked !== undefined) await objectWithAsked(tx, deps, work, givenAddresses(asked));
  }
  await noteAct(tx, { request, actor, what: `applied:${request.kind}` });
  await changeRequest(tx, request.id, {
    state: 'applied',
    appliedAt: tx.now(),
    appliedBy: actor,
    logAfter: await logPosition(tx),
  });
}
