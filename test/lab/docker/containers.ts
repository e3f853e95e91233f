// What Docker says of a container of the installation.
import { run } from './shell.ts';
import type { Site } from './site.ts';

export interface Container {
  readonly id: string;
  readonly startedAt: string;
  readonly health: string;
  readonly restarts: number;
  readonly pid: number;
  readonly memory: number;
  readonly memoryWithSwap: number;
}

export async function containerOf({ compose }: Site, service: string): Promise<Container> {
  const id = await compose('ps', '--all', '--quiet', service);
  const text = await run(['docker', 'inspect', id]);
  const [found] = JSON.parse(text) as readonly {
    readonly Id: string;
    readonly RestartCount: number;
    readonly State: {
      readonly Pid: number;
      readonly StartedAt: string;
      readonly Health?: { readonly Status: string };
    };
    readonly HostConfig: { readonly Memory: number; readonly MemorySwap: number };
  }[];
  if (found === undefined) throw new Error(`${service} has no container`);
  return {
    id: found.Id,
    startedAt: found.State.StartedAt,
    health: found.State.Health?.Status ?? '',
    restarts: found.RestartCount,
    pid: found.State.Pid,
    memory: found.HostConfig.Memory,
    memoryWithSwap: found.HostConfig.MemorySwap,
  };
}

/** Container and process are the ones of before. */
export const isUntouched = (before: Container, now: Container): boolean =>
  before.id === now.id && before.startedAt === now.startedAt;

/** An earlier run has written under the same names. */
const since = `--since=@${Math.floor(Date.now() / 1000)}`;

/** What the containers of a service wrote into the host's journal in this run, those that are gone too. */
export const journalOf = (service: string): Promise<string> =>
  run(['journalctl', '--no-pager', '--output=cat', since, `CONTAINER_TAG=relais-lab-${service}-1`]);
