// The yardstick: what an engineer writes in a day. One SELECT, one POST, one INSERT into a log, one UPDATE, a job at a time
// under BullMQ's concurrency. No lease, no second log entry, no signature, no order, no consent read at departure.
import axios from 'axios';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { Agent } from 'node:http';

const [url, redisUrl, database, queue, port, concurrency] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const pool = createPool({ uri: url, database, connectionLimit: Math.min(Number(concurrency), 50) });
const agent = new Agent({ keepAlive: true });
const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });

const worker = new Worker(
  queue,
  async (job) => {
    const [rows] = await pool.execute(
      `SELECT d.id, l.reference, p.last_name, p.mobile, c.state FROM plain_deliveries d JOIN leads l ON l.id = d.lead_id
         JOIN prospects p ON p.lead_id = l.id JOIN consents c ON c.lead_id = l.id WHERE d.id = ?`,
      [(job.data as { id: number }).id],
    );
    const [row] = rows as {
      id: number;
      reference: string;
      last_name: string;
      mobile: string;
      state: string;
    }[];
    if (row === undefined) return;
    const answer = await axios.post<{ id: string }>(
      `http://127.0.0.1:${port}/leads`,
      {
        ref: row.reference,
        nom: row.last_name,
        tel: row.mobile,
        OPTIN: row.state === 'granted' ? 'OUI' : 'NON',
      },
      { httpAgent: agent, timeout: 10_000 },
    );
    await pool.execute('INSERT INTO plain_log (delivery_id, status, reference) VALUES (?, ?, ?)', [
      row.id,
      answer.status,
      answer.data.id,
    ]);
    await pool.execute("UPDATE plain_deliveries SET state = 'delivered' WHERE id = ?", [row.id]);
  },
  { connection, concurrency: Number(concurrency), removeOnComplete: { count: 0 } },
);
worker.on('error', () => undefined);
