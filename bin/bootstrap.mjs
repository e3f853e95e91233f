// Makes any entry script work from a bare clone on Node 20: installs the packages the lock file asks for,
// then hands over to the pinned Node that came with them.
// Invariant: when bootstrap() returns, the packages are those of the lock file and this process runs Node 24
// or newer. Plain JavaScript with no import outside Node itself, because nothing else is there yet.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './packages.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const WANTED_MAJOR = 24;

/**
 * @param {{ needs: 'all' | 'runtime' }} options `runtime` does not miss the development packages, so that an
 *   image built with `npm ci --omit=dev` starts as it is.
 */
export async function bootstrap({ needs }) {
  try {
    await installPackages({ root, needs });
  } catch (error) {
    console.error(`relais: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  if (Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR) return endWithParent();
  const pinned = pinnedNode();
  if (pinned === undefined) {
    console.error(
      `relais: Node ${WANTED_MAJOR} or newer is needed and this is ${process.version}. The packages bring their own Node ` +
        `for linux-x64 and linux-arm64 only; this machine is ${process.platform}-${process.arch}. ` +
        `Install Node ${WANTED_MAJOR} (https://nodejs.org) and start again.`,
    );
    process.exit(1);
  }
  const [, script, ...args] = process.argv;
  process.exit(await run(pinned, [script ?? '', ...args], { bound: true }));
}

/**
 * A parent that is killed passes no signal on, and its program would keep its ports and its work. The channel closes with the parent;
 * SIGTERM then stops this process as it would stop any other: a gateway drains, a command ends.
 */
function endWithParent() {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // A listener would keep a short command running for as long as the parent lives, and the parent waits for the command.
  process.channel?.unref();
}

function pinnedNode() {
  if (process.platform !== 'linux') return undefined;
  const path = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  return existsSync(path) ? path : undefined;
}

function stdioOf({ bound, heading }) {
  if (heading !== undefined) return ['inherit', 'pipe', 'pipe'];
  return bound ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
}

/**
 * Runs a program in our place: same terminal, signals passed on, its exit code (128 + signal, as shells count)
 * returned.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ bound?: boolean, heading?: string }} options `bound`: the program is a script of Node that calls `bootstrap`,
 *   and ends with us. `heading`: what it writes is shown below this line, in one piece, once it has ended.
 * @returns {Promise<number>}
 */
export function run(program, args, { bound = false, heading } = {}) {
  return new Promise((resolve) => {
    // Some tools colour their output for the sake of CI=true alone; a file or a pipe wants plain text.
    const env = process.stdout.isTTY === true ? process.env : { NO_COLOR: '1', ...process.env };
    const child = spawn(program, args, {
      stdio: stdioOf({ bound, heading }),
      // glibc would keep a heap for each thread: 20 MB.
      env: bound ? { MALLOC_ARENA_MAX: '1', ...env } : env,
    });
    const written = [];
    for (const stream of heading === undefined ? [] : [child.stdout, child.stderr])
      stream.on('data', (bytes) => written.push(bytes));
    const passOn = new Map();
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGQUIT']) {
      // A terminal sends Ctrl-C to the whole group: passing it on too would arrive as an impatient second one.
      const byTerminal = (signal === 'SIGINT' || signal === 'SIGQUIT') && process.stdin.isTTY === true;
      const handler = () => {
        if (!byTerminal) child.kill(signal);
      };
      passOn.set(signal, handler);
      process.on(signal, handler);
    }
    const settle = (code) => {
      for (const [signal, handler] of passOn) process.off(signal, handler);
      if (heading !== undefined) process.stdout.write(`${heading}\n${Buffer.concat(written).toString()}`);
      resolve(code);
    };
    child.once('error', (error) => {
      console.error(`relais: ${program} could not be started: ${error.message}`);
      settle(127);
    });
    child.once(heading === undefined ? 'exit' : 'close', (code, signal) =>
      settle(code ?? 128 + (constants.signals[signal] ?? 0)),
    );
  });
}
