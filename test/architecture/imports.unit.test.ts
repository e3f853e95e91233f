// Who may import whom, proved on planted faults in all four import forms; then the real tree must be clean.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, lint, plant, root } from './planted-tree.ts';
import type { PlantedTree } from './planted-tree.ts';

const manifest = (name: string): string => JSON.stringify({ name, version: '1.0.0', main: 'index.js' });
const packages = ['mysql2', 'bullmq', 'ioredis', 'undeclared', 'forgotten'].flatMap(
  (name): [string, string][] => [
    [`node_modules/${name}/package.json`, manifest(name)],
    [`node_modules/${name}/index.js`, 'exports.x = 1;'],
  ],
);

let tree: PlantedTree;
let faults: readonly string[];

beforeAll(() => {
  tree = plant({
    ...Object.fromEntries(packages),
    'package.json': JSON.stringify({
      name: 'planted',
      dependencies: { mysql2: '1', bullmq: '1', ioredis: '1' },
      devDependencies: { forgotten: '1' },
    }),
    'connectors/contract.ts': 'export type Parcel = number; export const define = 1;',
    'connectors/guard.ts': "export type { Parcel } from './contract.ts';",
    'connectors/index.ts': "export { webhook } from './webhook/index.ts';",
    'connectors/webhook/index.ts': "import { define } from '../contract.ts'; export const webhook = define;",
    'connectors/email/index.ts': "export type { webhook } from '../webhook/index.ts';",
    'connectors/email/reach.ts': "export { lead } from '../../src/domain/lead.ts';",
    'src/errors.ts': 'export const error = 1; export type Fault = number;',
    'src/app.ts': "export { queue } from './queue/jobs.ts'; export { Redis } from 'ioredis';",
    'src/main.ts': "export { rows } from './store/rows.ts';",
    'src/shared.ts': "export { error } from './errors.ts';",
    'src/domain/lead.ts': 'export type Lead = number; export const lead = 1;',
    'src/domain/value.ts': "import { rows } from '../store/rows.ts'; export const a = rows;",
    'src/domain/type.ts': "import type { Rows } from '../store/rows.ts'; export type A = Rows;",
    'src/domain/inline-type.ts': "import { type Rows } from '../store/rows.ts'; export type A = Rows;",
    'src/domain/reexport.ts': "export { rows } from '../store/rows.ts';",
    'src/domain/reexport-all.ts': "export * from '../store/rows.ts';",
    'src/domain/reexport-type.ts': "export type { Rows } from '../store/rows.ts';",
    'src/domain/reexport-all-types.ts': "export type * from '../store/rows.ts';",
    'src/domain/query.ts': "export type A = import('../store/rows.ts').Rows;",
    'src/domain/typeof-query.ts': "export type A = typeof import('../store/rows.ts');",
    'src/domain/dynamic.ts': "export const a = await import('../store/rows.ts');",
    'src/domain/side-effect.ts': "import '../store/rows.ts';",
    'src/domain/disk.ts': "import { readFileSync } from 'node:fs'; export const a = readFileSync;",
    'src/mapping/document/files.ts':
      "import { readFile } from 'node:fs/promises'; export const a = readFile;",
    'src/mapping/fetch.ts':
      "import { connect } from 'node:net'; import { Worker } from 'node:worker_threads'; export const a = [connect, Worker];",
    'src/store/rows.ts': "import { x } from 'mysql2'; export const rows = x; export type Rows = number;",
    'src/store/up.ts': "import type { Job } from '../queue/jobs.ts'; export type A = Job;",
    'src/queue/jobs.ts': "import { x } from 'bullmq'; export const queue = x; export type Job = number;",
    'src/delivery/sql.ts':
      "export { x } from 'mysql2'; export { x as y } from 'bullmq'; export { x as z } from 'ioredis';",
    'src/delivery/one.ts': "import type { Two } from './two.ts'; export type One = Two;",
    'src/delivery/two.ts': "import type { One } from './one.ts'; export type Two = One;",
    'src/privacy/reach.ts':
      "export type { One } from '../delivery/one.ts'; export type { Job } from '../queue/jobs.ts';",
    'sandbox/reach.ts': "export { rows } from '../src/store/rows.ts';",
    'src/monitoring/fine.ts':
      "export { rows } from '../store/rows.ts'; export { error } from '../errors.ts';",
    'src/cli/reach.ts': "export { rows } from '../main.ts'; export { error } from '../monitoring/fine.ts';",
    'src/cli/tables.ts':
      "export type { Rows } from '../store/rows.ts'; export type { One } from '../delivery/one.ts';",
    'src/console/tables.ts': "export type { Rows } from '../store/rows.ts';",
    'src/api/tables.ts': "export type { Rows } from '../store/rows.ts';",
    'src/intake/packages.ts':
      "export { x } from 'undeclared'; export { y } from 'nowhere'; export { z } from 'forgotten';",
  });
  faults = cruise(tree.folder).faults;
});

