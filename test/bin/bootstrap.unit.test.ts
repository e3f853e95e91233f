// The entry scripts before anything is installed: real processes, a copied bin/ and an invented npm.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const bin = join(import.meta.dirname, '..', '..', 'bin');
const wanted = {
  '': { name: 'planted' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', dev: true },
  'node_modules/c': { version: '3.0.0', integrity: 'sha512-c', optional: true },
};
const { '': _root, 'node_modules/c': _optional, ...complete } = wanted;
const { 'node_modules/b': _development, ...production } = complete;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-bin-'));
  cpSync(bin, join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
});

/** A program whose parent was killed; 0: none. */
let handedOver = 0;

afterEach(() => {
  if (handedOver !== 0 && existsSync(`/proc/${handedOver}`)) process.kill(handedOver, 'SIGKILL');
  handedOver = 0;
  rmSync(folder, { recursive: true, force: true });
});

const install = (packages: object): void => {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
};

/** An npm that notes how it was called, takes a moment, and then does what it is told. */
function inventNpm(then: string): void {
  mkdirSync(join(folder, 'programs'), { recursive: true });
  writeFileSync(join(folder, 'complete.json'), JSON.stringify({ packages: complete }));
  const path = join(folder, 'programs', 'npm');
  writeFileSync(path, `#!/bin/sh\necho "$@" >> calls\nsleep 0.3\n${then}\n`);
  chmodSync(path, 0o755);
}

const SUCCEED = 'mkdir -p node_modules && cp complete.json node_modules/.package-lock.json';
const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

