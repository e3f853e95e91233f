// Installs the packages of package-lock.json when node_modules does not hold them.
// Invariant: two starts at once never install into one folder together, and a folder that already fits the
// lock file is left alone. npm's own record (node_modules/.package-lock.json, written last) says what is there,
// so an install cut short, an older lock or a package removed by hand all show.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {{ root: string, needs: 'all' | 'runtime' }} options */
export async function installPackages({ root, needs }) {
  if (isUpToDate(root, needs)) return;
  const release = await takeTurn(root);
  try {
    // Whoever held the turn before us has usually just done the work.
    if (isUpToDate(root, needs)) return;
    console.error('relais: installing packages (npm ci)...');
    await npmCi(root);
  } finally {
    release();
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

async function takeTurn(root) {
  const folder = join(root, '.relais');
  const path = join(folder, 'install.lock');
  mkdirSync(folder, { recursive: true });
  for (let told = false; ;) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw new Error(`cannot write ${path}: ${error.code}`);
    }
    const owner = readOwner(path);
    if (owner !== undefined && !isAlive(owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) console.error('relais: another start is installing the packages, waiting for it...');
    told = true;
    await sleep(200);
  }
}

// An empty file is a lock whose owner has not written its id yet: wait, do not break it.
function readOwner(path) {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? undefined : Number(text);
  } catch {
    return undefined;
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

/** @param {string} root */
async function npmCi(root) {
  const env = { ...process.env };
  // npm must not run on the Node inside the folder it is about to replace.
  env.PATH = (env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => !entry.endsWith(join('node_modules', '.bin')))
    .join(delimiter);
  // --include=dev: under NODE_ENV=production npm would silently leave out what the tests need.
  const args = ['ci', '--include=dev', '--include=optional', '--prefer-offline', '--no-audit', '--no-fund'];
  const { code, stderr } = await runNpm(args, root, env);
  if (code === 0) {
    if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) {
      throw new Error('npm ci ended well but left no node_modules/.package-lock.json. Use npm 9 or newer.');
    }
    return;
  }
  const lastLines = stderr.trim().split('\n').slice(-12).join('\n');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network/i.test(stderr)) {
    throw new Error(
      `the packages could not be installed because the npm registry did not answer.\n${lastLines}\n` +
        'What to do: check the network (or HTTPS_PROXY), or name a registry that this machine reaches ' +
        '(npm config set registry URL), then start again.',
    );
  }
  throw new Error(
    `the packages could not be installed: npm ci ended with code ${code} in ${root}.\n${lastLines}`,
  );
}

function runNpm(args, cwd, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
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
