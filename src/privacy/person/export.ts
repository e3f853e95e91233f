// Exports the data of a person as a file for named keys only: JSON and a letter page, zipped and encrypted with age.
// Invariant: nothing is ever written in clear; the act is in the log before the file is given out (C39).
import { createHash } from 'node:crypto';
import { Encrypter } from 'age-encryption';
import { ZipFile } from 'yazl';
import { RelaisError } from '../../errors.ts';
import type { Database, Sql } from '../../store/database.ts';
import { appendHandovers, type Handover } from '../../store/log/handovers.ts';
import { lockLeads } from '../../store/leads/leads.ts';
import { refuseNamesOfRows } from '../../store/people/persons-names.ts';
import { lockClients } from '../../store/client-locks.ts';
import { collectPerson, type CollectDeps, type Collecting } from './collect.ts';
import { personLetter } from './letter.ts';
import type { PersonFile } from './person-file.ts';

/** Encrypts the packed file for its receivers. */
export interface Closed {
  readonly close: (packed: Buffer) => Promise<Uint8Array>;
  /** The receivers, as the log names them. */
  readonly target: string;
}

export interface ExportRequest extends Collecting {
  readonly closed: Closed;
  readonly actor: string;
  /** For the log. */
  readonly reason: string;
}

export interface PersonExport {
  /** The encrypted file. */
  readonly bytes: Buffer;
  readonly leads: number;
  readonly refusedRows: number;
  readonly recipients: readonly string[];
}

/**
 * Should the caller fail to write the file, the log records it as made, which is on the safe side.
 * @throws FIND-001, LOG-003, USAGE-001 where the reason names the person
 */
export const exportPerson = (
  database: Database,
  deps: CollectDeps,
  request: ExportRequest,
): Promise<PersonExport> => database.transaction((tx) => exportWithin(tx, deps, request));

/** In the caller's transaction, before any lead is locked; the file may be given out once it is committed. */
export async function exportWithin(
  tx: Sql,
  deps: CollectDeps,
  request: ExportRequest,
): Promise<PersonExport> {
  await lockClients(tx, [request.clientId], 'shared');
  await lockLeads(tx, request.leadIds);
  // The log compares the reason with the names of leads, and a row has none.
  for (const row of request.refusedRows) await refuseNamesOfRows(tx, { row }, request.reason);
  const file = await collectPerson(tx, deps, request);
  const bytes = Buffer.from(await request.closed.close(await packed(file)));
  await appendHandovers(tx, entriesOf(request, bytes));
  return {
    bytes,
    leads: file.leads.length,
    refusedRows: file.refusedRows.length,
    recipients: [...new Set(file.transmissions.map(({ recipient }) => recipient))],
  };
}

/** @param recipients `age1...` @throws USAGE-001 for a recipient that is no age key */
export function closedByAge(recipients: readonly string[]): Closed {
  const encrypter = new Encrypter();
  for (const recipient of recipients)
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // A secret key typed by mistake must not be repeated on the screen.
      throw new RelaisError('USAGE-001', [
        'La clé est une clé publique age, age1…, comme `age-keygen` l’affiche.',
        'A recipient is the public key of age, age1..., as `age-keygen` prints it.',
      ]);
    }
  if (recipients.length === 0)
    throw new RelaisError('USAGE-001', [
      'Donnez la clé age qui ouvrira le fichier.',
      'Name whose age key opens the file.',
    ]);
  return {
    close: (packed) => encrypter.encrypt(packed),
    target: recipients
      .map((recipient) => recipient.slice(0, 62))
      .join(' ')
      .slice(0, 200),
  };
}

export const dataName = 'donnees.json';
export const letterName = 'lettre.html';

async function packed(file: PersonFile): Promise<Buffer> {
  const zip = new ZipFile();
  const options = { mtime: file.madeAt, mode: 0o100600 };
  zip.addBuffer(Buffer.from(`${JSON.stringify(file, null, 2)}\n`), dataName, options);
  zip.addBuffer(Buffer.from(personLetter(file)), letterName, options);
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** One for each lead; without leads one of the client. The digest is of the encrypted bytes: it reveals nothing of the person. */
function entriesOf(request: ExportRequest, bytes: Buffer): Handover[] {
  const { clientId, leadIds, actor, reason, kind, closed } = request;
  const entry: Handover = {
    entry: 'person_exported',
    clientId,
    actor,
    purpose: reason,
    reason: kind,
    target: closed.target,
    digest: createHash('sha256').update(bytes).digest(),
    bytes: bytes.length,
  };
  return leadIds.length === 0 ? [entry] : leadIds.map((leadId) => ({ ...entry, leadId }));
}
