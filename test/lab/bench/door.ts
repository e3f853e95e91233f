// Starts the plain door (`plain-door.ts`) beside the gateway, on the same services, and posts to it.
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { leadRow, type Gateway } from '../../trip/gateway.ts';

export interface Door {
  readonly child: ChildProcess;
  readonly post: (reference: string) => Promise<void>;
  readonly close: () => void;
}

const tables = [
  `door_leads (id BIGINT AUTO_INCREMENT PRIMARY KEY, reference VARCHAR(64) NOT NULL, last_name VARCHAR(120), mobile VARCHAR(20),
     opt_in VARCHAR(12), created_at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), UNIQUE KEY door_reference (reference))`,
  `door_deliveries (id BIGINT AUTO_INCREMENT PRIMARY KEY, lead_id BIGINT NOT NULL, state VARCHAR(12) NOT NULL)`,
  `door_log (id BIGINT AUTO_INCREMENT PRIMARY KEY, delivery_id BIGINT, status INT, reference VARCHAR(64),
     at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3))`,
];

export async function openDoor(
  { app, owner }: Gateway,
  redisUrl: string,
  recipientPort: number,
): Promise<Door> {
  for (const table of tables) await owner.text(`CREATE TABLE ${table}`);
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  const queue = `door-${randomBytes(4).toString('hex')}`;
  const args = [url.href, redisUrl, app.database.name, queue, String(recipientPort)];
  const child = fork(join(import.meta.dirname, 'plain-door.ts'), args);
  const [port] = (await once(child, 'message')) as [number];
  return {
    child,
    post: async (reference) => {
      const { last_name, mobile } = leadRow(reference);
      const response = await fetch(`http://127.0.0.1:${port}/leads`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reference, last_name, mobile, opt_in: 'OUI' }),
      });
      await response.text();
      if (!response.ok) throw new Error(`the plain door answered ${response.status}`);
    },
    close: () => void child.kill('SIGKILL'),
  };
}
