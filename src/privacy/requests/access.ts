// Answers an access or portability request: exports the person's data as a file, gives it out, and notes it as the answer.
// Invariant: never answered without a file, never a file without its entry in the log: the entry is committed before the file is
// given out, and the answer is noted after. Interrupted between the two, the request stays open and is answered again.
import { createHash } from 'node:crypto';
import { isAnswered } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { ownRefusedRows } from '../../store/people/refused-of-person.ts';
import {
  decideSubjects,
  readSubjects,
  type RequestSubject,
  changeRequest,
  type Request,
} from '../../store/people/requests.ts';
import { givenAddresses, type PersonAsked } from '../person/find.ts';
import { closedByAge, exportWithin, type Closed, type PersonExport } from '../person/export.ts';
import { noteAnswered } from './acts.ts';
import { chosen, refuseUnnamed, relist, type Selection } from './selection.ts';
import { keepAnswer } from './documents.ts';
import { heldRequest, identityUnknown, noteAct, requestName, type RequestDeps } from './deps.ts';
import { identityOf, readAsked } from './open.ts';

export interface AccessOrder {
  /** The leads and rows to export; an absent part means all those found by the person's own details. */
  readonly selection?: Partial<Selection> | undefined;
  /** age recipients. */
  readonly recipients: readonly string[];
  /** Folder of the log's archives, where months were taken out of MySQL. */
  readonly archives?: string;
  readonly identity?: string | undefined;
  readonly actor: string;
  /** Writes the file. The log records `fileName` as the evidence. */
  readonly deliver: (bytes: Buffer) => void | Promise<void>;
  readonly fileName: string;
}

export interface Answered extends Omit<PersonExport, 'bytes'> {
  /** References of leads and numbers of refused rows that are listed but not in the file. */
  readonly leftOut: readonly string[];
}

/** @throws FIND-001, LOG-003, REQUEST-001, REQUEST-002, REQUEST-003, USAGE-001 */
export async function answerAccess(deps: RequestDeps, id: number, order: AccessOrder): Promise<Answered> {
  const { database } = deps;
  const { bytes, ...said } = await ageFile(deps, id, order);
  await order.deliver(bytes);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  await noteAnswered({ database }, id, {
    actor: order.actor,
    evidence: `${order.fileName}, SHA-256 ${digest}...`,
  });
  return said;
}

export type FileOrder = Omit<AccessOrder, 'deliver' | 'fileName' | 'recipients'>;

/**
 * Keeps the file sealed with the request for a day, to be taken out like its demand (`copy`); the officer who takes it out notes the
 * answer.
 * @throws FIND-001, LOG-003, REQUEST-001, REQUEST-002, REQUEST-003
 */
export async function prepareAnswer(deps: RequestDeps, id: number, order: FileOrder): Promise<Answered> {
  await relist(deps, id, true);
  return deps.database.transaction(async (tx) => {
    const key = await deps.requestSecrets.read(tx, id);
    if (key === undefined)
      throw new RelaisError('REQUEST-001', [
        `La demande de droits ${id} est close depuis longtemps : elle n’a plus de clé.`,
        `Request ${id} was closed long ago: its key is gone.`,
      ]);
    const { actor } = order;
    const { made, leftOut } = await makeFile(tx, deps, id, order, {
      close: (bytes) => keepAnswer(tx, key, id, { answer: { name: `reponse-${id}.zip`, bytes }, actor }),
      target: `console, ${actor}`,
    });
    const { bytes: _, ...said } = made;
    return { ...said, leftOut };
  });
}

/** @throws FIND-001, LOG-003, REQUEST-001, REQUEST-002, REQUEST-003, USAGE-001 */
async function ageFile(
  deps: RequestDeps,
  id: number,
  order: FileOrder & Pick<AccessOrder, 'recipients'>,
): Promise<Answered & { readonly bytes: Buffer }> {
  const closed = closedByAge(order.recipients);
  await relist(deps, id, true);
  const { made, leftOut } = await deps.database.transaction((tx) => makeFile(tx, deps, id, order, closed));
  return { ...made, leftOut };
}

