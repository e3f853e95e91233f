// The prospect's demand: a mail, a PDF or a scan, kept sealed under the request's own key and given back to who must read it.
// Invariant: 10 MB at most; whoever takes it out is in the log before a byte is given.
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import {
  documentPart,
  documentsOf,
  insertDocument,
  insertDocumentPart,
  nameDocument,
} from '../../store/request-documents.ts';
import type { RequestKey } from '../../store/request-secrets.ts';
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
      `Le document a ${bytes.length} octets ; 10 Mo sont le plus.`,
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
  const { bytes } = demand;
  const id = await insertDocument(tx, { requestId, size: bytes.length, addedBy: actor });
  const name = demand.name.toWellFormed().slice(0, longestName / 2);
  await nameDocument(tx, id, key.seal(`document:${id}:name`, Buffer.from(name)));
  for (let part = 0; part * partBytes < bytes.length; part += 1)
    await insertDocumentPart(
      tx,
      id,
      part,
      key.seal(`document:${id}:${part}`, bytes.subarray(part * partBytes, (part + 1) * partBytes)),
    );
}

/** Adds a document to a request that is there: what came later, or was forgotten. @throws FIND-001, REQUEST-001, REQUEST-005 */
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

export interface DemandHead {
  readonly document: number;
  readonly size: number;
  readonly addedAt: Date;
  readonly addedBy: string;
}

export const demandsOf = async (sql: Sql, id: number): Promise<readonly DemandHead[]> =>
  (await documentsOf(sql, id)).map(({ id: document, size, addedAt, addedBy }) => ({
    document,
    size,
    addedAt,
    addedBy,
  }));

/**
 * The demand as it came, the newest or the one named.
 * @throws FIND-001, REQUEST-005 where it was altered or its retention is over
 */
export async function copyDemand(
  { database, requestSecrets }: RequestDeps,
  id: number,
  by: { readonly document?: number; readonly actor: string; readonly reason: string },
): Promise<Demand> {
  const request = await existingRequest(database, id);
  const all = await documentsOf(database, id);
  const head = by.document === undefined ? all.at(-1) : all.find((one) => one.id === by.document);
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
