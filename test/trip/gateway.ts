// A whole gateway for a test: its own database with the three accounts, planner and worker roles, mapping files of its own.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { openApp, type App } from '../../src/app.ts';
import { startPlanner } from '../../src/roles/planner.ts';
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import { silentLog, type Log } from '../../src/log.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { insertIntakeRows, type IntakeValues } from '../../src/store/intake/intake.ts';
import { freshDatabase } from '../support/database.ts';
import { grantTogether, layTables } from '../support/schema.ts';

export interface Gateway {
  readonly app: App;
  readonly config: Config;
  readonly redis: Redis;
  /** Root-like, for what only a test may do. */
  readonly owner: Database;
  readonly start: (...roles: readonly ('planner' | 'worker')[]) => Promise<readonly Role[]>;
  readonly send: (...rows: readonly IntakeValues[]) => Promise<void>;
  /** Writes a file below the mappings folder. */
  readonly file: (name: string, text: string) => void;
  readonly states: (where?: string) => Promise<
    readonly {
      id: number;
      state: string;
      reason: string;
      action: string;
      reference: string;
      attempt: number;
      destination: string;
    }[]
  >;
  readonly entries: () => Promise<
    readonly {
      entry: string;
      delivery: number;
      outcome: string;
      reason: string;
      attempt: number;
      consents: string | null;
      fields: string | null;
    }[]
  >;
  /** Waits until `check` is true, looking every 10 ms, later every 50; fails with what it saw last. The limit measures nothing. */
  readonly until: (what: string, check: () => boolean | Promise<boolean>, withinMs?: number) => Promise<void>;
  /** The same; at each look, what waits for its next try, question or probe, alone or as a file, is due. */
  readonly soon: (what: string, check: () => boolean | Promise<boolean>) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface GatewayOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly log?: Log;
  /** As production holds clients to the go-live list. */
  readonly holdsList?: boolean;
}

