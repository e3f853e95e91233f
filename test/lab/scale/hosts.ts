// Hosts of their own for processes: network namespaces on one bridge, which reach the addresses of the bridge and nothing else,
// not even each other's loopback.
import { spawnSync } from 'node:child_process';

export interface Hosts {
  /** The address at which all hosts find the services. */
  readonly address: string;
  /** Put before a command line, it runs on that host. */
  readonly on: (host: number) => readonly string[];
  readonly remove: () => void;
}

const ip = (...words: readonly string[]): void => {
  const done = spawnSync('ip', words, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`ip ${words.join(' ')}: ${done.stderr}`);
};

/** Undefined where namespaces cannot be made: no iproute2, or not root. */
export function makeHosts(count: number): Hosts | undefined {
  const mark = `rl${process.pid % 10_000}`;
  const subnet = 10 + (process.pid % 200);
  const bridge = `${mark}br`;
  const made: (() => void)[] = [];
  const remove = (): void => {
    for (const undo of made.toReversed()) undo();
  };
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    made.push(() => ip('link', 'del', bridge));
    ip('addr', 'add', `10.213.${subnet}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    for (let host = 0; host < count; host += 1) {
      const [name, ours, theirs] = [`${mark}-${host}`, `${mark}v${host}`, `${mark}p${host}`];
      ip('netns', 'add', name);
      made.push(() => ip('netns', 'del', name));
      ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs);
      ip('link', 'set', ours, 'master', bridge, 'up');
      ip('link', 'set', theirs, 'netns', name);
      ip('-n', name, 'addr', 'add', `10.213.${subnet}.${host + 2}/24`, 'dev', theirs);
      ip('-n', name, 'link', 'set', theirs, 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    return {
      address: `10.213.${subnet}.1`,
      on: (host) => ['ip', 'netns', 'exec', `${mark}-${host}`],
      remove,
    };
  } catch {
    remove();
    return undefined;
  }
}
