// Writes the return to a client that leaves (C55): all of its leads as JSON and tables, and its refused rows, each file under age.
// Invariant: in pages, so that a million leads need no more memory than a hundred; under the folder's name are all files or none, even
// where the process is killed.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { RelaisError } from '../errors.ts';
import { collectPerson, heldRow, type CollectDeps } from '../privacy/person/collect.ts';
import { leadPage, refusedPage } from '../store/retention/closings.ts';
import type { Database } from '../store/database.ts';
import { refusedRecords } from '../store/people/person-records.ts';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { encrypterFor, openSealed, syncFolder, type SealedFile, type SealedWriter } from './sealed-files.ts';
import type { HeldLead, PersonFile } from '../privacy/person/person-file.ts';

export interface ReturnRequest {
  readonly clientId: string;
  /** A folder that does not exist yet. */
  readonly to: string;
  /** age recipients: `age1...` */
  readonly recipients: readonly string[];
  /** Archives of the log, where months were taken out of MySQL. */
  readonly archives?: string | undefined;
}

export interface ClientReturn {
  readonly files: readonly SealedFile[];
  readonly leads: number;
  readonly refusedRows: number;
  /** Digest of the list of digests beside the files. */
  readonly digest: Buffer;
}

const returnFormat = 'relais-client-1';
const leadsAtOnce = 100;
const sumsName = 'SHA256SUMS';

