// Writes and reads the long copy of a backup: the database without persons, and each lead's own rows sealed under its secret (C44).
// Invariant: once a lead's secret is gone, from the database and from the dumps of the secrets, its rows here can be read by nobody.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Database } from '../store/database.ts';
import { dissolve } from '../store/retention/gone-leads.ts';
import {
  insertLongRows,
  namesOfTables,
  rowsOfEveryLead,
  type LeadRows,
  type LongRow,
} from '../store/backups/long-copies.ts';
import type { LeadSecrets } from '../store/secrets.ts';
import type { PackedFile } from './manifest.ts';
import { readPacked, writePacked } from './packed.ts';

export const personsFile = 'long-persons.jsonl.zst.age';
const keyFor = (secret: Buffer): Buffer => derived(secret, 'long copy');

/** JSON has neither bytes nor times: `{"bytes": base64}` and `{"time": ISO 8601}`. */
const written = (value: unknown): unknown => {
  if (Buffer.isBuffer(value)) return { bytes: value.toString('base64') };
  if (value instanceof Date) return { time: value.toISOString() };
  // A JSON column that the driver has read.
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
};

const read = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if ('bytes' in value) return Buffer.from(String(value.bytes), 'base64');
  return 'time' in value ? new Date(String(value.time)) : value;
};

const mapped = (rows: LeadRows, change: (value: unknown) => unknown): LeadRows =>
  Object.fromEntries(
    Object.entries(rows).map(([table, own]) => [
      table,
      own.map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, change(value)])),
      ),
    ]),
  );

export interface LongPersons {
  readonly path: string;
  readonly recipient: string;
  readonly database: Database;
  readonly secrets: Pick<LeadSecrets, 'read'>;
  /** Leads that came later are left out: the rest of the copy does not know them. */
  readonly upTo: number;
}

/** Writes a line for each lead that has a secret. Returns their number too. */
export async function writePersons({
  path,
  recipient,
  database,
  secrets,
  upTo,
}: LongPersons): Promise<PackedFile & { readonly leads: number }> {
  let leads = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const page of rowsOfEveryLead(database, upTo)) {
      const known = await secrets.read(database, [...page.keys()]);
      for (const [lead, rows] of page) {
        const secret = known.get(lead);
        if (secret === undefined) continue;
        const sealed = sealBytes(keyFor(secret), Buffer.from(JSON.stringify(mapped(rows, written))));
        leads += 1;
        yield `${JSON.stringify({ lead, sealed: sealed.toString('base64') })}\n`;
      }
    }
  }
  const file = await writePacked(path, recipient, Readable.from(lines(), { objectMode: false }));
  return { name: file.name, bytes: file.bytes, sha256: file.digest.toString('hex'), leads };
}

const linesAtOnce = 200;

/**
 * Inserts the leads whose secret is still there, and removes all that the copy has of the others.
 * @returns how many came back, and how many were forgotten
 */
export async function readPersons(
  database: Database,
  secrets: Pick<LeadSecrets, 'read'>,
  source: { readonly path: string; readonly identity: string },
): Promise<{ readonly back: number; readonly forgotten: number }> {
  const counts = { back: 0, forgotten: 0 };
  let page: { lead: number; sealed: string }[] = [];
  const take = async (): Promise<void> => {
    const { back, forgotten } = await opened(database, secrets, page);
    await database.transaction(async (tx) => {
      for (const table of namesOfTables) {
        const rows = back.flatMap((lead): readonly LongRow[] => lead[table] ?? []);
        await insertLongRows(tx, table, rows);
      }
      await dissolve(tx, forgotten);
    });
    counts.back += back.length;
    counts.forgotten += forgotten.length;
    page = [];
  };
  const input = await readPacked(source.path, source.identity);
  for await (const line of createInterface({ input })) {
    page.push(JSON.parse(line) as { lead: number; sealed: string });
    if (page.length === linesAtOnce) await take();
  }
  await take();
  return counts;
}

async function opened(
  database: Database,
  secrets: Pick<LeadSecrets, 'read'>,
  page: readonly { readonly lead: number; readonly sealed: string }[],
): Promise<{ readonly back: readonly LeadRows[]; readonly forgotten: readonly number[] }> {
  const known = await secrets.read(
    database,
    page.map(({ lead }) => lead),
  );
  const back: LeadRows[] = [];
  const forgotten: number[] = [];
  for (const { lead, sealed } of page) {
    const secret = known.get(lead);
    const plain = secret === undefined ? undefined : openBytes(keyFor(secret), Buffer.from(sealed, 'base64'));
    if (plain === undefined) forgotten.push(lead);
    else back.push(mapped(JSON.parse(plain.toString('utf8')) as LeadRows, read));
  }
  return { back, forgotten };
}
