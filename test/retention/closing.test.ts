// C55: the end of a client's contract: nothing comes in or leaves any more, everything is returned, then deleted, with a proof.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { parse } from 'csv-parse/sync';
import { createAccount } from '../../src/access/accounts.ts';
import { createApiKey, holderOfKey } from '../../src/access/api-keys.ts';
import { writeLedger } from '../../src/backups/ledger.ts';
import { civilDate } from '../../src/domain/civil-date.ts';
import { checkProof } from '../../src/privacy/proofs/proof.ts';
import { heldRows } from '../../src/store/retention/closings.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { leadRow, openGateway, patient, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
let folder: string;
let identity: string;
let recipient: string;

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  folder = mkdtempSync(join(tmpdir(), 'relais-closing-'));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  gateway = await openGateway({ files: patient(webhookFiles(crm.port)) });
  relais = terminalOf(environmentOf(gateway));
  await publish();
  await relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'lettre de fin de contrat', '--covers', 'contract_end'],
  );
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
  rmSync(folder, { recursive: true, force: true });
});

const publish = () =>
  gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' });
const today = (): string => civilDate(gateway.app.database.now());
const end = (deleteOn: string, ...more: readonly string[]) =>
  relais(
    ...['client', 'close', 'essai', '--instruction', '1', '--delete-on', deleteOn],
    ...['--reason', 'end of contract', '--yes', ...more],
  );
const giveBack = (name: string) =>
  relais('client', 'close', 'essai', '--to', join(folder, name), '--recipient', recipient);

/** One delivered, one that waits for its answer, one refused row. */
async function work(): Promise<() => Promise<void>> {
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(
    leadRow('CANARI-1', {
      last_name: '=Canarizumque',
      interactions: JSON.stringify([
        { kind: 'inbound_call', at: '2026-01-06T10:00:00Z', content: 'Contenu-canari 7' },
      ]),
    }),
    strangerRow('CANARI-2', { consents: null, comment: 'Phrase-canari 88231' }),
    strangerRow('CANARI-3', { mobile: '06-canari' }),
  );
  await gateway.until('delivered and withheld', async () => {
    const states = await gateway.states();
    return states.length === 2 && states.every(({ state }) => ['delivered', 'withheld'].includes(state));
  });
  return async () => {
    for (const role of roles) await role.stop();
  };
}

const unplanned = async (): Promise<number> => (await gateway.owner.all('SELECT 1 FROM lead_changes')).length;

async function opened(name: string, file: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(readFileSync(join(folder, name, file)), 'text');
}

test('C55: a closed client: nothing comes in, nothing leaves, what waited is cancelled; the act is a note and entries', async () => {
  await work();
  const before = await relais('client', 'close', 'essai', '--json');
  expect(JSON.parse(before.out)).toMatchObject({ state: 'open', held: { leads: 2, lead_intake: 1 } });
  expect((await end('2199-01-31')).code).toBe(0);
  await gateway.until('cancelled', async () =>
    (await gateway.states()).some(({ reason }) => reason === 'contract_ended'),
  );
  const sent = crm.received.length;
  await gateway.send(strangerRow('LATE-1'));
  await gateway.until(
    'refused',
    async () =>
      (
        await gateway.owner.all<{ n: number }>(
          "SELECT COUNT(*) AS n FROM lead_intake WHERE reference = 'LATE-1' AND status = 'refused' AND refusal LIKE '%CLIENT_CLOSED%'",
        )
      )[0]?.n === 1,
  );
  // One that is refused for what it says is as much of nobody: nothing of its person stays.
  await gateway.send(strangerRow('LATE-2', { mobile: '06 39 98 00 01' }));
  await gateway.until(
    'refused for its phone',
    async () =>
      (
        await gateway.owner.all(
          "SELECT 1 FROM lead_intake WHERE reference = 'LATE-2' AND status = 'refused' AND refusal NOT LIKE '%CLIENT_CLOSED%'",
        )
      ).length === 1,
  );
  expect(
    await gateway.owner.all(
      "SELECT last_name, email, mobile, consents FROM lead_intake WHERE reference LIKE 'LATE-%'",
    ),
  ).toEqual([1, 2].map(() => ({ last_name: null, email: null, mobile: null, consents: null })));
  await expect(publish()).rejects.toThrow(/contract of essai has ended/);
  // Even what is put back into the queue by hand.
  await gateway.owner.run("UPDATE deliveries SET state = 'planned', reason = '', settled_at = NULL");
  await gateway.until('cancelled again', async () =>
    (await gateway.states()).every(({ state }) => state === 'cancelled'),
  );
  expect(crm.received.length).toBe(sent);
  const [note] = await gateway.owner.all<{ kind: string; instruction: number }>(
    'SELECT kind, instruction FROM client_notes ORDER BY number DESC LIMIT 1',
  );
  expect(note).toEqual({ kind: 'contract_ended', instruction: 1 });
  expect((await gateway.entries()).map(({ entry }) => entry)).toEqual(
    expect.arrayContaining(['client_closed', 'revoked', 'note_written']),
  );
});

