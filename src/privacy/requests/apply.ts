// Applies a request to the person's leads and refused rows (C22), as soon as an officer confirms which ones are meant.
// Invariant: each transaction is whole, the confirmation is in the first; after a crash the next call continues where it stopped,
// and the second of two officers finds the work of the first.
import { isAnswered, needsIdentity, kindWords } from '../../domain/requests.ts';
import { isRelaisError, RelaisError } from '../../errors.ts';
import { addressDigests } from '../../domain/opposition.ts';
import type { Sql } from '../../store/database.ts';
import { keepErased } from '../../store/people/oppositions.ts';
import {
  decideSubjects,
  markApplied,
  readSubjects,
  changeRequest,
  logPosition,
  type RequestSubject,
  type Request,
} from '../../store/people/requests.ts';
import { givenAddresses } from '../person/find.ts';
import { applyToLead, applyToRow } from './apply-lead.ts';
import {
  heldRequest,
  identityUnknown,
  noteAct,
  noteOfRequest,
  inTheirSpace,
  type RequestDeps,
  type Corrections,
  type Work,
} from './deps.ts';
import { identityOf, readAsked } from './open.ts';
import { objectWithAsked } from './opt-outs.ts';
import { chosen, chosenRows, refuseNews, relist, type Selection } from './selection.ts';
import { queueClientMail } from '../../client-mails/queue.ts';
import { proofPage } from '../proofs/proof-page.ts';
import { proofText, type SignedProof } from '../proofs/proof.ts';
import { proved } from '../proofs/prove.ts';

interface ApplyOrder {
  /** Absent: continues with the selection confirmed before. */
  readonly selection?: Selection | undefined;
  readonly corrections?: Corrections;
  /** How the identity was checked, where the request does not record it yet. */
  readonly identity?: string | undefined;
  readonly actor: string;
}

interface Applied {
  readonly leads: number;
  readonly rows: number;
  /** Numbers of the proofs (C23). */
  readonly proofs: readonly number[];
}

/** Leads and rows of one transaction: a person has a handful; an address that a company shares may have thousands. */
const atOnce = 50;

/** @throws FIND-001, REQUEST-001, REQUEST-002, REQUEST-003 */
export async function applyRequest(deps: RequestDeps, id: number, order: ApplyOrder): Promise<Applied> {
  await relist(deps, id, order.selection !== undefined);
  let [leads, rows] = [0, 0];
  const proofs: number[] = [];
  for (let first = true; ; first = false) {
    const part = await deps.database
      .transaction((tx) => applyPart(tx, deps, id, { order, first }))
      .catch(async (error: unknown) => {
        // The refusal rolled the listing back with it: list again in a transaction of its own, so that the officer can read it.
        if (isRelaisError(error) && error.code === 'REQUEST-003') await relist(deps, id, first);
        throw error;
      });
    leads += part.leads;
    rows += part.rows;
    proofs.push(...part.proofs);
    if (part.isDone) return { leads, rows, proofs };
  }
}

async function applyPart(
  tx: Sql,
  deps: RequestDeps,
  id: number,
  { order, first }: { readonly order: ApplyOrder; readonly first: boolean },
): Promise<Applied & { readonly isDone: boolean }> {
  const held = await heldRequest(tx, id);
  // Another officer has completed it meanwhile.
  if (!first && held.state !== 'open') return { leads: 0, rows: 0, proofs: [], isDone: true };
  // The first part confirms the selection: the later parts continue with it.
  const { selection: _, ...rest } = order;
  const own: ApplyOrder = first ? order : rest;
  refuseUnready(held, own);
  if (own.selection !== undefined) await refuseNews(tx, deps, held);
  const request = await confirm(tx, held, own);
  const work: Work = {
    request,
    actor: order.actor,
    corrections: order.corrections ?? { values: {}, clear: [] },
  };
  const due = (await readSubjects(tx, id)).filter(
    ({ decision, appliedAt }) => decision === 'confirmed' && appliedAt === null,
  );
  // A correction is a single part: with the values of one officer, on all leads or on none.
  const part = request.kind === 'rectification' ? due : due.slice(0, atOnce);
  const proof = await withProof(tx, deps, { work, part }, async () => {
    for (const subject of part) await applyTo(tx, deps, work, subject);
  });
  const isDone = part.length === due.length;
  const hasObjected = isDone && (await finish(tx, deps, work));
  await noteOfRequest(tx, work, { part, proof, hasObjected });
  const leads = part.filter(({ kind }) => kind === 'lead').length;
  const proofs = proof === undefined ? [] : [proof.number];
  return { leads, rows: part.length - leads, proofs, isDone };
}

async function applyTo(tx: Sql, deps: RequestDeps, work: Work, subject: RequestSubject): Promise<void> {
  const { kind, subjectId, reference } = subject;
  if (kind === 'row') await applyToRow(tx, deps, work, subjectId);
  else if (reference !== null) await applyToLead(tx, deps, work, { leadId: subjectId, reference });
  await markApplied(tx, work.request.id, subject);
}