export async function openGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const fresh = await freshDatabase();
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 6 });
  await layTables(fresh);
  const account = { user: `${fresh.name}_g`, password: 'gateway' };
  await grantTogether(owner, fresh.ownerUrl, account);
  const url = Object.assign(new URL(fresh.ownerUrl), { username: account.user, password: account.password });
  const folder = mkdtempSync(join(tmpdir(), 'relais-trip-'));
  const file = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  file('presets/.keep', '');
  for (const [name, text] of Object.entries(options.files ?? {})) file(name, text);
  const redisUrl = process.env['RELAIS_TEST_REDIS_URL'] ?? '';
  const config = loadConfig({
    RELAIS_ENV: 'development',
    RELAIS_MYSQL_URL: url.href,
    RELAIS_REDIS_URL: redisUrl,
    RELAIS_REDIS_PREFIX: fresh.name,
    RELAIS_MASTER_KEY: randomBytes(32).toString('base64'),
    RELAIS_SEAL_KEY: randomBytes(32).toString('base64'),
    RELAIS_MAPPINGS_DIR: folder,
    RELAIS_ALLOWED_RANGES: '127.0.0.0/8',
    RELAIS_ALLOW_PLAINTEXT: 'yes',
    RELAIS_PLANNER_IDLE_MS: '20',
    RELAIS_SETTLING_MS: '500',
    RELAIS_ACTOR: 'tester',
    ...options.environment,
  });
  const opened = await openApp(config, { log: options.log ?? silentLog });
  const app: App = { ...opened, holdsList: options.holdsList ?? opened.holdsList };
  const redis = new Redis(redisUrl);
  const roles: Role[] = [];
  const until: Gateway['until'] = async (what, check, withinMs = 300_000) => {
    const begun = performance.now();
    while (!(await check())) {
      const waited = performance.now() - begun;
      if (waited > withinMs) {
        const held = await Promise.all(whatIsHeld.map((statement) => owner.all<object>(statement)));
        const lines = held.flat().map((row) => JSON.stringify(row));
        throw new Error(`never came: ${what}\n${lines.join('\n')}`);
      }
      // What comes soon is seen soon; what takes seconds is not asked for fifty times in each.
      await new Promise((done) => setTimeout(done, Math.min(10 + waited / 20, 50)));
    }
  };

  return {
    app,
    config,
    redis,
    owner,
    file,
    start: async (...names) => {
      const started: Role[] = [];
      for (const name of names)
        started.push(name === 'planner' ? await startPlanner(app) : await startWorker(app));
      roles.push(...started);
      return started;
    },
    send: (...rows) => insertIntakeRows(owner, rows),
    states: (where = '1 = 1') =>
      owner.all(
        `SELECT d.id, d.state, d.reason, d.action, l.reference, d.attempt, d.destination_id AS destination
           FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE ${where} ORDER BY d.id`,
      ),
    entries: () =>
      owner.all(
        'SELECT entry, delivery_id AS delivery, outcome, reason, attempt, consents, fields FROM handovers ORDER BY id',
      ),
    until,
    soon: (what, check) =>
      until(what, async () => {
        if (await check()) return true;
        for (const statement of bringForward) await owner.run(statement);
        return false;
      }),
    close: async () => {
      await Promise.all(roles.map((role) => role.stop()));
      await app.close();
      const keys = await redis.keys(`${fresh.name}:*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
      await owner.close();
      await fresh.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Says with a wait that failed what the database held. */
const whatIsHeld = [
  `SELECT id, action, state, reason, run, attempt, spent, batch_id, due_at, lease_until, UTC_TIMESTAMP(3) AS now
     FROM deliveries ORDER BY id LIMIT 30`,
  'SELECT id, status, refusal FROM lead_intake LIMIT 5',
  'SELECT id, lead_id, kind, priority FROM lead_changes LIMIT 5',
  `SELECT id, role, whole_id, state, sequence, attempt, due_at, queued_at, lease_until FROM batches ORDER BY id LIMIT 20`,
  'SELECT destination_id, slot_at, asked_by, state, collecting FROM slots ORDER BY slot_at LIMIT 10',
  'SELECT slot_at, is_gathered, batch_id, last_batch_id, is_told, held_at FROM full_files',
  'SELECT destination_id, held, circuit FROM destination_states',
] as const;

/** Tries, questions, files and probes whose time has not come are due now, and what was not found has settled. */
const bringForward = [
  `UPDATE deliveries SET due_at = UTC_TIMESTAMP(3), not_found_since = TIMESTAMPADD(DAY, -1, not_found_since)
    WHERE batch_id = 0 AND due_at > UTC_TIMESTAMP(3) AND (state = 'pending' OR (state = 'waiting' AND (reason LIKE 'retry%' OR reason LIKE 'unknown_lookup%')))`,
  `UPDATE batches SET due_at = UTC_TIMESTAMP(3)
    WHERE state IN ('open', 'written') AND due_at > UTC_TIMESTAMP(3) AND queued_at IS NULL AND lease_until IS NULL`,
  `UPDATE destination_states SET circuit = JSON_SET(circuit, '$.nextProbeAt', 0) WHERE JSON_EXTRACT(circuit, '$.nextProbeAt') > 0`,
] as const;

/** A complete lead row of the test client; phones and domains are reserved ones. */
export function leadRow(reference: string, over: Partial<IntakeValues> = {}): IntakeValues {
  return {
    client_id: 'essai',
    kind: 'lead',
    reference,
    row_reference: '',
    channel: 'web_form',
    collected_at: new Date(),
    notice: 'n1',
    civility: 'ms',
    last_name: 'Lefèvre',
    first_name: 'Zoé',
    email: 'zoe.lefevre@courriel.example',
    mobile: '+33639980123',
    programme: 'ES-LYON',
    consents: JSON.stringify([
      { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
    ]),
    ...over,
  };
}

/** client.yaml and one webhook destination of the test client, on a plain loopback port. */
export function webhookFiles(
  port: number,
  over: { readonly extra?: string; readonly consent?: string } = {},
): Readonly<Record<string, string>> {
  return {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai CRM, destination: essai-crm, targets: [localhost], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
    'essai/crm.yaml': `destination: essai-crm
connector: webhook
send: { url: 'http://localhost:${port}/leads' }
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [1s, 1s, 2s]
maxAge: 1h
consent:
${over.consent ?? '  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }'}
fields:
  - { to: ref, from: id, required: true }
  - { to: nom, from: identity.lastName, required: true }
  - { to: tel, from: identity.mobile, as: { phone: national } }
response:
  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }
  - { refused: { status: 422 } }
update: { optIn: changed, send: { method: PUT, url: 'http://localhost:${port}/leads/{reference}' } }
erase: { send: { method: DELETE, url: 'http://localhost:${port}/leads/{reference}' }, fields: [] }
${over.extra ?? ''}`,
  };
}

const givenUpAfter =
  (timeouts: string) =>
  (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        name,
        text.replace('response: 10s, total: 12s', timeouts),
      ]),
    );

/** The same with a recipient that may think for half a minute: for tests that do something before it answers. */
export const patient = givenUpAfter('response: 30s, total: 40s');

/** The same with a recipient that is given up after a second or two: for tests in which it never answers. */
export const hasty = givenUpAfter('response: 1s, total: 2s');

/** What client.yaml of the test client says once it is live: C49 to C52, and the opt-in that `webhookFiles` writes. */
export const liveClient = `optIn:
  - { field: OPTIN, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
goLive:
  greeting: { evidence: "recording of 5 January", date: 2026-01-05 }
  callerNumber: { number: "+33199001000", evidence: "ticket 12", date: 2026-01-05 }
  optIn: { evidence: "annex 2", date: 2026-01-05 }
  rightsProcedure: { evidence: "annex 3", date: 2026-01-05 }
`;

/** The same of a person of its own: what one of them takes back says nothing about the others. */
export const strangerRow = (reference: string, over: Partial<IntakeValues> = {}): IntakeValues =>
  leadRow(reference, {
    email: `${reference.toLowerCase()}@courriel.example`,
    mobile: `+3363998${String(createHash('sha256').update(reference).digest().readUInt16BE() % 10_000).padStart(4, '0')}`,
    ...over,
  });
