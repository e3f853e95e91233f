// What happens to processes and their lines: killed, stopped past the lease, a clock that jumps, networks that part.
import type { Member } from './fleet.ts';
import type { Random } from './random.ts';
import { pause, perhaps, type Mischief, type Scene } from './scene.ts';

const one = (scene: Scene, random: Random): Member => random.pick(scene.fleet.members);
const hour = 3_600_000;

/** Half of the time past the lease: whoever wakes up finds that it is another's. */
const pastLease = ({ stopMs }: Scene, random: Random): number =>
  random.next() < 0.5 ? random.between(50, stopMs / 4) : stopMs - random.between(0, stopMs / 6);

const line = (scene: Scene, random: Random) =>
  random.pick([one(scene, random).mysql, one(scene, random).redis]);

/** @param first which delivery in flight comes first, in SQL. Returns the worker that sends it, of one lead where it is named. */
export async function sender(
  { gateway, fleet }: Pick<Scene, 'gateway' | 'fleet'>,
  first: 'GROUP BY lease_owner ORDER BY COUNT(*) DESC' | 'ORDER BY id DESC',
  reference = '%',
): Promise<Member | undefined> {
  const [found] =
    (await perhaps(() =>
      gateway.owner.all<{ owner: string }>(
        `SELECT lease_owner AS owner FROM deliveries WHERE state = 'sending' AND lease_until > UTC_TIMESTAMP(3)
            AND lead_id IN (SELECT id FROM leads WHERE reference LIKE ?) ${first} LIMIT 1`,
        [reference],
      ),
    )) ?? [];
  return fleet.members.find((member) => found?.owner.endsWith(`:${member.pid()}`));
}

export const processes: Readonly<Record<string, Mischief>> = {
  kill: {
    weight: 3,
    run: async (scene, random) => {
      one(scene, random).kill('SIGKILL');
      await Promise.resolve();
    },
  },
  terminate: {
    weight: 0.5,
    run: async (scene, random) => {
      one(scene, random).kill('SIGTERM');
      await Promise.resolve();
    },
  },
  stop: {
    weight: 2.5,
    run: async (scene, random) => {
      const stopped = one(scene, random);
      stopped.kill('SIGSTOP');
      await pause(pastLease(scene, random));
      stopped.kill('SIGCONT');
    },
  },
  // The worker with the most in flight, for longer than its leases: it wakes up to answers that are not its own any more.
  stop_in_flight: {
    weight: 1.5,
    alone: 'stop_in_flight',
    run: async (scene, random) => {
      const stopped = await sender(scene, 'GROUP BY lease_owner ORDER BY COUNT(*) DESC');
      if (stopped === undefined) return;
      stopped.kill('SIGSTOP');
      await pause(scene.stopMs - random.between(0, scene.stopMs / 8));
      stopped.kill('SIGCONT');
    },
  },
  clock: {
    weight: 2,
    run: async (scene, random) => {
      const member = one(scene, random);
      member.clock(random.pick([-24 * hour, -hour, -90_000, 90_000, hour, 24 * hour]));
      await pause(random.between(500, scene.stopMs / 2));
      member.clock(0);
    },
  },
  part: {
    weight: 2.5,
    run: async (scene, random) => {
      const passage = line(scene, random);
      passage.set(random.pick(['frozen', 'mute', 'shut']));
      await pause(pastLease(scene, random));
      // A network heals, or the connections died meanwhile.
      if (random.next() < 0.5) passage.cut();
      passage.set('open');
    },
  },
  strand: {
    weight: 1,
    run: async (scene, random) => {
      line(scene, random).strand(random.between(scene.stopMs / 4, scene.stopMs));
      await Promise.resolve();
    },
  },
  cut: {
    weight: 2,
    run: async (scene, random) => {
      line(scene, random).cut();
      await Promise.resolve();
    },
  },
  // A bad cable: half of the transactions of a lead are cut, at any statement or answer.
  fray: {
    weight: 2,
    run: async (scene, random) => {
      const passage = line(scene, random);
      passage.fray(1 / 30);
      await pause(random.between(1_000, 8_000));
      passage.fray(0);
    },
  },
  slow: {
    weight: 3,
    run: async (scene, random) => {
      const passage = line(scene, random);
      passage.delay(random.between(5, 80));
      await pause(random.between(500, 5_000));
      passage.delay(0);
    },
  },
};
