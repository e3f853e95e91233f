// The demo itself, small: real processes, real recipients, an account of every lead; and that it notices a missing one.
// Invariant: it leaves nothing behind on servers that are not its own.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import { browserOf, type Browser } from '../../console/desk.ts';
import { trustGuests } from '../../sandbox/trust.ts';

const root = join(import.meta.dirname, '../../..');
const { RELAIS_TEST_MYSQL_URL: mysqlUrl = '', RELAIS_TEST_REDIS_URL: redisUrl = '' } = process.env;

interface Running {
  readonly pid: number;
  /** All it has said so far. */
  readonly said: () => string;
  readonly interrupt: () => void;
  readonly ended: Promise<number>;
}

interface Outcome {
  readonly code: number;
  readonly pid: number;
  readonly said: string;
}

function start(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [join(root, 'bin', 'demo.mjs'), '--leads', '40', ...args], {
    cwd: root,
    env: { ...process.env, RELAIS_MYSQL_OWNER_URL: mysqlUrl, RELAIS_REDIS_URL: redisUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  return {
    pid: child.pid ?? 0,
    said: () => said,
    interrupt: () => child.kill('SIGINT'),
    ended: new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1))),
  };
}

async function demo(...args: readonly string[]): Promise<Outcome> {
  const { pid, said, ended } = start(...args);
  return { code: await ended, pid, said: said() };
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

beforeAll(() => trustGuests(mysqlUrl));

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

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 180_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still waiting until ${what}`);
    await sleep(100);
  }
}

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const found = (pattern: RegExp, text: string): string =>
  pattern.exec(text)?.[1] ?? `nothing like ${pattern.source}`;

test('--keep leaves incidents that are solved where it says: forty replayed, a key put in, a lead withheld, a request that is late', async () => {
  const keeping = start('--keep');
  try {
    await until('it runs on', () => /Still running|while cleaning up|Error/.test(keeping.said()));
    const said = keeping.said();
    const console = found(/The console: (\S+)/, said);
    const addressOf = (path: RegExp): string => found(path, said).slice(console.length);
    const signIn = async (role: string): Promise<Browser> => {
      const browser = browserOf(Number(new URL(console).port));
      const password = found(new RegExp(`demo\\.${role}\\s+(\\S+)`), said);
      await browser.post('/sign-in', { login: `demo.${role}`, password });
      return browser;
    };
    const support = await signIn('support');
    const listed = async (query: string): Promise<number> =>
      (await support.get(`/deliveries?${query}`)).text.match(/href="\/deliveries\/\d+"/g)?.length ?? 0;

    const forty = addressOf(/(http\S+\/deliveries\?destination=\S+)/).split('?')[1] ?? '';
    expect(await listed(forty)).toBe(40);
    const filter = Object.fromEntries(new URLSearchParams(forty));
    const begun = await support.post('/replay', { ...filter, reason: 'ticket 12', number: '40' });
    expect([begun.status, begun.to]).toEqual([303, expect.stringMatching(/^\/runs\/\d+$/) as string]);

    expect(plain((await support.get('/destinations/littoral-mail')).text)).toContain('en pause automatique');
    const [from, to] = found(/^\s+cp (\S+ \S+)$/m, said).split(' ');
    copyFileSync(join(root, from ?? ''), join(root, to ?? ''));
    const resumed = await support.post('/destinations/littoral-mail/resume', { reason: 'ticket 13' });
    expect(resumed.status).toBe(303);

    const withheld = await support.get(addressOf(/(http\S+\?lead=\S+)/));
    expect(plain(withheld.text)).toMatch(/HZ-RETENU-1 .* retenue .*opt-in/);

    const dpo = await signIn('dpo');
    await dpo.post('/sign-in/code', { code: found(/demo\.dpo .*code: (\S+)/, said) });
    expect(plain((await dpo.get(addressOf(/(http\S+\/requests\/\d+)/))).text)).toMatch(/en retard de \d+ j/);

    await until('the forty arrive', async () => (await listed(forty)) === 0);
    const arrived = async (destination: string, reference: string): Promise<number> => {
      const { text } = await support.get(`/deliveries?destination=${destination}&state=delivered`);
      return new Set(text.match(new RegExp(`${reference}\\d+`, 'g'))).size;
    };
    await until('they are delivered', async () => (await arrived('horizon-crm', 'HZ-TEL-')) === 40);
    await until('the mails leave', async () => (await arrived('littoral-mail', 'LT-CLE-')) === 5);
  } finally {
    keeping.interrupt();
    const code = await keeping.ended;
    rmSync(join(root, '.relais', `received-${keeping.pid}`), { recursive: true, force: true });
    expect([code, await leftovers(keeping.pid)]).toEqual([0, []]);
  }
}, 400_000);
