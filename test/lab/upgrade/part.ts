// an upgrade with leads going on: the source of --from REF (default: the last tag) and this one on one database; --seconds N
import { spawn, spawnSync, execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { parseArgs, promisify } from 'node:util';
import { freePort } from '../../../sandbox/ports.ts';
import { startServices } from '../../../sandbox/services.ts';
import { projectRoot } from '../../../src/config.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { insertIntakeRows } from '../../../src/store/intake/intake.ts';
import { startHttpRecipient } from '../../connectors/servers/http.ts';
import { freshDatabase } from '../../support/database.ts';
import { askedEngine } from '../../support/engine.ts';
import { strangerRow, webhookFiles } from '../../trip/gateway.ts';

// Both versions run as processes with the accounts of an installation; the older one is never changed.
// Invariant: exit code 0 only where every lead was accepted by its recipient once, the log verifies, no process logged an error, and no
// request was refused for longer than a restart takes. What it starts it removes.

const { values: asked } = parseArgs({
  options: { from: { type: 'string' }, seconds: { type: 'string', default: '8' } },
});
const seconds = Number(asked.seconds);
const git = (...words: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: projectRoot, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
};
const from = asked.from ?? git('describe', '--tags', '--abbrev=0');
const folder = join(projectRoot, '.relais', `upgrade-${process.pid}`);
const begun = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** The older source with its packages: the same files where the lock file is the same. */
function olderSource(): string {
  const to = join(folder, 'source');
  mkdirSync(to, { recursive: true });
  const { status } = spawnSync('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', from, to], {
    cwd: projectRoot,
  });
  if (status !== 0) throw new Error(`git has no ${from}.`);
  const lockOf = (root: string): string => readFileSync(join(root, 'package-lock.json'), 'utf8');
  const isSame = lockOf(to) === lockOf(projectRoot);
  const [program = '', ...words] = isSame
    ? ['cp', '-al', join(projectRoot, 'node_modules'), to]
    : ['npm', 'ci', '--no-audit', '--no-fund'];
  if (spawnSync(program, words, { cwd: to, stdio: 'inherit' }).status !== 0) throw new Error('no packages');
  return to;
}

interface Version {
  readonly name: string;
  readonly source: string;
}
interface Running {
  readonly port: number;
  readonly child: ChildProcess;
  /** Lines of its log that report an error. */
  readonly errors: () => readonly string[];
  /** As `systemctl stop`. */
  readonly stop: () => Promise<void>;
}

function start(environment: NodeJS.ProcessEnv, { source }: Version, port: number): Running {
  const child = spawn(process.execPath, ['bin/relais.mjs', 'start'], {
    cwd: source,
    env: { ...environment, RELAIS_API_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (log += part.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  };
  return {
    port,
    child,
    // A server that answers late on a busy machine is no fault of a version.
    errors: () =>
      log.split('\n').filter((line) => /"level":[56]0\b/.test(line) && !line.includes('"service.away"')),
    stop,
  };
}

async function relais(
  environment: NodeJS.ProcessEnv,
  { source, name }: Version,
  ...words: readonly string[]
): Promise<string> {
  const command = promisify(execFile)(process.execPath, ['bin/relais.mjs', ...words], {
    cwd: source,
    env: environment,
  });
  const { stdout } = await command.catch((error: { readonly stderr?: string }) => {
    throw new Error(`${name}: relais ${words.join(' ')}: ${error.stderr ?? ''}`);
  });
  return stdout.trim();
}

/** Posts one lead after the other to whichever process answers, as a balancer does, and hands every fifth in by SQL. */
function traffic(key: string, doors: () => readonly Running[], bySql: (reference: string) => Promise<void>) {
  const sent: string[] = [];
  let [isOn, longestMs] = [true, 0];
  const post = async (reference: string, port: number): Promise<boolean> => {
    const { consents, ...columns } = strangerRow(reference);
    const filled = Object.entries(columns).filter(([name, value]) => name !== 'kind' && value !== null);
    const items = [{ ...Object.fromEntries(filled), consents: JSON.parse(String(consents)) as unknown }];
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': reference,
    };
    return fetch(`http://127.0.0.1:${port}/v1/leads`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ items }),
    }).then(
      async (response) => (await response.text(), response.ok),
      () => false,
    );
  };
  const accepted = async (reference: string): Promise<boolean> => {
    for (const { port } of doors()) if (await post(reference, port)) return true;
    return false;
  };
  const work = (async () => {
    while (isOn) {
      const reference = `U-${sent.length + 1}`;
      sent.push(reference);
      if (sent.length % 5 === 0) await bySql(reference);
      else {
        const at = performance.now();
        let isRefused = false;
        while (!(await accepted(reference))) {
          isRefused = true;
          await pause(20);
        }
        if (isRefused) longestMs = Math.max(longestMs, performance.now() - at);
      }
      await pause(30);
    }
  })();
  return {
    sent,
    /** How long a request was refused, at most, since the last question, ms. */
    longest: () => {
      const ms = longestMs;
      longestMs = 0;
      return Math.round(ms);
    },
    end: async () => {
      isOn = false;
      await work;
    },
  };
}

/** Accepts each lead; one in seven is refused the first time, so that retries cross the upgrade. */
async function startRecipient() {
  const crm = await startHttpRecipient();
  const accepted = new Map<string, number>();
  const tried = new Set<string>();
  crm.answer = ({ body }, response) => {
    const { ref = '' } = JSON.parse(body.toString() || '{}') as { readonly ref?: string };
    const isFirst = !tried.has(ref);
    tried.add(ref);
    if (isFirst && Number(ref.slice(2)) % 7 === 0) return void response.writeHead(503).end();
    accepted.set(ref, (accepted.get(ref) ?? 0) + 1);
    const answer = JSON.stringify({ success: true, id: `C-${ref}` });
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  };
  return { port: crm.port, accepted, close: crm.close };
}

