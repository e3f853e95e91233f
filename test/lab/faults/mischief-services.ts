// What happens to MySQL and Redis: killed, restarted, away, forgetful, replaced; locks held by somebody else.
import type { Random } from './random.ts';
import { aside, endConnections, own } from './mischief-refusals.ts';
import { pause, perhaps, surely, type Mischief, type Scene } from './scene.ts';

/** Short ones mostly, a long one now and then. */
const outage = (scene: Scene, random: Random): number =>
  random.next() < 0.25 ? scene.outageMs : random.between(500, Math.min(6_000, scene.outageMs));

async function mysqlAway(scene: Scene, how: 'kill' | 'stop', ms: number): Promise<void> {
  await own(scene).stopMysql(how);
  await pause(ms);
  await own(scene).startMysql();
  await surely(() => scene.gateway.owner.text('SET GLOBAL innodb_lock_wait_timeout = 2'));
}

export const services: Readonly<Record<string, Mischief>> = {
  mysql_killed: {
    weight: 0.3,
    alone: 'mysql',
    needs: 'servers',
    run: (scene) => mysqlAway(scene, 'kill', 0),
  },
  mysql_restarted: {
    weight: 0.3,
    alone: 'mysql',
    needs: 'servers',
    run: (scene) => mysqlAway(scene, 'stop', 0),
  },
  mysql_away: {
    weight: 0.25,
    alone: 'mysql',
    needs: 'servers',
    run: (scene, random) => mysqlAway(scene, random.pick(['kill', 'stop']), outage(scene, random)),
  },
  mysql_connections_killed: {
    weight: 1.5,
    needs: 'servers',
    run: async (scene, random) => {
      const user = new URL(scene.gateway.config.mysql.gatewayUrl).username;
      await perhaps(() => endConnections(scene.gateway.owner, user, 0.3, random));
    },
  },
  // Rows held longer than anybody waits for a lock, and taken in the order nobody else takes them.
  mysql_locks: {
    weight: 3,
    needs: 'servers',
    run: (scene, random) =>
      aside(scene, async (sql) => {
        await sql.transaction(async (tx) => {
          await tx.all(
            "SELECT id FROM deliveries WHERE state IN ('queued', 'sending', 'planned') ORDER BY id DESC LIMIT 5 FOR UPDATE SKIP LOCKED",
          );
          await pause(random.between(5, 60));
          await tx.all('SELECT id FROM leads ORDER BY id DESC LIMIT 8 FOR UPDATE');
          await pause(random.pick([20, 200, 3_000]));
        });
      }),
  },
  mysql_state_locked: {
    weight: 0.5,
    needs: 'servers',
    run: (scene, random) =>
      aside(scene, async (sql) => {
        await sql.transaction(async (tx) => {
          await tx.all(
            'SELECT destination_id FROM destination_states ORDER BY destination_id DESC LIMIT 3 FOR UPDATE',
          );
          await pause(random.between(200, 5_000));
        });
      }),
  },
  redis_forgets: {
    weight: 1.5,
    run: async (scene) => {
      await perhaps(async () => {
        if (scene.servers !== undefined) {
          await scene.gateway.redis.call('FLUSHALL');
          return;
        }
        const keys = await scene.gateway.redis.keys(`${scene.gateway.config.redis.prefix}:*`);
        if (keys.length > 0) await scene.gateway.redis.del(...keys);
      });
    },
  },
  redis_half_forgets: {
    weight: 1,
    run: async (scene, random) => {
      await perhaps(async () => {
        const keys = await scene.gateway.redis.keys(`${scene.gateway.config.redis.prefix}:*`);
        const some = keys.filter(() => random.next() < 0.4);
        if (some.length > 0) await scene.gateway.redis.del(...some);
      });
    },
  },
  redis_restarted: {
    weight: 0.4,
    alone: 'redis',
    needs: 'servers',
    run: async (scene, random) => {
      await own(scene).stopRedis();
      await own(scene).startRedis(random.next() < 0.5);
    },
  },
  redis_away: {
    weight: 0.3,
    alone: 'redis',
    needs: 'servers',
    run: async (scene, random) => {
      await own(scene).stopRedis();
      await pause(outage(scene, random));
      await own(scene).startRedis(random.next() < 0.5);
    },
  },
  redis_fails_over: {
    weight: 0.5,
    alone: 'redis',
    needs: 'servers',
    run: async (scene) => {
      await own(scene).failOver();
    },
  },
};
