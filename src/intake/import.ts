// Imports a file of leads, CSV or JSON Lines, as rows of lead_intake.
// Invariant: the whole file is read as its format before the first row is written; a bad row is never dropped, it is in the rejects file.
import { longColumns } from '../domain/lead-fields/columns.ts';
import type { IntakeValues } from '../store/intake/intake.ts';
import { checkedOf, intakeValues, ofClient, withShared } from './as-row.ts';
import { readCsv, type ImportRecord } from './import-csv.ts';
import type { ImportEncoding } from './import-encoding.ts';
import { readJsonLines } from './import-jsonl.ts';
import { createRejects } from './import-rejects.ts';
import { openSource, type ImportSource } from './import-source.ts';

export interface ImportOptions {
  readonly file: string;
  /** For a file without a client_id column; a row that names another client is rejected. */
  readonly clientId?: string;
  /** Inserts rows into lead_intake; the intake account's INSERT is enough. */
  readonly insert: (rows: readonly IntakeValues[]) => Promise<void>;
  readonly onProgress?: (progress: ImportResult) => void;
  readonly rejectsFile?: string;
  /** Detected from the file when absent. */
  readonly encoding?: ImportEncoding;
  /** Checks and writes rejects, inserts nothing. */
  readonly dryRun?: boolean;
  /** The database's clock, by which accepted rows are judged again: instants may not be far ahead of it. */
  readonly now: () => Date;
}

export interface ImportResult extends Pick<
  ImportSource,
  'format' | 'encoding' | 'encodingReason' | 'delimiter'
> {
  /** Records of the file. */
  readonly total: number;
  readonly read: number;
  /** Rows that follow the contract: inserted, or counted only by a dry run. */
  readonly inserted: number;
  readonly rejected: number;
  /** Rejected rows by their first code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Present when rows were rejected. Contains personal data; mode 0600. */
  readonly rejectsFile?: string;
}

/** Rows an INSERT statement carries. */
const together = 200;
/** Approximate bytes of one statement: below every server's `max_allowed_packet`. */
const togetherBytes = 262_144;

/**
 * Importing a file twice adds nothing twice: acceptance recognises a repeated row.
 * @throws IMPORT-001 with the line when the file cannot be read as its format; nothing is written then
 */
export async function importFile(options: ImportOptions): Promise<ImportResult> {
  const source = await openSource(options.file, options.encoding);
  let header: readonly string[] = [];
  const records = (): AsyncGenerator<ImportRecord> =>
    source.format === 'jsonl' ? readJsonLines(source) : readCsv(source, (names) => void (header = names));

  let total = 0;
  for await (const _ of records()) total += 1;

  const rejects = createRejects(source, () => header, options.rejectsFile);
  const codes: Record<string, number> = {};
  const { format, encoding, encodingReason, delimiter } = source;
  let read = 0;
  let inserted = 0;
  let rejected = 0;
  const progress = (): ImportResult => ({
    format,
    encoding,
    encodingReason,
    delimiter,
    total,
    read,
    inserted,
    rejected,
    codes: { ...codes },
  });
  let waiting: IntakeValues[] = [];
  let weight = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length > 0 && options.dryRun !== true) await options.insert(waiting);
    inserted += waiting.length;
    waiting = [];
    weight = 0;
    options.onProgress?.(progress());
  };
  let rejectsFile: string | undefined;
  try {
    options.onProgress?.(progress());
    for await (const record of records()) {
      read += 1;
      const values = withShared(record.values, ofClient(options.clientId));
      const checked = checkedOf(values, ofClient(options.clientId), options.now());
      if ('row' in checked) {
        const row = intakeValues(values);
        waiting.push(row);
        weight += weightOf(row);
      } else {
        rejected += 1;
        const code = checked.refusals[0]?.code ?? '';
        codes[code] = (codes[code] ?? 0) + 1;
        await rejects.write(record, checked.refusals);
      }
      if (waiting.length >= together || weight >= togetherBytes) await flush();
    }
    await flush();
  } finally {
    rejectsFile = await rejects.close();
  }
  return { ...progress(), ...(rejectsFile === undefined ? {} : { rejectsFile }) };
}

const weightOf = (row: IntakeValues): number =>
  [row.consents, row.interactions, ...longColumns.map((column) => row[column])].reduce<number>(
    (sum, value) => sum + 3 * String(value ?? '').length,
    1_000,
  );
