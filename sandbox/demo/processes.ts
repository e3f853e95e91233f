// Runs the demo's planner and worker: the real program in processes of its own, so that one can be killed.
// Invariant: none outlives the demo; one that ends by itself is reported, with the end of its log.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../../src/config.ts';
import { lastLines, launch } from '../server-process.ts';

export interface RoleProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Waits until the process reports that it is ready, at most half a minute; `trouble` says why it never will. */
  readonly ready: () => Promise<void>;
  /** A sentence when it ended unasked. */
  readonly trouble: () => string | undefined;
  /** SIGKILL, without a grace period. */
  readonly kill: () => void;
  /** SIGTERM, then a grace period. */
  readonly stop: () => Promise<void>;
}

export type DemoRole = 'planner' | 'worker' | 'all' | 'console';

/** @param env the variables of src/config.ts; of our own only PATH, HOME and the folder of compiled code reach the process */
export function startRole(
  role: DemoRole,
  options: {
    readonly folder: string;
    readonly name: string;
    readonly env: Readonly<Record<string, string>>;
    /** For its health address. */
    readonly port: number;
  },
): RoleProcess {
  const logFile = join(options.folder, `${options.name}.log`);
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const child = launch({
    program: process.execPath,
    args: [join(projectRoot, 'src', 'main.ts'), role],
    folder: options.folder,
    logFile,
    env: {
      ...options.env,
      RELAIS_HTTP_PORT: String(options.port),
      ...(PATH === undefined ? {} : { PATH }),
      ...(HOME === undefined ? {} : { HOME }),
      ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
    },
  });
  let asked = false;
  return {
    pid: child.pid,
    logFile,
    ready: async () => {
      const deadline = Date.now() + 30_000;
      while (!child.hasEnded() && Date.now() < deadline) {
        const answer = await fetch(`http://127.0.0.1:${options.port}/ready`).catch(() => undefined);
        await answer?.body?.cancel();
        if (answer?.ok === true) return;
        await sleep(50);
      }
    },
    trouble: () =>
      !asked && child.hasEnded()
        ? `the ${options.name} ended by itself; its log ends:\n${lastLines(logFile)}`
        : undefined,
    kill: () => {
      asked = true;
      process.kill(child.pid, 'SIGKILL');
    },
    stop: async () => {
      asked = true;
      await child.stop();
    },
  };
}