afterAll(() => tree.remove());

test.each([
  ['value import', 'value'],
  ['type import', 'type'],
  ['inline type import', 'inline-type'],
  ['re-export', 'reexport'],
  ['re-export of everything', 'reexport-all'],
  ['type re-export', 'reexport-type'],
  ['type re-export of everything', 'reexport-all-types'],
  ['dynamic import', 'dynamic'],
  ['import for its side effects', 'side-effect'],
])('a forbidden %s is reported', (_form, file) => {
  expect(faults).toContain(`domain-imports: src/domain/${file}.ts -> src/store/rows.ts`);
});

test("import('...').T is reported wherever it stands, because dependency-cruiser cannot see it", () => {
  const found = lint(tree.folder).filter((fault) => fault.includes('consistent-type-imports'));
  expect(found.sort()).toEqual([
    'typescript(consistent-type-imports): src/domain/query.ts',
    'typescript(consistent-type-imports): src/domain/typeof-query.ts',
  ]);
});

test.each([
  'connector-imports: connectors/email/index.ts -> connectors/webhook/index.ts',
  'connector-imports: connectors/email/reach.ts -> src/domain/lead.ts',
  'guard-imports: connectors/guard.ts -> connectors/contract.ts',
  'main-imports: src/main.ts -> src/store/rows.ts',
  'store-imports: src/store/up.ts -> src/queue/jobs.ts',
  'privacy-imports: src/privacy/reach.ts -> src/delivery/one.ts',
  'privacy-imports: src/privacy/reach.ts -> src/queue/jobs.ts',
  'sandbox-imports: sandbox/reach.ts -> src/store/rows.ts',
  'cli-imports: src/cli/reach.ts -> src/main.ts',
  'cli-imports: src/cli/reach.ts -> src/monitoring/fine.ts',
  'cli-imports: src/cli/tables.ts -> src/store/rows.ts',
  'cli-imports: src/cli/tables.ts -> src/delivery/one.ts',
  'console-imports: src/console/tables.ts -> src/store/rows.ts',
  'api-imports: src/api/tables.ts -> src/store/rows.ts',
  'outside-the-table: src/shared.ts -> src/errors.ts',
  'no-cycles: src/delivery/one.ts -> src/delivery/two.ts',
  'mysql2-in-store: src/delivery/sql.ts -> node_modules/mysql2/index.js',
  'bullmq-in-queue: src/delivery/sql.ts -> node_modules/bullmq/index.js',
  'ioredis-in-queue-and-app: src/delivery/sql.ts -> node_modules/ioredis/index.js',
  'pure-zones: src/domain/disk.ts -> fs',
  'pure-zones-no-network: src/mapping/fetch.ts -> net',
  'one-thread-of-mapping: src/mapping/fetch.ts -> worker_threads',
  'unresolvable: src/intake/packages.ts -> nowhere',
  'undeclared-package: src/intake/packages.ts -> node_modules/undeclared/index.js',
  'no-dev-packages-in-production: src/intake/packages.ts -> node_modules/forgotten/index.js',
])('%s', (fault) => {
  expect(faults).toContain(fault);
});

test('what the table allows is left alone', () => {
  const allowed = [
    'connectors/index',
    'connectors/webhook/index',
    'src/app',
    'src/mapping/document/files',
    'src/store/rows',
  ];
  const innocent = [...allowed, 'src/queue/jobs', 'src/monitoring/fine'].map((file) => `: ${file}.ts -> `);
  expect(faults.filter((fault) => innocent.some((from) => fault.includes(from)))).toEqual([]);
});

test('the real tree keeps to the table', () => {
  const real = cruise(root);
  expect(real.faults).toEqual([]);
  expect(real.files).toBeGreaterThan(5);
});

// dependency-cruiser's swc parser does not tell types from values, so this one is read from the text.
const CONTRACT_VALUES =
  /\b(?:import|export)\s+(?!type\b)(?:[\w*{}\s,$]+?\s+from\s+)?['"][^'"]*\/connectors\/contract\.ts['"]/;

test('domain, mapping, store and privacy take only types from the contract', () => {
  expect("import { define } from '../../connectors/contract.ts';").toMatch(CONTRACT_VALUES);
  expect("import { type Parcel } from '../../connectors/contract.ts';").toMatch(CONTRACT_VALUES);
  expect("import type { Parcel } from '../../connectors/contract.ts';").not.toMatch(CONTRACT_VALUES);
  expect("export type {\n Parcel } from '../../connectors/contract.ts';").not.toMatch(CONTRACT_VALUES);
  const takers = ['domain', 'mapping', 'store', 'privacy'].flatMap((zone) => {
    const folder = join(root, 'src', zone);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  });
  expect(takers.filter((file) => CONTRACT_VALUES.test(readFileSync(file, 'utf8')))).toEqual([]);
});
