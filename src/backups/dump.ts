// Dumps one schema with the server's own program: a snapshot of all tables, rows as SQL, triggers last.
// Invariant: no lock on the tables; the rows counted are those written; no account of the server is named, so that any owner restores it.
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { create } from 'tar';
import { foreignCode, RelaisError } from '../errors.ts';
import { leftOutOfLong, namesOfTables } from '../store/backups/long-copies.ts';
import type { DumpedSchema, PackedFile } from './manifest.ts';
import { through, writePacked } from './packed.ts';
import { createRowCounter } from './rows-in-dump.ts';
import { startTool, type Login, type Running, type ServerTools } from './tools.ts';

/** One run of the program. */
export interface DumpPart {
  readonly parameters: readonly string[];
  /** Only these tables. */
  readonly only?: readonly string[];
}

export interface DumpOptions {
  readonly login: Login;
  readonly tools: ServerTools;
  readonly schema: string;
  /** Tables that the manifest names. */
  readonly tables: readonly string[];
  readonly parts: readonly DumpPart[];
  readonly path: string;
  readonly recipient: string;
  readonly onTable?: (table: string) => void;
}

const common = [
  '--single-transaction',
  '--quick',
  '--hex-blob',
  '--default-character-set=utf8mb4',
  '--skip-comments',
];
const ofMySql = ['--set-gtid-purged=OFF', '--no-tablespaces'];

/** @throws BACKUP-001 when the program is missing or fails, the disk's own error where it is full */
export async function dumpSchema(
  options: DumpOptions,
): Promise<DumpedSchema & { readonly packed: PackedFile }> {
  const { tables, parts, path, recipient } = options;
  const counter = createRowCounter(options.onTable);
  const running: Running[] = [];
  const begin = (part: DumpPart): Running => {
    const run = dumping(options, part);
    running.push(run);
    return run;
  };
  async function* text(): AsyncGenerator<Buffer> {
    for (const part of parts) {
      const data = begin(part);
      yield* outputOf(data);
      await data.ended;
    }
    yield await triggers(begin({ parameters: ['--no-data', '--no-create-info', '--triggers'] }));
  }
  try {
    const file = await writePacked(
      path,
      recipient,
      through(Readable.from(text(), { objectMode: false }), counter.stream),
    );
    const counted = counter.rows();
    return {
      file: file.name,
      rows: Object.fromEntries(tables.map((table) => [table, counted.get(table) ?? 0])),
      packed: { name: file.name, bytes: file.bytes, sha256: file.digest.toString('hex') },
    };
  } finally {
    for (const { process } of running) process.kill();
  }
}

function dumping({ login, tools, schema }: DumpOptions, { parameters, only = [] }: DumpPart): Running {
  const own = tools.dump === 'mysqldump' ? ofMySql : [];
  return startTool(tools.dump, [...common, ...own, ...parameters, schema, ...only], { login, tools });
}

const without = (schema: string, tables: readonly string[]): readonly string[] =>
  tables.map((table) => `--ignore-table=${schema}.${table}`);

/** All tables but these, whole. */
export const wholeParts = (schema: string, leftOut: readonly string[]): readonly DumpPart[] => [
  { parameters: ['--skip-triggers', ...without(schema, leftOut)] },
];

/** The structure of all tables; rows only of those that hold no person. */
export const longParts = (schema: string, leftOut: readonly string[]): readonly DumpPart[] => [
  { parameters: ['--skip-triggers', '--no-data', ...without(schema, ['restores'])] },
  {
    parameters: [
      '--skip-triggers',
      '--no-create-info',
      ...without(schema, [...leftOut, ...leftOutOfLong, ...namesOfTables, filesTable]),
    ],
  },
  // A file that is not sent yet has its bytes under a key that outlives the person.
  { parameters: ['--skip-triggers', '--no-create-info', '--where=content IS NULL'], only: [filesTable] },
];
const filesTable = 'batches';

const outputOf = (run: Running): AsyncIterable<Buffer> => {
  if (run.process.stdout === null)
    throw new RelaisError('INTERNAL-001', 'A program was started without output.');
  return run.process.stdout as AsyncIterable<Buffer>;
};

/** Without the account that made them: only a server's administrator may create a trigger for another account. */
async function triggers(run: Running): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of outputOf(run)) parts.push(part);
  await run.ended;
  const text = Buffer.concat(parts).toString('utf8');
  return Buffer.from(
    text
      .replaceAll(/\/\*!\d+ DEFINER=`[^`]*`@`[^`]*`\s*\*\/ ?|DEFINER=`[^`]*`@`[^`]*` ?/g, '')
      // MySQL keeps the semicolon of a trigger that was created among other statements, and does not read it back.
      .replaceAll(/;\s*\*\/;;$/gm, ' */;;'),
  );
}

/** A folder as a tar, compressed and encrypted. @throws BACKUP-001 where a part of it cannot be read */
export async function packFolder(folder: string, path: string, recipient: string): Promise<PackedFile> {
  const file = await writePacked(path, recipient, Readable.from(tarOf(folder), { objectMode: false }));
  return { name: file.name, bytes: file.bytes, sha256: file.digest.toString('hex') };
}

async function* tarOf(folder: string): AsyncGenerator<Uint8Array> {
  try {
    // Strict: what cannot be read ends the backup, and is not left out of it.
    yield* create({ cwd: folder, strict: true }, ['.']);
  } catch (error) {
    const { path = '.' } = error as NodeJS.ErrnoException;
    throw new RelaisError('BACKUP-001', `${resolve(folder, path)} cannot be packed (${foreignCode(error)}).`);
  }
}
