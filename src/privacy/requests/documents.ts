// Keeps the documents of a request, sealed under the request's own key: the prospect's demand (a mail, a PDF or a scan) and, for a day,
// the answer to it.
// Invariant: a demand has 10 MB at most; every copy is logged before a byte is given out; after its day no answer is given out.
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import {
  documentPart,
  documentsOf,
  insertDocument,
  insertDocumentPart,
  nameDocument,
  removeAnswers,
  type DocumentHead,
} from '../../store/people/request-documents.ts';
import type { RequestKey } from '../../store/secrets.ts';
import { existingRequest, heldRequest, noteAct, type RequestDeps } from './deps.ts';

export interface Demand {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const mostBytes = 10 * 1024 * 1024;
const partBytes = 1024 * 1024;
const longestName = 200;

/** @throws REQUEST-005 */
export function refuseUnfit({ bytes }: Demand): void {
  if (bytes.length === 0)
    throw new RelaisError('REQUEST-005', ['Le document est vide.', 'The document is empty.']);
  if (bytes.length > mostBytes)
    throw new RelaisError('REQUEST-005', [
      `Le document fait ${bytes.length} octets ; 10 Mo au plus.`,
      `The document has ${bytes.length} bytes; 10 MB is the most.`,
    ]);
}

export async function keepDemand(
  tx: Sql,
  key: RequestKey,
  requestId: number,
  { demand, actor }: { readonly demand: Demand; readonly actor: string },
): Promise<void> {
  refuseUnfit(demand);
  await keep(tx, key, demand, { requestId, kind: 'demand', goneAt: null, addedBy: actor });
}

/** How long an answer waits for the officer to take it out, ms. */
const answerMs = 86_400_000;

/** Replaces earlier answers. Returns the sealed bytes, as they are kept. */
export async function keepAnswer(
  tx: Sql,
  key: RequestKey,
  requestId: number,
  { answer, actor }: { readonly answer: Demand; readonly actor: string },
): Promise<Buffer> {
  await removeAnswers(tx, requestId);
  const goneAt = new Date(tx.now().getTime() + answerMs);
  return keep(tx, key, answer, { requestId, kind: 'answer', goneAt, addedBy: actor });
}

async function keep(
  tx: Sql,
  key: RequestKey,
  { name, bytes }: Demand,
  of: Omit<Parameters<typeof insertDocument>[1], 'size'>,
): Promise<Buffer> {
  const id = await insertDocument(tx, { ...of, size: bytes.length });
  const short = name.toWellFormed().slice(0, longestName / 2);
  await nameDocument(tx, id, key.seal(`document:${id}:name`, Buffer.from(short)));
  const sealed: Buffer[] = [];
  for (let part = 0; part * partBytes < bytes.length; part += 1) {
    const content = key.seal(
      `document:${id}:${part}`,
      bytes.subarray(part * partBytes, (part + 1) * partBytes),
    );
    await insertDocumentPart(tx, id, part, content);
    sealed.push(content);
  }
  return Buffer.concat(sealed);
}

/** Adds a later or forgotten document to an existing request. @throws FIND-001, REQUEST-001, REQUEST-005 */
export const addDemand = (
  { database, requestSecrets }: RequestDeps,
  id: number,
  by: { readonly demand: Demand; readonly actor: string },
): Promise<void> =>
  database.transaction(async (tx) => {
    const request = await heldRequest(tx, id);
    const key = await requestSecrets.read(tx, id);
    if (request.state === 'closed' || key === undefined)
      throw new RelaisError('REQUEST-001', [
        `La demande de droits ${id} est close : rien n’y est plus ajouté.`,
        `Request ${id} is closed: nothing is added to it any more.`,
      ]);
    await keepDemand(tx, key, id, by);
    await noteAct(tx, { request, actor: by.actor, what: 'document_added' });
  });

export interface DemandHead extends Omit<DocumentHead, 'id' | 'name'> {
  readonly document: number;
}

/** Demands and the present answer, oldest first. */
export const demandsOf = async (sql: Sql, id: number): Promise<readonly DemandHead[]> =>
  (await documentsOf(sql, id))
    .filter((one) => isThere(one, sql.now()))
    .map(({ id: document, name: _, ...head }) => ({ document, ...head }));

const isThere = ({ goneAt }: Pick<DemandHead, 'goneAt'>, now: Date): boolean =>
  goneAt === null || goneAt > now;

/**
 * Returns the demand as received, the newest or the named one; or the named answer, where its day is not over.
 * @throws FIND-001, REQUEST-005 where it was altered or its retention is over
 */
export async function copyDemand(
  { database, requestSecrets }: RequestDeps,
  id: number,
  by: { readonly document?: number | undefined; readonly actor: string; readonly reason: string },
): Promise<Demand> {
  const request = await existingRequest(database, id);
  const all = (await documentsOf(database, id)).filter((one) => isThere(one, database.now()));
  const head =
    by.document === undefined
      ? all.findLast(({ kind }) => kind === 'demand')
      : all.find((one) => one.id === by.document);
  const key = await requestSecrets.read(database, id);
  if (head === undefined || key === undefined)
    throw new RelaisError('FIND-001', [
      `La demande de droits ${id} n’a pas ce document.`,
      `Request ${id} holds no such document.`,
    ]);
  await database.transaction((tx) =>
    noteAct(tx, { request, actor: by.actor, what: `copied:${head.id}`, note: by.reason }),
  );
  const parts: Buffer[] = [];
  for (let part = 0; part * partBytes < head.size; part += 1) {
    const sealed = await documentPart(database, head.id, part);
    const plain = sealed === undefined ? undefined : key.open(`document:${head.id}:${part}`, sealed);
    if (plain === undefined)
      throw new RelaisError('REQUEST-005', [
        `Le document ${head.id} de la demande de droits ${id} a été altéré, ou n’est pas entier.`,
        `Document ${head.id} of request ${id} was altered, or is not whole.`,
      ]);
    parts.push(plain);
  }
  const name = key.open(`document:${head.id}:name`, head.name)?.toString() ?? `request-${id}`;
  return { name, bytes: Buffer.concat(parts) };
}