async function makeFile(
  tx: Sql,
  deps: RequestDeps,
  id: number,
  order: FileOrder,
  closed: Closed,
): Promise<{ readonly made: PersonExport; readonly leftOut: readonly string[] }> {
  const request = await heldRequest(tx, id);
  if (deps.proofs === undefined)
    throw new RelaisError('INTERNAL-001', 'The seal and the name of the centre are missing.');
  refuseUnready(request, order);
  const subjects = await readSubjects(tx, id);
  const asked = await readAsked(tx, deps, request);
  const meant = { ...(await own(tx, { clientId: request.clientId, asked }, subjects)), ...order.selection };
  if (order.selection?.leads === undefined) refuseUnnamed(subjects, 'lead');
  const leadIds = chosen(subjects, 'lead', meant.leads, ({ reference }) => reference);
  const rows = chosen(subjects, 'row', meant.rows, ({ subjectId }) => subjectId);
  await decideSubjects(tx, id, 'lead', leadIds);
  await decideSubjects(tx, id, 'row', rows);
  const { actor, identity, archives } = order;
  if (identity !== undefined) await changeRequest(tx, id, identityOf(identity, actor, tx.now()));
  await noteAct(tx, { request, actor, what: `confirmed:${leadIds.length + rows.length}` });
  const made = await exportWithin(
    tx,
    { ...deps.proofs, secrets: deps.secrets, versionOf: deps.versionOf },
    {
      kind: request.kind === 'portability' ? 'portability' : 'access',
      clientId: request.clientId,
      leadIds,
      refusedRows: rows.map(String),
      given: asked === undefined ? [] : givenAddresses(asked),
      request: String(id),
      closed,
      actor,
      reason: requestName(id),
      archives,
    },
  );
  const leftOut = subjects.flatMap(({ kind, subjectId, reference }) => {
    if (kind === 'row') return rows.includes(subjectId) ? [] : [`refused row ${subjectId}`];
    return reference === null || leadIds.includes(subjectId) ? [] : [reference];
  });
  return { made, leftOut };
}

/** @throws REQUEST-001, REQUEST-002 */
function refuseUnready(request: Request, { identity }: FileOrder): void {
  const { id, kind, state, identityCheckedAt, appliedBy } = request;
  if (!isAnswered(kind))
    throw new RelaisError('REQUEST-001', [
      `La demande de droits ${id} s’exécute ; elle n’appelle pas de fichier de réponse.`,
      `Request ${id} is applied, not answered: relais request apply ${id}.`,
    ]);
  if (state !== 'open')
    throw new RelaisError('REQUEST-001', [
      `La demande de droits ${id} a déjà reçu une réponse${state === 'closed' ? ', et elle est close' : ''}.`,
      `Request ${id} is ${state}${appliedBy === '' ? '' : `; ${appliedBy} answered it`}.`,
    ]);
  if (identityCheckedAt === null && identity === undefined) throw identityUnknown(id);
}

/** Subjects found by the person's own details; of refused rows only those with the person's own mail or phone. */
async function own(
  tx: Sql,
  { clientId, asked }: { readonly clientId: string; readonly asked: PersonAsked | undefined },
  subjects: readonly RequestSubject[],
): Promise<Selection> {
  const leads = subjects.filter(({ kind, found }) => kind === 'lead' && found === 'asked');
  const rows = await ownRefusedRows(tx, {
    clientId,
    rows: subjects.flatMap(({ kind, subjectId, found }) =>
      kind === 'row' && found === 'asked' ? [String(subjectId)] : [],
    ),
    leadIds: leads.map(({ subjectId }) => subjectId),
    phones: asked?.phones ?? [],
    ...(asked?.email === undefined ? {} : { email: asked.email }),
  });
  return { leads: leads.flatMap(({ reference }) => reference ?? []), rows: rows.map(Number) };
}