test('C55: everything is returned under age as JSON and CSV, then deleted on the day, with a proof; the log stays', async () => {
  await work();
  await end('2199-01-31');
  expect((await relais('client', 'close', 'essai', '--delete', '--yes')).err).toMatch(
    /CLIENT-001 .*nothing was returned/,
  );
  expect((await giveBack('out')).code).toBe(0);
  expect((await giveBack('out')).err).toMatch(/^USAGE-001 .*exists/);
  expect(
    (await relais('client', 'close', 'essai', '--to', join(folder, 'x'), '--recipient', 'AGE-SECRET-KEY-1'))
      .err,
  ).toMatch(/^USAGE-001 A recipient is the public key/);
  const files = readdirSync(join(folder, 'out')).toSorted();
  expect(files).toEqual([
    ...['SHA256SUMS', 'consentements.csv.age', 'donnees.json.age', 'echanges.csv.age'],
    ...['leads.csv.age', 'transmissions.csv.age'],
  ]);
  for (const line of readFileSync(join(folder, 'out', 'SHA256SUMS'), 'utf8')
    .trim()
    .split('\n')) {
    const [digest, file = ''] = line.split('  ');
    expect(
      createHash('sha256')
        .update(readFileSync(join(folder, 'out', file)))
        .digest('hex'),
    ).toBe(digest);
  }
  const data = JSON.parse(await opened('out', 'donnees.json.age')) as {
    leads: {
      reference: string;
      identity: { lastName: string };
      transmissions: unknown[];
      interactions: unknown[];
    }[];
    refusedRows: unknown[];
  };
  const byReference = new Map(data.leads.map((lead) => [lead.reference, lead]));
  expect(byReference.size).toBe(2);
  expect(byReference.get('CANARI-2')?.transmissions).toHaveLength(0);
  const first = byReference.get('CANARI-1');
  expect(first?.transmissions).toHaveLength(1);
  expect(first?.identity.lastName).toBe('=Canarizumque');
  expect(JSON.stringify(first?.interactions)).toContain('Contenu-canari 7');
  expect(data.refusedRows).toHaveLength(1);
  const rows = parse<Record<string, string>>(await opened('out', 'leads.csv.age'), {
    bom: true,
    delimiter: ';',
    columns: true,
  });
  expect(new Set(rows.map((row) => row['Référence']))).toEqual(new Set(['CANARI-1', 'CANARI-2']));
  expect(rows).toHaveLength(2);
  // What a spreadsheet would run is text.
  expect(rows.flatMap((row) => Object.values(row))).toContain("'=Canarizumque");
  expect(await opened('out', 'echanges.csv.age')).toContain('Contenu-canari 7');

  expect((await relais('client', 'close', 'essai', '--delete', '--yes')).err).toMatch(
    /the day agreed is 2199-01-31/,
  );
  await gateway.owner.run('UPDATE client_closings SET delete_on = ?', [today()]);
  const own = { client_id: 'essai', destination_id: 'essai-crm' };
  const renewed = { made_by: 'account:1', made_at: '2026-01-01', overlap_ends_at: '2026-01-08' };
  await insert('rotated_secrets', {
    ...own,
    name: 'SIGN',
    sealed: 'x',
    over_value: 'x'.repeat(32),
    ...renewed,
  });
  const sent = { place: 'sandbox', actor: 'account:1', sent_at: '2026-01-01' };
  await insert('test_leads', { ...own, reference: 'TEST-1', ...sent });
  await insert('alerts', { kind: 'internal_error', client_id: 'essai', reason: 'CLOSING:TYPE_ERROR' });
  await gateway.until('deleted', async () => {
    await relais('client', 'close', 'essai', '--delete', '--yes');
    return (await gateway.owner.all('SELECT 1 FROM client_closings WHERE proof > 0')).length === 1;
  });
  expect(
    await gateway.owner.all("SELECT 1 FROM alerts WHERE reason LIKE 'CLOSING:%' AND closed_at IS NULL"),
  ).toEqual([]);
  for (const table of ['rotated_secrets', 'test_leads'])
    expect(await gateway.owner.all(`SELECT 1 FROM ${table}`)).toEqual([]);
  expect(new Set(Object.values(await heldRows(gateway.owner, 'essai')))).toEqual(new Set([0]));
  const [proof] = await gateway.owner.all<{ document: string }>(
    "SELECT d.document FROM proofs p JOIN proof_documents d ON d.number = p.number WHERE p.act = 'contract_end'",
  );
  const key = (await relais('proof', 'key')).out;
  const checked = checkProof(proof?.document ?? '', key);
  expect(checked).toMatchObject({ ok: true });
  if (checked.ok) {
    expect(checked.proof.tables.find(({ table }) => table === 'leads')).toMatchObject({
      rowsBefore: 2,
      rowsAfter: 0,
    });
    expect(checked.proof.log.entries.map(({ entry }) => entry)).toEqual(
      expect.arrayContaining(['client_closed', 'client_returned', 'client_deleted', 'retention_run']),
    );
  }
  expect((await gateway.entries()).some(({ entry }) => entry === 'departed')).toBe(true);
  // As the planner's loop does within a second.
  const { database, keys, oppositionKey } = gateway.app;
  await writeLedger({ database, sealKeys: keys.seal, oppositionKey, folder: undefined });
  await expect(canaryIn()).resolves.toEqual([]);
});