async function start(
  code: string,
  signal?: NodeJS.Signals,
  heard: (err: string) => void = () => undefined,
): Promise<Ended> {
  const env = { ...process.env, PATH: `${join(folder, 'programs')}${delimiter}${process.env['PATH'] ?? ''}` };
  const text = `import { bootstrap, run } from ${JSON.stringify(join(folder, 'bin', 'bootstrap.mjs'))};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], { cwd: folder, env });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part;
    // Once: a second one would end the parent while it hands on the exit code.
    if (signal !== undefined && part.includes('ready')) child.kill(signal);
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part;
    heard(err);
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { code: exitCode, out, err };
}

const BOOT = "await bootstrap({ needs: 'all' }); console.log('on', process.versions.node);";
const BOOT_RUNTIME = "await bootstrap({ needs: 'runtime' }); console.log('on', process.versions.node);";

test('a bare clone gets its packages, development ones included, and is told so', async () => {
  inventNpm(SUCCEED);
  const { code, out, err } = await start(BOOT);
  expect(err).toContain('installing packages');
  expect(out).toContain('on 2');
  expect(code).toBe(0);
  expect(calls()).toEqual([expect.stringMatching(/^ci .*--include=dev/)]);
});

test('packages that fit the lock file are left alone, optional ones of other machines aside', async () => {
  inventNpm('exit 1');
  install(complete);
  expect(await start(BOOT)).toMatchObject({ code: 0, err: '' });
});

test.each([
  ['an older version', { ...complete, 'node_modules/a': { version: '0.9.0', integrity: 'sha512-x' } }],
  ['a missing package', production],
])('%s is noticed', async (_what, packages) => {
  inventNpm(SUCCEED);
  install(packages);
  await start(BOOT);
  expect(calls()).toHaveLength(1);
});

test('a production install is complete without the development packages', async () => {
  inventNpm('exit 1');
  install(production);
  expect(await start(BOOT_RUNTIME)).toMatchObject({ code: 0, err: '' });
});

test('two starts at once install once', async () => {
  inventNpm(SUCCEED);
  const both = await Promise.all([start(BOOT), start(BOOT)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(calls()).toHaveLength(1);
});

test('the lock of a start that was killed does not stop the next one', async () => {
  inventNpm(SUCCEED);
  mkdirSync(join(folder, '.relais'));
  // The highest process id Linux can give is 2^22.
  writeFileSync(join(folder, '.relais', 'install.lock'), '4194305 4194306');
  expect(await start(BOOT)).toMatchObject({ code: 0 });
  expect(calls()).toHaveLength(1);
});

test('an npm that goes on after its start was killed is waited for', async () => {
  inventNpm(SUCCEED);
  const go = join(folder, 'go');
  const orphan = spawn('sh', ['-c', `until [ -e '${go}' ]; do sleep 0.1; done; ${SUCCEED}`], { cwd: folder });
  mkdirSync(join(folder, '.relais'));
  writeFileSync(join(folder, '.relais', 'install.lock'), `4194305 ${orphan.pid}`);
  const { err } = await start(BOOT, undefined, (said) => {
    if (said.includes('waiting for it')) writeFileSync(go, '');
  });
  expect(err).toContain('waiting for it');
  expect(err).not.toContain('npm ci');
});

test('a registry that does not answer is named as the cause, with what to do', async () => {
  inventNpm('echo "npm error code ECONNREFUSED" >&2; echo "npm error     at stack (x.js:1)" >&2; exit 1');
  const { code, err } = await start(BOOT);
  expect(code).toBe(1);
  expect(err).toMatch(/registry did not answer\.\nnpm error code ECONNREFUSED\nCheck the network/);
});

test('any other failure of npm is shown as it is', async () => {
  inventNpm('echo "npm error code EUSAGE" >&2; exit 1');
  expect((await start(BOOT)).err).toMatch(/npm ci ended with code 1 in .*\nnpm error code EUSAGE/);
});

const inside = (code: string): string =>
  `process.exitCode = await run(process.execPath, ['--eval', ${JSON.stringify(code)}]);`;

test('the exit code of the program handed over to is ours', async () => {
  expect(await start(inside('process.exit(7)'))).toMatchObject({ code: 7 });
  expect(await start(inside("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({ code: 137 });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s reaches the program handed over to',
  async (signal) => {
    const program = `process.on('${signal}', () => { console.log('heard'); process.exit(5); });
    setInterval(() => {}, 1000); console.log('ready');`;
    expect(await start(inside(program), signal)).toMatchObject({ code: 5, out: 'ready\nheard\n' });
  },
);

/** A script that `bootstrap` hands over as an older Node would, to this Node in the place of the pinned one. */
async function startAsOlder(
  code: string,
  heard: (out: string, parent: ChildProcess) => void,
): Promise<Ended> {
  inventNpm('exit 1');
  install(complete);
  const programs = join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin');
  mkdirSync(programs, { recursive: true });
  symlinkSync(process.execPath, join(programs, 'node'));
  const script = join(folder, 'script.mjs');
  writeFileSync(
    script,
    `import { bootstrap } from './bin/bootstrap.mjs';
     const first = process.env.HANDED_OVER === undefined;
     process.env.HANDED_OVER = 'yes';
     if (first) Object.defineProperty(process.versions, 'node', { value: '20.19.0' });
     await bootstrap({ needs: 'all' });\n${code}`,
  );
  const parent = spawn(process.execPath, [script], { cwd: folder });
  let [out, err] = ['', ''];
  parent.stdout.setEncoding('utf8').on('data', (part: string) => heard((out += part), parent));
  parent.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));
  // Only when both have closed their output: the parent's end alone is not enough.
  const [exitCode] = (await once(parent, 'close')) as [number | null];
  return { code: exitCode, out, err };
}

test('a program whose parent is killed stops as on SIGTERM', async () => {
  const waits = `process.on('SIGTERM', () => { console.log('stopping'); process.exit(0); });
    setInterval(() => {}, 1000); console.log('ready', process.pid);`;
  const { code, out, err } = await startAsOlder(waits, (text, parent) => {
    handedOver = Number(/ready (\d+)/.exec(text)?.[1] ?? 0);
    if (handedOver !== 0) parent.kill('SIGKILL');
  });
  expect({ code, out, err }).toEqual({ code: null, out: `ready ${handedOver}\nstopping\n`, err: '' });
});

test('a short program handed over to ends by itself, with its code, and gives the channel to no child', async () => {
  const asks = `import { execFileSync } from 'node:child_process';
    console.log(execFileSync('sh', ['-c', 'echo "fd:$NODE_CHANNEL_FD"; ls /proc/self/fd | wc -l'], { encoding: 'utf8' }));
    process.exitCode = 9;`;
  const { code, out } = await startAsOlder(asks, () => undefined);
  const alone = await start(asks.replace('process.exitCode = 9;', ''));
  expect({ code, out }).toEqual({ code: 9, out: alone.out });
  expect(out).toMatch(/^fd:\n\d+/);
});

test('a program that cannot be started is said so', async () => {
  const { code, err } = await start("process.exitCode = await run('/nowhere/node', []);");
  expect(code).toBe(127);
  expect(err).toContain('/nowhere/node could not be started');
});
