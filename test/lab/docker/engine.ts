// A Docker engine: the one that answers, else a private one, started as root and stopped at the end with its rules and networks.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findProgram } from '../../../sandbox/binaries.ts';
import { attempt, run, until } from './shell.ts';

export interface Engine {
  readonly versions: string;
  readonly journal: boolean;
  readonly stop: () => Promise<void>;
}

/** Packages of Debian 13 that this needs: said, not installed. */
const packages = 'docker.io docker-cli docker-compose iptables debootstrap';

export async function openEngine(folder: string): Promise<Engine> {
  const undo: (() => Promise<void>)[] = [];
  if (findProgram('docker') === undefined)
    throw new Error(
      `Docker is not installed. On Debian 13: apt-get install --no-install-recommends ${packages}`,
    );
  if ((await attempt(['docker', 'info'])).code !== 0) undo.push(await startDockerd(folder));
  const journal = (await journalListens()) || (await startJournal(undo));
  const versions = [
    await run(['docker', 'version', '--format', 'Docker engine {{.Server.Version}}']),
    `Compose ${await run(['docker', 'compose', 'version', '--short'])}`,
    await run(['docker', 'info', '--format', 'cgroup v{{.CgroupVersion}}']),
  ].join(', ');
  return {
    versions,
    journal,
    stop: async () => {
      for (const step of undo.reverse()) await step();
    },
  };
}

const forwarding = '/proc/sys/net/ipv4/ip_forward';
/** Tables that nothing had used yet are in no saved list: emptied, then given what was saved. */
const noRules = `*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
COMMIT
`;

async function startDockerd(folder: string): Promise<() => Promise<void>> {
  const server = findProgram('dockerd');
  if (server === undefined || process.getuid?.() !== 0)
    throw new Error(`no Docker engine answers, and only root can start one (dockerd of Debian's docker.io)`);
  mkdirSync(folder, { recursive: true });
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const before = await tables();
  const forwarded = readFileSync(forwarding, 'utf8');
  const log = openSync(join(folder, 'dockerd.log'), 'a');
  const child = spawn(
    server,
    [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'dockerd.pid'), '--host', socket],
    ],
    { stdio: ['ignore', log, log] },
  );
  process.env['DOCKER_HOST'] = socket;
  const stop = async (): Promise<void> => {
    const ended = once(child, 'close');
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await ended;
    }
    await attempt(['ip', 'link', 'delete', 'docker0']);
    for (const [command, rules] of before) await attempt([`${command}-restore`], { input: noRules + rules });
    writeFileSync(forwarding, forwarded);
  };
  try {
    await until('dockerd answers', 60, async () => (await attempt(['docker', 'info'])).code === 0);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

const tables = async (): Promise<readonly (readonly [string, string])[]> =>
  await Promise.all(
    ['iptables', 'ip6tables'].map(async (name) => [name, (await attempt([`${name}-save`])).out] as const),
  );

/** A journal that was killed leaves its sockets behind. */
async function journalListens(): Promise<boolean> {
  const socket = connect('/run/systemd/journal/stdout');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The containers' log goes to the host's journal: a host that has none is given Debian's own for as long as this runs. */
async function startJournal(undo: (() => Promise<void>)[]): Promise<boolean> {
  const program = '/usr/lib/systemd/systemd-journald';
  if (!existsSync(program) || process.getuid?.() !== 0) return false;
  const child = spawn(program, [], { stdio: 'ignore' });
  undo.push(async () => {
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
  });
  await until('the journal listens', 30, journalListens);
  return true;
}
