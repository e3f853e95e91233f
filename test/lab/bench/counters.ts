// What a stretch of work costs, by the counters of the database server and by the kernel's account of each process.
import type { Sql } from '../../../src/store/database.ts';

/** Sums since the server started, and CPU seconds of the processes. */
export interface Counted {
  readonly statements: number;
  readonly selects: number;
  readonly prepares: number;
  readonly fsyncs: number;
  readonly sentBytes: number;
  /** Waits for a row lock, and milliseconds spent in them. */
  readonly lockWaits: number;
  readonly lockMs: number;
  /** CPU seconds of the gateway. */
  readonly gateway: number;
  /** CPU seconds of the database server. */
  readonly database: number;
}

const names = {
  statements: 'Questions',
  selects: 'Com_select',
  prepares: 'Com_stmt_prepare',
  fsyncs: 'Innodb_data_fsyncs',
  sentBytes: 'Bytes_sent',
  lockWaits: 'Innodb_row_lock_waits',
  lockMs: 'Innodb_row_lock_time',
} as const;

type Name = keyof typeof names;

/** @param sql an account that reads the server's status */
export async function serverCounters(sql: Sql): Promise<Record<Name, number>> {
  const rows = await sql.all<{ name: string; value: string }>(
    `SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM ${await statusTable(sql)}
      WHERE VARIABLE_NAME IN (${Object.values(names)
        .map(() => '?')
        .join(', ')})`,
    Object.values(names),
  );
  const valueOf = (wanted: string): number =>
    Number(rows.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())?.value ?? Number.NaN);
  return Object.fromEntries(Object.entries(names).map(([key, wanted]) => [key, valueOf(wanted)])) as Record<
    Name,
    number
  >;
}

async function statusTable(sql: Sql): Promise<string> {
  const [row] = await sql.all<{ version: string }>('SELECT VERSION() AS version');
  return row?.version.includes('MariaDB') === true
    ? 'information_schema.GLOBAL_STATUS'
    : 'performance_schema.global_status';
}

/** `after` less `before`, divided by `count`; less what `rest` says of the same time at rest. */
export function each(
  before: Counted,
  after: Counted,
  count: number,
  rest?: { readonly perSecond: Counted; readonly seconds: number },
): Counted {
  const keys = Object.keys(before) as readonly (keyof Counted)[];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      (after[key] - before[key] - (rest === undefined ? 0 : rest.perSecond[key] * rest.seconds)) / count,
    ]),
  ) as unknown as Counted;
}

export const showCounted = (one: Counted): string =>
  [
    `${one.statements.toFixed(1)} statements (${one.selects.toFixed(1)} SELECT)`,
    `${one.prepares.toFixed(2)} prepares`,
    `${one.fsyncs.toFixed(2)} fsyncs`,
    `${(one.sentBytes / 1_000).toFixed(1)} kB sent`,
    `${one.lockWaits.toFixed(3)} lock waits (${one.lockMs.toFixed(2)} ms)`,
    `${(1_000 * (one.gateway + one.database)).toFixed(1)} ms of processor (gateway ${(1_000 * one.gateway).toFixed(1)}, database ${(1_000 * one.database).toFixed(1)})`,
  ].join('   ');

const normal = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/'(?:[^'\\]|\\.|'')*'/g, '?')
    .replaceAll(/\b\d+(?:\.\d+)?\b/g, '?')
    .replaceAll(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?..)')
    .replaceAll(/(?:\(\?\.\.\)|\(\?\))(?:\s*,\s*(?:\(\?\.\.\)|\(\?\)))+/g, '(?..)..')
    .slice(0, 150);

/** Every statement while `work` runs, grouped by its text, most frequent first. The server writes each of them: nothing else is measured meanwhile. */
export async function statementsOf(
  owner: Sql & { readonly text: (sql: string) => Promise<unknown> },
  work: () => Promise<void>,
): Promise<readonly (readonly [text: string, count: number])[]> {
  await owner.text("SET GLOBAL log_output = 'TABLE'");
  await owner.text('TRUNCATE TABLE mysql.general_log');
  await owner.text('SET GLOBAL general_log = 1');
  await work();
  await owner.text('SET GLOBAL general_log = 0');
  const rows = await owner.all<{ kind: string; text: Buffer | string }>(
    "SELECT command_type AS kind, argument AS text FROM mysql.general_log WHERE command_type IN ('Query', 'Execute')",
  );
  const counts = new Map<string, number>();
  for (const { text } of rows) {
    const one = normal(text.toString());
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a);
}