test('C55: it is not closed without the instruction that says so, nor over a right that is still to be told, nor deleted over an open request', async () => {
  await work();
  await relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'annexe', '--covers', 'retention'],
  );
  const other = await relais(
    ...[
      'client',
      'close',
      'essai',
      '--instruction',
      '2',
      '--delete-on',
      '2199-01-01',
      '--reason',
      'x y z',
      '--yes',
    ],
  );
  expect(other.err).toMatch(/^RETENTION-001 .*not the end of its contract/);
  expect((await end('2020-01-01')).err).toMatch(/has passed/);
  await gateway.owner.run(
    "UPDATE deliveries SET action = 'erase', state = 'waiting', due_at = '2199-01-01', expires_at = '2199-01-01', settled_at = NULL WHERE state = 'delivered'",
  );
  expect((await end('2199-01-31')).err).toMatch(/^CLIENT-001 1 changes and erasures/);
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'delivered', settled_at = UTC_TIMESTAMP(3) WHERE action = 'erase'",
  );
  expect((await end(today())).code).toBe(0);
  await giveBack('out');
  await relais(
    'request',
    'open',
    '--client',
    'essai',
    '--kind',
    'access',
    '--email',
    'zoe.lefevre@courriel.example',
  );
  expect((await relais('client', 'close', 'essai', '--delete', '--yes')).err).toMatch(
    /requests of persons are open/,
  );
  // Nor by the run that the planner begins.
  await gateway.app.retention.finish(await gateway.app.retention.begin('essai', 'tester'));
  expect((await gateway.owner.all('SELECT 1 FROM leads')).length).toBe(2);
});

test('C24 C55: a withdrawal of everything after the end is one task of its recipient; acknowledged, nothing keeps the lead', async () => {
  const stop = await work();
  await end(today());
  const asked = { clientId: 'essai', kind: 'withdrawal', references: ['CANARI-1'] } as const;
  const { requests } = gateway.app;
  const by = { actor: 'tester', evidence: 'letter of 2026-12-01' };
  const { id } = await requests.open({ ...asked, actor: 'tester' });
  await requests.apply(id, { selection: { leads: ['CANARI-1'], rows: [] }, actor: 'tester' });
  const written = async () =>
    (await gateway.states()).filter(({ reason }) => reason === 'manual_update_required');
  await gateway.until('planned', async () => (await written()).length > 0 && (await unplanned()) === 0);
  await stop();
  expect(await written()).toHaveLength(1);
  await requests.acknowledge(id, { ...by, destinationId: 'essai-crm', isExplained: false });
  await requests.declareInformed(id, by);
  await requests.close(id, { actor: 'tester', outcome: 'done', reason: '' });
  expect((await giveBack('out')).code).toBe(0);
  const gone = await relais('client', 'close', 'essai', '--delete', '--yes', '--json');
  expect(JSON.parse(gone.out)).toMatchObject({ state: 'deleted' });
});

