// Clients made by published generators from the document that the server gives out: they compile, and each hands in a lead.
// Their packages come from npm into .relais/clients, once.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openRig, type Rig } from '../../api/rig.ts';

const run = promisify(execFile);
const folder = join(import.meta.dirname, '../../../.relais/clients');
const packages = { '@hey-api/openapi-ts': '0.99.0', orval: '8.38.0', typescript: '5.9.3' };
const lead = (reference: string): string =>
  `{ items: [{ client_id: 'essai', reference: '${reference}', channel: 'web_form', collected_at: new Date().toISOString(), email: 'a.martin@courriel.example' }] }`;

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
  mkdirSync(folder, { recursive: true });
  const { text } = await rig.ask(undefined, 'GET', '/v1/openapi.json');
  writeFileSync(join(folder, 'openapi.json'), text);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }));
  await run('npm', ['install', '--silent', '--no-package-lock'], { cwd: folder });
}, 300_000);
afterAll(() => rig.close());

test.each([
  [
    '@hey-api/openapi-ts',
    'E-80',
    ['openapi-ts', '-i', 'openapi.json', '-o', 'hey'],
    `import { client } from './hey/client.gen';
import { postLeads } from './hey/sdk.gen';
client.setConfig({ baseUrl: '<url>', auth: () => '<key>' });
void postLeads({ body: <lead> }).then(({ data, error }) => console.log(JSON.stringify(error ?? data?.items[0])));`,
  ],
  [
    'orval',
    'E-81',
    ['orval', '--input', 'openapi.json', '--output', 'orval.ts', '--client', 'fetch'],
    `import { postLeads } from './orval';
const plain = fetch;
globalThis.fetch = (path, asked) => plain('<url>' + String(path), asked);
void postLeads(<lead>, { headers: { authorization: 'Bearer <key>' } }).then(({ data }) =>
  console.log(JSON.stringify('items' in data ? data.items[0] : data)),
);`,
  ],
])(
  'a client made by %s compiles and posts a lead',
  async (_generator, reference, [program = '', ...words], text) => {
    const key = await rig.keyWith({ scopes: ['lead.post'] });
    const inFolder = (name: string, args: readonly string[]): Promise<{ readonly stdout: string }> =>
      run(process.execPath, [join(folder, 'node_modules', name), ...args], { cwd: folder }).catch(
        (error: { stdout: string }) => {
          throw new Error(`${name}: ${error.stdout}`);
        },
      );
    await inFolder(`.bin/${program}`, words);
    const file = `post-${program}.ts`;
    writeFileSync(
      join(folder, file),
      text
        .replace('<url>', `http://127.0.0.1:${rig.api.port}`)
        .replace('<key>', key)
        .replace('<lead>', lead(reference)),
    );
    await inFolder('typescript/bin/tsc', [
      ...['--strict', '--skipLibCheck', '--lib', 'esnext,dom,dom.iterable', '--target', 'es2022'],
      ...['--module', 'commonjs', '--moduleResolution', 'node10', '--outDir', 'compiled', file],
    ]);
    const { stdout } = await inFolder(`../compiled/${file.replace(/ts$/, 'js')}`, []);
    expect(JSON.parse(stdout.toString())).toMatchObject({ state: 'accepted' });
  },
  120_000,
);
