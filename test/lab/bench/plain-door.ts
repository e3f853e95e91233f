// The yardstick of a lead alone: one process that answers a POST after one transaction of two rows and a BullMQ job, and whose worker reads
// the row twice, posts it, writes a log and the state. No idempotency, no consent, no lease, no signature, no second log entry.
import axios from 'axios';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [url, redisUrl, database, queueName, recipientPort] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const inFlight = 50;
const pool = createPool({ uri: url, database, connectionLimit: inFlight });
const agent = new Agent({ keepAlive: true });
const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
const queue = new Queue(queueName, { connection });

interface Posted {
  readonly reference: string;
  readonly last_name: string;
  readonly mobile: string;
  readonly opt_in: string;
}

async function take({ reference, last_name: name, mobile, opt_in: optIn }: Posted): Promise<number> {
  const tx = await pool.getConnection();
  try {
    await tx.query('START TRANSACTION');
    const [lead] = await tx.execute(
      'INSERT INTO door_leads (reference, last_name, mobile, opt_in) VALUES (?, ?, ?, ?)',
      [reference, name, mobile, optIn],
    );
    const [delivery] = await tx.execute(
      "INSERT INTO door_deliveries (lead_id, state) VALUES (?, 'planned')",
      [(lead as { insertId: number }).insertId],
    );
    await tx.query('COMMIT');
    return (delivery as { insertId: number }).insertId;
  } finally {
    tx.release();
  }
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => (body += part));
  request.on('end', () => {
    void take(JSON.parse(body) as Posted)
      .then((id) => queue.add('send', { id }, { removeOnComplete: true }))
      .then(() => response.setHeader('content-type', 'application/json').end('{"ok":true}'))
      .catch(() => response.writeHead(500).end());
  });
});

const worker = new Worker(
  queueName,
  async (job) => {
    const { id } = job.data as { readonly id: number };
    const [deliveries] = await pool.execute('SELECT lead_id FROM door_deliveries WHERE id = ?', [id]);
    const [delivery] = deliveries as { readonly lead_id: number }[];
    const [leads] = await pool.execute(
      'SELECT reference, last_name, mobile, opt_in FROM door_leads WHERE id = ?',
      [delivery?.lead_id ?? 0],
    );
    const [lead] = leads as Posted[];
    if (lead === undefined) return;
    const answer = await axios.post<{ readonly id: string }>(
      `http://127.0.0.1:${recipientPort}/leads`,
      { ref: lead.reference, nom: lead.last_name, tel: lead.mobile, OPTIN: lead.opt_in },
      { httpAgent: agent, timeout: 10_000 },
    );
    await pool.execute('INSERT INTO door_log (delivery_id, status, reference) VALUES (?, ?, ?)', [
      id,
      answer.status,
      answer.data.id,
    ]);
    await pool.execute("UPDATE door_deliveries SET state = 'delivered' WHERE id = ?", [id]);
  },
  { connection: connection.duplicate(), concurrency: inFlight, removeOnComplete: { count: 0 } },
);
worker.on('error', () => undefined);
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