test('C21 C55: a refused row under a restriction is not deleted with the rest; lifted, all of it goes', async () => {
  const stop = await work();
  await stop();
  const asked = { clientId: 'essai', kind: 'restriction', references: ['CANARI-3'] } as const;
  const { requests } = gateway.app;
  const { id } = await requests.open({ ...asked, actor: 'tester' });
  await requests.apply(id, { selection: { leads: [], rows: 'all' }, actor: 'tester' });
  await requests.declareInformed(id, { actor: 'tester', evidence: 'letter of 2026-12-01' });
  await requests.close(id, { actor: 'tester', outcome: 'done', reason: '' });
  await end(today());
  expect((await giveBack('out')).code).toBe(0);
  const state = async (): Promise<unknown> =>
    JSON.parse((await relais('client', 'close', 'essai', '--delete', '--yes', '--json')).out);
  expect(await state()).toMatchObject({ state: 'returned', held: { leads: 0, lead_intake: 1 } });
  expect((await relais('client', 'close', 'essai')).err).toContain('Waiting: 1 refused rows');
  await requests.lift(id, { actor: 'tester', evidence: 'letter of 2026-12-10' });
  expect(await state()).toMatchObject({ state: 'deleted', held: { lead_intake: 0 } });
});

test.each([
  ['a withdrawal', { kind: 'consent', reference: 'OUI-1', row_reference: 'OUI-1-R' }],
  ['a new lead of the person that says no', strangerRow('NON-1', { email: 'oui-1@courriel.example' })],
])(
  'C55: it is not closed over %s that was handed in and not read yet: its recipient would never hear of it',
  async (_, row) => {
    const [planner] = await gateway.start('planner', 'worker');
    await gateway.send(strangerRow('OUI-1'));
    const delivered = async (action: string): Promise<boolean> =>
      (await gateway.states(`d.action = '${action}'`)).some(({ state }) => state === 'delivered');
    await gateway.until('delivered', () => delivered('create'));
    await planner?.stop();
    const recordedAt = new Date().toISOString();
    const consents = JSON.stringify([
      { purpose: 'marketing', channel: 'email', state: 'withdrawn', recordedAt },
    ]);
    await gateway.send({ client_id: 'essai', ...row, consents });
    expect((await end('2199-01-31')).err).toMatch(/^CLIENT-001 1 changes and erasures/);
    await gateway.start('planner');
    await gateway.until('the recipient knows', () => delivered('update'));
    expect((await end('2199-01-31')).code).toBe(0);
  },
);

test("C55: the client's people and systems come in no more, and get no new account or key; those of others do", async () => {
  const { access } = gateway.app;
  const by = { actor: 'tester' };
  const viewer = { roles: ['viewer'] as const, clientId: 'essai' };
  await gateway.owner.run(
    "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('other', 'Autre', 'Autre', '{}')",
  );
  const accounts = [
    await createAccount(access, { login: 'lea@essai.example', ...viewer }, by.actor),
    await createAccount(access, { login: 'paul@autre.example', ...viewer, clientId: 'other' }, by.actor),
    await createAccount(access, { login: 'sophie@centre.example', roles: ['support'] }, by.actor),
  ];
  const asked = { scopes: ['lead.pull'] as const, addresses: [], days: 30 };
  const keys = [
    await createApiKey(access, { name: 'CRM', clientId: 'essai', ...asked }, by.actor),
    await createApiKey(access, { name: 'Autre', clientId: 'other', ...asked }, by.actor),
  ];
  expect((await end('2199-01-31')).code).toBe(0);
  const open = async (table: string): Promise<readonly number[]> =>
    (
      await gateway.owner.all<{ id: number }>(`SELECT id FROM ${table} WHERE ended_at IS NULL ORDER BY id`)
    ).map(({ id }) => id);
  expect(await open('accounts')).toEqual(accounts.slice(1).map(({ id }) => id));
  expect(await open('api_keys')).toEqual(keys.slice(1).map(({ id }) => id));
  expect(await holderOfKey(access, keys[0]?.key ?? '', '127.0.0.1')).toBeUndefined();
  expect(
    await gateway.owner.all(
      "SELECT entry, client_id AS client, target FROM handovers WHERE reason = 'CONTRACT_ENDED' ORDER BY id",
    ),
  ).toEqual([
    { entry: 'account_changed', client: 'essai', target: `account:${accounts[0]?.id}` },
    { entry: 'api_key_changed', client: 'essai', target: `key:${keys[0]?.id}` },
  ]);
  await expect(createAccount(access, { login: 'max@essai.example', ...viewer }, by.actor)).rejects.toThrow(
    /contract of essai has ended/,
  );
  await expect(
    createApiKey(access, { name: 'CRM 2', clientId: 'essai', ...asked }, by.actor),
  ).rejects.toThrow(/contract of essai has ended/);
});