/** As an operator waits for `/ready`, before the other process is ended. */
async function answers({ port }: Running): Promise<void> {
  const ask = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/v1/openapi.json`).then(
      async (response) => (await response.text(), response.ok),
      () => false,
    );
  while (!(await ask())) await pause(50);
}

async function upgrade(): Promise<readonly string[]> {
  const older: Version = { name: from, source: olderSource() };
  const newer: Version = { name: 'this version', source: projectRoot };
  const services = await startServices({ folder: join(folder, 'services'), log: say, ...askedEngine() });
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  const fresh = await freshDatabase();
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 2 });
  const crm = await startRecipient();
  const running: Running[] = [];
  try {
    const url = Object.assign(new URL(fresh.ownerUrl), { username: `${fresh.name}_g`, password: 'gateway' });
    await owner.text(`CREATE USER '${fresh.name}_g'@'%' IDENTIFIED BY 'gateway'`);
    const mappings = join(folder, 'mappings');
    for (const [name, text] of Object.entries({ 'presets/.keep': '', ...webhookFiles(crm.port) })) {
      mkdirSync(dirname(join(mappings, name)), { recursive: true });
      writeFileSync(join(mappings, name), text);
    }
    const environment: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'] ?? '',
      ...{ RELAIS_ENV: 'development', RELAIS_ACTOR: 'lab', RELAIS_MAPPINGS_DIR: mappings },
      ...{ RELAIS_MYSQL_URL: url.href, RELAIS_REDIS_URL: services.redisUrl, RELAIS_REDIS_PREFIX: fresh.name },
      ...{ RELAIS_ALLOWED_RANGES: '127.0.0.0/8', RELAIS_ALLOW_PLAINTEXT: 'yes' },
      RELAIS_MASTER_KEY: randomBytes(32).toString('base64'),
      RELAIS_SEAL_KEY: randomBytes(32).toString('base64'),
    };
    const ownerEnvironment = { ...environment, RELAIS_MYSQL_OWNER_URL: fresh.ownerUrl };
    await relais(ownerEnvironment, older, 'migrate');
    await relais(environment, older, 'mapping', 'publish', 'essai-crm', '--note', 'first');
    const made = await relais(environment, older, 'api-key', 'add', 'lab', '--scope', 'lead.post');
    const key = /relais_\S+/.exec(made)?.[0] ?? '';
    const [{ version: before } = { version: 0 }] = await owner.all<{ version: number }>(
      'SELECT MAX(version) AS version FROM schema_migrations',
    );

    running.push(start(environment, older, await freePort()));
    const leads = traffic(
      key,
      () => running,
      (reference) => insertIntakeRows(owner, [strangerRow(reference)]),
    );
    const phase = async (what: string): Promise<number> => {
      const already = leads.sent.length;
      await pause(seconds * 1_000);
      const refused = leads.longest();
      say(`${what}: ${leads.sent.length - already} leads, refused for ${refused} ms at most`);
      return refused;
    };
    while (crm.accepted.size === 0) await pause(50);
    leads.longest();
    await phase(`${from} alone, schema ${before}`);
    const migrated = await relais(ownerEnvironment, newer, 'migrate');
    say(migrated.split('\n').at(-2) ?? '');
    let longest = await phase(`${from} on the new schema`);
    const [first] = running;
    const second = start(environment, newer, await freePort());
    running.unshift(second);
    await answers(second);
    longest = Math.max(longest, await phase('both'));
    await first?.stop();
    running.pop();
    longest = Math.max(longest, await phase('this version alone'));
    // For comparison: the one process of a host, restarted.
    const at = performance.now();
    await second.stop();
    const third = start(environment, newer, second.port);
    running.splice(0, 1, third);
    await answers(third);
    const restart = Math.round(performance.now() - at);
    say(`a restart takes ${restart} ms`);
    await leads.end();

    const due = performance.now() + 120_000;
    while (leads.sent.some((one) => !crm.accepted.has(one)) && performance.now() < due) await pause(100);
    // A double would come as a retry: none is waited for once every delivery has ended.
    const open = "SELECT 1 FROM deliveries WHERE state <> 'delivered' LIMIT 1";
    while ((await owner.all(open)).length > 0 && performance.now() < due) await pause(100);
    const lost = leads.sent.filter((one) => !crm.accepted.has(one));
    const twice = [...crm.accepted].filter(([, times]) => times > 1).map(([one]) => one);
    const errors = [first, second, third].flatMap((one) => one?.errors() ?? []);
    say(
      `${leads.sent.length} leads: ${lost.length} lost, ${twice.length} twice; refused for ${longest} ms at most`,
    );
    say((await relais(environment, newer, 'log', 'verify')).split('\n')[0] ?? '');
    return [
      ...lost.map((one) => `lost: ${one}`),
      ...twice.map((one) => `twice: ${one}`),
      ...errors.map((line) => `logged: ${line.slice(0, 300)}`),
      ...(longest > restart ? [`refused for ${longest} ms`] : []),
    ];
  } finally {
    for (const one of running) await one.stop();
    await owner.close();
    await crm.close();
    await fresh.drop();
    await services.stop();
  }
}

try {
  const wrong = await upgrade();
  for (const line of wrong) say(`WRONG: ${line}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
