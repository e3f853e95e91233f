// Starts one server for our own use: outside our terminal's group, watched, stopped in order.
// Invariant: it does not outlive us. stop() ends it; so does our ordinary exit; so does the guardian, a shell that waits for our end of a
// pipe to close, when we are killed.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RelaisError } from '../src/errors.ts';

export type ServerProcess = {
  readonly pid: number;
  readonly hasEnded: () => boolean;
  readonly stop: () => Promise<void>;
};

export type Launch = {
  readonly program: string;
  readonly args: readonly string[];
  /** also the working folder: a later start recognises the remains of an earlier one by it */
  readonly folder: string;
  readonly logFile: string;
  /** instead of our own environment */
  readonly env?: NodeJS.ProcessEnv;
};

// The process is the same only while its working folder is still ours: ids are reused.
const GUARDIAN = 'read _; case "$(readlink "/proc/$1/cwd")" in "$2"|"$2"/*) kill -TERM "$1";; esac';
const PATIENCE_MS = 10_000;

export function launch({ program, args, folder, logFile, env }: Launch): ServerProcess {
  const output = openSync(logFile, 'a', 0o600);
  // Detached: Ctrl-C in a terminal reaches us alone, and we stop the servers after the program that uses them.
  const child = spawn(program, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', output, output],
    ...(env === undefined ? {} : { env }),
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    child.once('error', () => {});
    throw new RelaisError('SERVICE-001', `${program} could not be started.`);
  }
  child.unref();

  let ended = false;
  const end = new Promise<void>((resolve) => {
    child.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  const endWithUs = (): void => void child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const dismissGuardian = postGuardian(pid, folder);

  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs);
    dismissGuardian();
    if (ended) return;
    // The child keeps us alive while we wait; the timers must not once it has ended.
    child.ref();
    child.kill('SIGTERM');
    await Promise.race([end, sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (!ended) child.kill('SIGKILL');
    await end;
  };
  return { pid, hasEnded: () => ended, stop };
}

function postGuardian(pid: number, folder: string): () => void {
  const guardian = spawn('sh', ['-c', GUARDIAN, 'relais-guardian', String(pid), folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.once('error', () => {}); // no shell: the next start still cleans up
  guardian.unref();
  const pipe = guardian.stdin;
  pipe.once('error', () => {});
  (pipe as typeof pipe & { unref?: () => void }).unref?.();
  return () => {
    guardian.kill('SIGKILL');
    pipe.destroy();
  };
}

export type Readiness = 'ready' | 'ended';

/** Calls `probe` until it returns true, the server ends, or a minute has passed (a cold disk can be that slow). */
export async function untilReady(
  server: ServerProcess,
  probe: () => Promise<boolean>,
  logFile: string,
): Promise<Readiness> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (server.hasEnded()) return 'ended';
    if ((await probe()) && !server.hasEnded()) return 'ready';
    if (Date.now() > deadline) {
      throw new RelaisError('SERVICE-001', `A server did not become ready in 60 s.\n${lastLines(logFile)}`);
    }
    await sleep(30);
  }
}

export function lastLines(file: string, count = 8): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}
