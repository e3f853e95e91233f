// The limit: a BullMQ worker that signs a body and posts it through the fastest HTTP client at hand. No database, no log.
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'undici';

const [redisUrl, queue, port, concurrency] = process.argv.slice(2) as [string, string, string, string];
const connection = new Redis(redisUrl, { maxRetriesPerRequest: null, enableAutoPipelining: true });
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: Number(concurrency) });
const key = createSecretKey(randomBytes(32));
let done = 0;

const worker = new Worker(
  queue,
  async (job) => {
    const { id } = job.data as { id: number };
    const body = JSON.stringify({ ref: `B-${id}`, nom: 'Lefèvre', tel: '0639980123', OPTIN: 'OUI' });
    const at = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
    const answer = await pool.request({
      path: '/leads',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': String(id),
        'webhook-timestamp': String(at),
        'webhook-signature': `v1,${signature}`,
      },
      body,
    });
    await answer.body.text();
    done += 1;
  },
  { connection, concurrency: Number(concurrency), removeOnComplete: { count: 0 } },
);
worker.on('error', () => undefined);
process.on('message', () => process.send?.(done));
