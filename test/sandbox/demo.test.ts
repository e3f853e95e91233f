// The demo itself, small: real processes, real recipients, an account of every lead; and that it notices a missing one.
// Invariant: it leaves nothing behind on servers that are not its own.
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';

const root = join(import.meta.dirname, '..', '..');
const { RELAIS_TEST_MYSQL_URL: mysqlUrl = '', RELAIS_TEST_REDIS_URL: redisUrl = '' } = process.env;

interface Outcome {
  readonly code: number;
  readonly pid: number;
  readonly said: string;
}

async function demo(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, 'bin', 'demo.mjs'), '--leads', '40', ...args], {
    cwd: root,
    env: { ...process.env, RELAIS_MYSQL_OWNER_URL: mysqlUrl, RELAIS_REDIS_URL: redisUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  return { code, pid: child.pid ?? 0, said };
}

async function leftovers(pid: number): Promise<readonly string[]> {
  const connection = await mysql.createConnection(mysqlUrl);
  const [databases] = await connection.query<RowDataPacket[]>(
    'SELECT schema_name AS name FROM information_schema.schemata',
  );
  const [accounts] = await connection.query<RowDataPacket[]>('SELECT user AS name FROM mysql.user');
  await connection.end();
  const redis = new Redis(redisUrl);
  const keys = await redis.keys('*');
  redis.disconnect();
  const names = [...databases, ...accounts].map((row) => String(row['name']));
  return [
    ...names,
    ...keys,
    ...[`demo-${pid}`].filter((name) => existsSync(join(root, '.relais', name))),
  ].filter(
    (name) => name.includes(`relais_demo_${pid}`) || name.startsWith(`rd${pid}_`) || name === `demo-${pid}`,
  );
}

test('forty leads are all accounted for; with one removed from a recipient’s record the exit code says so', async () => {
  const [sound, tampered] = await Promise.all([demo(), demo('--tamper', '--seed', '7')]);
  try {
    expect([sound.code, sound.said]).toEqual([0, expect.stringContaining('Every lead is accounted for')]);
    for (const proof of [
      'RGPD_OPTIN',
      '(OPTIN_EMAIL) :',
      '"OPTIN_TEL"',
      '<optin canal="email">',
      'none changed, none missing',
      'opt_in_missing',
    ]) {
      expect(sound.said).toContain(proof);
    }
    expect(tampered.code).toBe(1);
    expect(tampered.said).toContain('1 thing is amiss');
    expect(tampered.said).toContain('the recipient has it 0 times');
    expect(await leftovers(sound.pid)).toEqual([]);
    expect(await leftovers(tampered.pid)).toEqual([]);
  } finally {
    for (const { pid } of [sound, tampered])
      rmSync(join(root, '.relais', `received-${pid}`), { recursive: true, force: true });
  }
});
