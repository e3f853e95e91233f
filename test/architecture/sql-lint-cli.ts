// `npm run check -- sql`: prints what sql-lint finds in src/store as file:line:column, and fails if it is anything.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { lintSqlIn } from './sql-lint.ts';

const folder = join(import.meta.dirname, '..', '..', 'src', 'store');
const faults = existsSync(folder) ? lintSqlIn(folder) : [];
for (const { file, line, column, rule, remedy } of faults) {
  console.error(`${relative(process.cwd(), file)}:${line}:${column} ${rule}: ${remedy}`);
}
process.exitCode = faults.length === 0 ? 0 : 1;