/** @throws REQUEST-001, REQUEST-002 */
function refuseUnready(request: Request, { selection, identity, corrections }: ApplyOrder): void {
  const { id, kind, state, confirmedAt, confirmedBy, appliedBy } = request;
  if (state !== 'open')
    throw new RelaisError('REQUEST-001', [
      `La demande de droits ${id} n’est plus à traiter : elle est ${state === 'closed' ? 'close' : 'exécutée'}.`,
      `Request ${id} is ${state}${appliedBy === '' ? '' : `; ${appliedBy} applied it`}.`,
    ]);
  if (isAnswered(kind))
    throw new RelaisError('REQUEST-001', [
      `La demande de droits ${id} appelle une réponse avec ce qui est détenu ; elle ne s’exécute pas.`,
      `Request ${id} is answered with what is held, not applied.`,
    ]);
  if (confirmedAt !== null && selection !== undefined)
    throw new RelaisError('REQUEST-001', [
      `Les leads visés par la demande de droits ${id} ont déjà été confirmés : l’exécution reprend sans qu’il faille les nommer.`,
      `${confirmedBy} confirmed the leads of request ${id} before: apply it without naming leads to go on.`,
    ]);
  if (confirmedAt === null && selection === undefined)
    throw new RelaisError('REQUEST-002', [
      `Dites quels leads la demande de droits ${id} vise, ou tous.`,
      `Say which leads of request ${id} are meant, or all of them.`,
    ]);
  if (needsIdentity(kind) && request.identityCheckedAt === null && identity === undefined)
    throw identityUnknown(id);
  const count = Object.keys(corrections?.values ?? {}).length + (corrections?.clear.length ?? 0);
  if ((kind === 'rectification') !== count > 0)
    throw new RelaisError(
      'REQUEST-002',
      kind === 'rectification'
        ? [`Dites ce que la demande de droits ${id} rectifie.`, `Say what request ${id} corrects.`]
        : [`La demande de droits ${id} ne rectifie rien.`, `Request ${id} corrects nothing.`],
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
  const rows = chosenRows(request, subjects, { ...selection, leads });
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

/** Records the erased addresses that the person gave, also where only refused rows had them: intake then refuses older data of them. */
async function eraseAsked(tx: Sql, deps: RequestDeps, request: Request): Promise<void> {
  const asked = await readAsked(tx, deps, request);
  const digests = (asked === undefined ? [] : givenAddresses(asked)).flatMap((addresses) =>
    addressDigests(deps.oppositionKey, request.clientId, addresses),
  );
  await keepErased(tx, request.clientId, digests, tx.now());
}

/** Returns whether addresses that the person gave were put on the opposition list. */
async function finish(tx: Sql, deps: RequestDeps, work: Work): Promise<boolean> {
  const { request, actor } = work;
  const asked = request.kind === 'objection' ? await readAsked(tx, deps, request) : undefined;
  const given = asked === undefined ? [] : givenAddresses(asked);
  await objectWithAsked(tx, deps, work, given);
  if (request.kind === 'erasure') await eraseAsked(tx, deps, request);
  await noteAct(tx, { request, actor, what: `applied:${request.kind}` });
  await changeRequest(tx, request.id, {
    state: 'applied',
    appliedAt: tx.now(),
    appliedBy: actor,
    logAfter: await logPosition(tx),
  });
  return given.length > 0;
}

// Proves a part of a request in the transaction that changed it, and mails the proof to the client's contact (C23).
// Invariant: it names leads by their references, and no person.

/** Runs a part with its proof; undefined where there was nothing to prove. */
async function withProof(
  tx: Sql,
  deps: RequestDeps,
  { work, part }: { readonly work: Work; readonly part: readonly RequestSubject[] },
  carryOut: () => Promise<void>,
): Promise<SignedProof | undefined> {
  const { request, actor } = work;
  const { id, clientId, kind } = request;
  const numbersOf = (wanted: RequestSubject['kind']): readonly number[] =>
    part.filter((subject) => subject.kind === wanted).map(({ subjectId }) => subjectId);
  if (deps.proofs === undefined || part.length === 0) {
    await carryOut();
    return undefined;
  }
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
  await mailProof(tx, deps, work, proof);
  return proof;
}

async function mailProof(tx: Sql, deps: RequestDeps, { request }: Work, proof: SignedProof): Promise<void> {
  const { id, clientId, kind } = request;
  const name = `preuve-${proof.number}`;
  await queueClientMail(tx, {
    clientId,
    kind: 'proof',
    key: `request-${id}-proof-${proof.number}`,
    to: ['contact'],
    subject: `Demande n° ${id} d’un prospect : preuve de ce qui a été fait`,
    paragraphs: [
      `La demande n° ${id} (${kindWords[kind].fr}) est effective dans nos bases. Vous en trouverez la preuve signée ci-jointe (n° ${proof.number}), avec une page lisible qui la résume.`,
      'Vos destinataires qui peuvent être prévenus par voie automatique le sont. Pour les autres, une demande écrite vous parvient séparément : merci d’effectuer les mêmes modifications dans vos bases internes, puis d’informer la personne que tout a bien été fait.',
      `Déclarez-le ensuite ${inTheirSpace(deps, id)}.`,
    ],
    attachments: [
      { name: `${name}.json`, mediaType: 'application/json', bytes: Buffer.from(proofText(proof)) },
      { name: `${name}.html`, mediaType: 'text/html; charset=utf-8', bytes: Buffer.from(proofPage(proof)) },
    ],
  });
}
