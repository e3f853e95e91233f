// `npm run check -- sql`: prints what sql-lint finds in src/store as file:line:column, and fails if it is anything, or if two migrations
// have one number.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { lintSqlIn } from './sql-lint.ts';

const folder = join(import.meta.dirname, '..', '..', 'src', 'store');
const faults = existsSync(folder) ? lintSqlIn(folder) : [];
for (const { file, line, column, rule, remedy } of faults) {
  console.error(`${relative(process.cwd(), file)}:${line}:${column} ${rule}: ${remedy}`);
}
const migrations = join(folder, 'migrations');
const names = existsSync(migrations) ? readdirSync(migrations) : [];
const twins = [...Map.groupBy(names, (name) => name.slice(0, 3)).values()].filter((same) => same.length > 1);
for (const same of twins) console.error(`src/store/migrations: ${same.join(' and ')} have one number.`);
process.exitCode = faults.length + twins.length === 0 ? 0 : 1;