/** @throws USAGE-001, LOG-003 where the log is in archives that were not given */
export async function writeReturn(
  database: Database,
  deps: CollectDeps,
  request: ReturnRequest,
): Promise<ClientReturn> {
  const { to, recipients } = request;
  await encrypterFor(recipients);
  const part = await draftFolder(to);
  const writers: SealedWriter[] = [];
  try {
    const json = await openSealed(part, 'donnees.json.age', recipients);
    writers.push(json);
    for (const { name } of returnTables) writers.push(await openSealed(part, `${name}.age`, recipients));
    const tables = writers.slice(1);
    const counts = await writeAll(database, deps, request, { json, tables });
    const files: SealedFile[] = [];
    for (const writer of writers) files.push(await writer.end());
    const sums = files.map(({ name, digest }) => `${digest.toString('hex')}  ${name}\n`).join('');
    for (const writer of writers) await writer.keep();
    await writeFile(join(part, sumsName), sums, { mode: 0o600, flush: true });
    await syncFolder(part);
    await named(part, to);
    return { files, ...counts, digest: createHash('sha256').update(sums).digest() };
  } catch (error) {
    for (const writer of writers) await writer.drop();
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

const taken = (folder: string): RelaisError =>
  new RelaisError('USAGE-001', `${folder} exists: name a folder that does not exist yet.`);

/** Temporary folder of a return until it is whole; its own name, so that two returns at once never share one. @throws USAGE-001 */
async function draftFolder(to: string): Promise<string> {
  const folder = resolve(to);
  if (await stat(folder).catch(() => undefined)) throw taken(to);
  await mkdir(dirname(folder), { recursive: true });
  const part = `${folder}.part-${randomBytes(4).toString('hex')}`;
  await mkdir(part, { mode: 0o700 });
  return part;
}

/** Renames the folder, and deletes those of killed returns of that name. @throws USAGE-001 where another return took the name meanwhile */
async function named(part: string, to: string): Promise<void> {
  const folder = resolve(to);
  await rename(part, folder).catch((error: unknown) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw ['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(code) ? taken(to) : error;
  });
  const place = dirname(folder);
  for (const name of await readdir(place))
    if (name.startsWith(`${basename(folder)}.part-`))
      await rm(join(place, name), { recursive: true, force: true });
  await syncFolder(place);
}

interface Writers {
  readonly json: SealedWriter;
  /** In the order of `returnTables`. */
  readonly tables: readonly SealedWriter[];
}

async function writeAll(
  database: Database,
  deps: CollectDeps,
  request: ReturnRequest,
  { json, tables }: Writers,
): Promise<Pick<ClientReturn, 'leads' | 'refusedRows'>> {
  const { clientId } = request;
  const head = { format: returnFormat, client: clientId, madeAt: database.now(), contact: deps.contact };
  await json.write(`${JSON.stringify(head).slice(0, -1)},"leads":[`);
  for (const [index, table] of returnTables.entries())
    await tables[index]?.write(csvLines([table.titles], true));
  let leads = 0;
  for await (const page of pages(database, deps, request)) {
    await json.write(page.map((lead) => `${leads++ === 0 ? '' : ','}\n${JSON.stringify(lead)}`).join(''));
    for (const [index, table] of returnTables.entries())
      await tables[index]?.write(csvLines(page.flatMap((lead) => table.lines(lead))));
  }
  await json.write('\n],"refusedRows":[');
  let refusedRows = 0;
  for await (const rows of refusedPages(database, clientId))
    await json.write(rows.map((row) => `${refusedRows++ === 0 ? '' : ','}\n${JSON.stringify(row)}`).join(''));
  await json.write('\n]}\n');
  return { leads, refusedRows };
}

async function* pages(
  database: Database,
  deps: CollectDeps,
  { clientId, archives }: ReturnRequest,
): AsyncGenerator<readonly ReturnedLead[]> {
  for (let after = 0; ;) {
    const leadIds = await leadPage(database, clientId, after, leadsAtOnce);
    const last = leadIds.at(-1);
    if (last === undefined) return;
    after = last;
    const file = await database.transaction((tx) =>
      collectPerson(tx, deps, { kind: 'portability', clientId, leadIds, refusedRows: [], archives }),
    );
    yield returnedLeads(file);
  }
}

async function* refusedPages(database: Database, clientId: string): AsyncGenerator<readonly object[]> {
  for (let after = '0'; ;) {
    const ids = await refusedPage(database, clientId, after, leadsAtOnce);
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
    yield (await refusedRecords(database, clientId, ids)).map(heldRow);
  }
}

// Writes all data of a lead for the client that leaves: one object in JSON, lines in four tables (C55).
// Invariant: all data that the client gave or that was made for it is included; names of staff who looked a person up are the staff's own.

interface ReturnedLead extends HeldLead {
  readonly transmissions: readonly Omit<PersonFile['transmissions'][number], 'lead'>[];
  readonly references: readonly Omit<PersonFile['references'][number], 'lead'>[];
}

/** The leads of one page, each with its hand-overs. */
function returnedLeads({ leads, transmissions, references }: PersonFile): readonly ReturnedLead[] {
  const sent = Map.groupBy(transmissions, ({ lead }) => lead);
  const known = Map.groupBy(references, ({ lead }) => lead);
  return leads.map((lead) => ({
    ...lead,
    transmissions: (sent.get(lead.reference) ?? []).map(({ lead: _, ...transmission }) => transmission),
    references: (known.get(lead.reference) ?? []).map(({ lead: _, ...reference }) => reference),
  }));
}

interface ReturnTable {
  readonly name: string;
  readonly titles: readonly string[];
  readonly lines: (lead: ReturnedLead) => readonly (readonly unknown[])[];
}

/** A table with a line for each of these, after the reference of their lead. */
const tableOf = <Line>(
  name: string,
  linesOf: (lead: ReturnedLead) => readonly Line[],
  columns: readonly (readonly [title: string, valueOf: (line: Line) => unknown])[],
): ReturnTable => ({
  name,
  titles: ['Référence', ...columns.map(([title]) => title)],
  lines: (lead) =>
    linesOf(lead).map((line) => [lead.reference, ...columns.map(([, valueOf]) => valueOf(line))]),
});

/** French: the client reads them. */
const returnTables: readonly ReturnTable[] = [
  tableOf('leads.csv', (lead) => [lead], [
    ['Reçu le', ({ receivedAt }) => receivedAt],
    ['Effacé le', ({ erasedAt }) => erasedAt],
    ['Mention d’information', ({ notice }) => notice?.version],
    ...columnFacts.map(({ label, path }) => [label, (lead: ReturnedLead) => valueAt(lead, path)] as const),
  ]),
  tableOf('consentements.csv', ({ consents }) => consents, [
    ['Finalité', ({ purpose }) => purpose],
    ['Canal', ({ channel }) => channel],
    ['Réponse', ({ state }) => state],
    ['Recueillie le', ({ recordedAt }) => recordedAt],
    ['Version du texte', ({ wordingVersion }) => wordingVersion],
    ['Texte', ({ wording }) => wording],
    ['Entité juridique', ({ legalEntity }) => legalEntity],
    ['Valable jusqu’au', ({ validUntil }) => validUntil],
    ['Source', ({ source }) => source],
  ]),
  tableOf('echanges.csv', ({ interactions }) => interactions, [
    ['Date', ({ at }) => at],
    ['Nature', ({ kind }) => kind],
    ['Contenu', ({ at: _at, kind: _kind, ...content }) => JSON.stringify(content)],
  ]),
  tableOf('transmissions.csv', ({ transmissions }) => transmissions, [
    ['Partie le', ({ departedAt }) => departedAt],
    ['Action', ({ action }) => action],
    ['Destinataire', ({ recipient }) => recipient],
    ['Destination', ({ destination }) => destination],
    ['Par', ({ by }) => by],
    ['Champs', ({ fields }) => fields.join(' ')],
    ['Opt-in', ({ optIn }) => JSON.stringify(optIn)],
    ['Réception', ({ reception }) => reception],
    ['Réponse le', ({ answeredAt }) => answeredAt],
  ]),
];

/** Spreadsheets must not run a cell that begins like a formula. */
const csvLines = (rows: readonly (readonly unknown[])[], bom = false): string =>
  rows.length === 0
    ? ''
    : stringify(
        rows.map((row) => row.map(cell)),
        { bom, delimiter: ';', escape_formulas: true },
      );

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.join(' | ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function valueAt(lead: object, path: string): unknown {
  let value: unknown = lead;
  for (const name of path.split('.'))
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return value;
}
