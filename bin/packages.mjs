// Installs the packages of package-lock.json when node_modules does not hold them.
// Invariant: two starts at once never install into one folder together, and a folder that already fits the
// lock file is left alone. npm's own record (node_modules/.package-lock.json, written last) says what is there,
// so an install cut short, an older lock or a package removed by hand all show.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {{ root: string, needs: 'all' | 'runtime' }} options */
export async function installPackages({ root, needs }) {
  if (isUpToDate(root, needs)) return;
  const turn = await takeTurn(root);
  try {
    // Whoever held the turn before us has usually just done the work.
    if (isUpToDate(root, needs)) return;
    console.error('relais: installing packages (npm ci)...');
    await npmCi(root, turn.alsoHeldBy);
  } finally {
    turn.release();
  }
}

/**
 * @param {string} root
 * @param {'all' | 'runtime'} needs
 */
export function isUpToDate(root, needs) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  if (wanted === undefined)
    throw new Error(`package-lock.json is missing or unreadable in ${root}. Restore it with git.`);
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (present === undefined) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === '' || entry.optional === true) return true;
    if (needs === 'runtime' && (entry.dev === true || entry.devOptional === true)) return true;
    const found = present[place];
    return found !== undefined && found.version === entry.version && found.integrity === entry.integrity;
  });
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

// The lock names the processes that may be writing: us, and npm, which goes on when we alone are killed.
async function takeTurn(root) {
  const folder = join(root, '.relais');
  const path = join(folder, 'install.lock');
  mkdirSync(folder, { recursive: true });
  for (let told = false; ;) {
    try {
      writeFileSync(path, `${process.pid}`, { flag: 'wx' });
      return {
        alsoHeldBy: (pid) => writeFileSync(path, `${process.pid} ${pid}`),
        release: () => rmSync(path, { force: true }),
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw new Error(`cannot write ${path}: ${error.code}`);
    }
    const text = readLock(path);
    if (text !== '' && !text.split(' ').map(Number).some(isAlive)) {
      removeDeadLock(path, text);
      continue;
    }
    if (!told) console.error('relais: another start is installing the packages, waiting for it...');
    told = true;
    await sleep(200);
  }
}

// Moved aside first: of two starts that find the same dead lock, the slower one must not remove the faster one's.
function removeDeadLock(path, deadText) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readLock(aside) === deadText) rmSync(aside, { force: true });
    else renameSync(aside, path);
  } catch {
    // another start was faster
  }
}

// Empty: just gone, or its owner has not written its id yet. Either way the next look tells.
function readLock(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * @param {string} root
 * @param {(pid: number) => void} started
 */
async function npmCi(root, started) {
  const env = { ...process.env };
  // npm must not run on the Node inside the folder it is about to replace.
  env.PATH = (env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => !entry.endsWith(join('node_modules', '.bin')))
    .join(delimiter);
  const args = [
    'ci',
    // Under NODE_ENV=production npm would silently leave out what the tests need.
    ...['--include=dev', '--include=optional', '--prefer-offline', '--no-audit', '--no-fund'],
    // With npm's own patience a dead registry is a minute of silence.
    ...['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=10000'],
  ];
  const { code, stderr } = await runNpm(args, root, env, started);
  if (code === 0) {
    if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) {
      throw new Error('npm ci ended well but left no node_modules/.package-lock.json. Use npm 9 or newer.');
    }
    return;
  }
  const said = stderr
    .split('\n')
    .filter((line) => /^npm (error|ERR!)(?!\s+at )/.test(line))
    .slice(0, 8)
    .join('\n');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network/i.test(stderr)) {
    throw new Error(
      `the packages could not be installed because the npm registry did not answer.\n${said}\n` +
        'Check the network (or HTTPS_PROXY), or name a registry that this machine reaches ' +
        '(npm config set registry URL), then start again.',
    );
  }
  throw new Error(`the packages could not be installed: npm ci ended with code ${code} in ${root}.\n${said}`);
}

function runNpm(args, cwd, env, started) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (child.pid !== undefined) started(child.pid);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', () => {
      reject(
        new Error(
          'npm was not found. Install Node 20 or newer with npm (https://nodejs.org), then start again.',
        ),
      );
    });
    child.once('close', (code) => resolve({ code: code ?? 1, stderr }));
  });
}
