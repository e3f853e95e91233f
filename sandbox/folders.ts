// Makes a folder for each run of private services, and removes those of dead runs.
// Invariant: the folder of a living owner is never touched, and no process is ended whose working folder is not inside a folder of ours.
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RelaisError } from '../src/errors.ts';

const OWNER_FILE = 'owner.json';
// The kernel cuts socket paths at 107 bytes; some are appended to ours (.lock).
const SOCKET_PATH_LIMIT = 95;

type Owner = {
  readonly pid: number;
  readonly started: string;
  readonly keep: boolean;
  readonly socketFolder?: string;
};

export type RunFolder = {
  readonly path: string;
  /** short enough for the kernel, wherever the checkout is */
  readonly socket: string;
  readonly release: () => void;
};

/** Takes `path` for this process: removes the remains of dead runs beside it, then writes our process id into it. */
export async function takeFolder(
  path: string,
  options: { readonly keep: boolean; readonly log: (line: string) => void },
): Promise<RunFolder> {
  mkdirSync(dirname(path), { recursive: true });
  await removeLeftovers(dirname(path), options.log);
  const real = join(realpathSync(dirname(path)), basename(path));
  const direct = join(real, 'm.sock');
  const socketFolder =
    Buffer.byteLength(direct) > SOCKET_PATH_LIMIT ? mkdtempSync(join(tmpdir(), 'relais-')) : undefined;
  const owner: Owner = {
    pid: process.pid,
    started: startOf(process.pid),
    keep: options.keep,
    ...(socketFolder === undefined ? {} : { socketFolder }),
  };
  writeOwner(real, owner);
  const release = (): void => {
    if (socketFolder !== undefined) rmSync(socketFolder, { recursive: true, force: true });
    if (options.keep) rmSync(join(real, OWNER_FILE), { force: true });
    else rmSync(real, { recursive: true, force: true, maxRetries: 5 });
  };
  return { path: real, socket: socketFolder === undefined ? direct : join(socketFolder, 'm.sock'), release };
}

// Folder and owner appear together, by a rename: a folder without its owner would look in use for ever.
function writeOwner(path: string, owner: Owner): void {
  const text = JSON.stringify(owner);
  const prepared = join(dirname(path), `.new-${randomBytes(6).toString('hex')}`);
  mkdirSync(prepared, { mode: 0o700 });
  writeFileSync(join(prepared, OWNER_FILE), text);
  try {
    renameSync(prepared, path);
    return;
  } catch {
    rmSync(prepared, { recursive: true, force: true });
  }
  const present = readOwner(path);
  if (present !== undefined) {
    throw new RelaisError(
      'SERVICE-001',
      `${path} is in use by the running process ${present.pid}. End that one first, or start with another folder.`,
    );
  }
  // Data kept on purpose by an earlier run. `wx`: of two starts at once, one gets it.
  try {
    writeFileSync(join(path, OWNER_FILE), text, { flag: 'wx' });
  } catch {
    throw new RelaisError('SERVICE-001', `${path} is being taken by another start. Use another folder.`);
  }
}

/** Ends the servers of dead runs and removes their folders; kept data stays. */
export async function removeLeftovers(parent: string, log: (line: string) => void): Promise<void> {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    const owner = readOwner(path);
    if (owner === undefined || isAlive(owner)) continue;
    // Renamed first: of two starts at once, one cleans up. Running servers follow their folder.
    const claimed = join(parent, `.gone-${randomBytes(6).toString('hex')}`);
    try {
      renameSync(path, claimed);
    } catch {
      continue;
    }
    log(`removing what process ${owner.pid} left behind in ${path}`);
    await endProcessesIn(claimed);
    if (owner.socketFolder?.startsWith(join(tmpdir(), 'relais-')) === true) {
      rmSync(owner.socketFolder, { recursive: true, force: true });
    }
    if (owner.keep && !name.startsWith('.gone-')) {
      rmSync(join(claimed, OWNER_FILE), { force: true });
      renameSync(claimed, path);
    } else {
      rmSync(claimed, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

async function endProcessesIn(folder: string): Promise<void> {
  const real = realpathSync(folder);
  const tell = (signal: NodeJS.Signals): boolean => {
    const found = processesIn(real);
    for (const pid of found) {
      try {
        process.kill(pid, signal);
      } catch {
        // ended meanwhile
      }
    }
    return found.length > 0;
  };
  tell('SIGTERM');
  for (let waited = 0; processesIn(real).length > 0 && waited < 10_000; waited += 100) await sleep(100);
  for (let waited = 0; tell('SIGKILL') && waited < 5_000; waited += 100) await sleep(100);
}

/** Processes whose working folder is `folder` or inside it. Needs /proc; elsewhere only the guardian ends them. */
export function processesIn(folder: string): number[] {
  if (!existsSync('/proc/self/cwd')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const place = readlinkSync(`/proc/${pid}/cwd`);
        return pid !== process.pid && (place === folder || place.startsWith(`${folder}/`)) && !isZombie(pid);
      } catch {
        return false;
      }
    });
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(path, OWNER_FILE), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // The same number on a younger process is another process.
  return !isZombie(pid) && startOf(pid) === started;
}

// Fields of /proc/<pid>/stat after the command name, which may itself contain spaces and parentheses.
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

const startOf = (pid: number): string => statOf(pid)[19] ?? '';
const isZombie = (pid: number): boolean => statOf(pid)[0] === 'Z';