test('C55: closed in the middle of sending, no departure stands behind the closing in the log', async () => {
  const { answer } = crm;
  const closed = Promise.withResolvers<undefined>();
  // However long the closing takes, some are left for it: the recipient falls silent when it has half of them.
  crm.answer = (request, response, raw) =>
    void (crm.received.length > 60 ? closed.promise : Promise.resolve()).then(() =>
      answer(request, response, raw),
    );
  await gateway.start('planner', 'worker');
  await gateway.send(...Array.from({ length: 120 }, (_, index) => strangerRow(`RUN-${index}`)));
  await gateway.until('under way', () => crm.received.length >= 5);
  // What has departed is not recalled; nothing departs behind it.
  expect((await end('2199-01-31')).code).toBe(0);
  closed.resolve(undefined);
  await gateway.until('all ended', async () => {
    const [row] = await gateway.owner.all<{ n: number }>(
      "SELECT COUNT(*) AS n FROM deliveries WHERE state NOT IN ('delivered', 'failed', 'cancelled')",
    );
    const [left] = await gateway.owner.all<{ n: number }>(
      "SELECT (SELECT COUNT(*) FROM lead_changes) + (SELECT COUNT(*) FROM lead_intake WHERE status = 'new') AS n",
    );
    return row?.n === 0 && left?.n === 0;
  });
  const entries = (await gateway.entries()).map(({ entry }) => entry);
  const closedAt = entries.indexOf('client_closed');
  expect(closedAt).toBeGreaterThan(0);
  expect(entries.slice(closedAt)).not.toContain('departed');
  expect(entries.filter((entry) => entry === 'departed').length).toBeLessThan(120);
});

const insert = (table: string, row: Readonly<Record<string, string>>): Promise<unknown> =>
  gateway.owner.run(
    `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row)
      .map(() => '?')
      .join(', ')})`,
    Object.values(row),
  );

/** Tables in which something of the canaries stands. */
async function canaryIn(): Promise<readonly string[]> {
  const found: string[] = [];
  const tables = await gateway.owner.all<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [gateway.owner.name],
  );
  for (const { name } of tables) {
    const text = JSON.stringify(await gateway.owner.all(`SELECT * FROM \`${name}\``));
    if (/canari/i.test(text)) found.push(name);
  }
  return found;
}

test('C55: a deletion by hand waits for the leads that a planner is at', async () => {
  const stop = await work();
  expect((await end(today())).code).toBe(0);
  await gateway.until('cancelled', async () =>
    (await gateway.states()).every(({ state }) => ['delivered', 'cancelled'].includes(state)),
  );
  await stop();
  expect((await giveBack('out')).code).toBe(0);
  const { retention } = gateway.app;
  const ofPlanner = await retention.begin('essai', 'planner');
  const deleted = relais('client', 'close', 'essai', '--delete', '--yes');
  await gateway.until('the run by hand has ended', async () => {
    const runs = await gateway.owner.all(
      "SELECT 1 FROM retention_runs WHERE actor <> 'planner' AND state = 'done'",
    );
    return runs.length === 1;
  });
  await retention.finish(ofPlanner);
  expect((await deleted).out).toContain('Deleted. Proof');
});
