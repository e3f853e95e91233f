// C36: for a client that has moved nothing is sent or changed here any more, whichever door is tried, and what recipients report is refused.
import { Webhook } from 'standardwebhooks';
import { createApiKey } from '../../src/access/api-keys.ts';
import { keyScopes } from '../../src/access/permissions.ts';
import type { Api } from '../../src/api/server.ts';
import { startCallbacks } from '../../src/callbacks/server.ts';
import { noteReturned } from '../../src/delivery/background/bounces.ts';
import { civilDate } from '../../src/domain/civil-date.ts';
import { freezeClient } from '../../src/hosting/leave.ts';
import { silentLog } from '../../src/log.ts';
import { startPlanner } from '../../src/roles/planner.ts';
import { startWorker } from '../../src/roles/worker.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { movedPage, shapeOf } from '../../src/store/hosting/moved-rows.ts';
import { movedTables } from '../../src/store/hosting/moved-tables.ts';
import { appendHandovers, type HandoverEntry } from '../../src/store/log/handovers.ts';
import { perform } from '../../src/support/acts/act.ts';
import { closeAll } from '../../src/support/acts/bulk.ts';
import { workAnyRun } from '../../src/support/bulk-runs.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { openInterface } from '../api/interface.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { deskOver, type Browser, type TestDesk } from '../console/desk.ts';
import { openDeciding, type Deciding } from '../trip/deciding-crm.ts';
import { strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const why = ['--reason', 'ticket 12'];
const shown = ['--evidence', 'mail of 2026-11-20'];
let deciding: Deciding;
let gateway: Gateway;
let relais: Relais;
let api: Api;
let desk: TestDesk;
let support: Browser;
let key: string;
let callbacks: Awaited<ReturnType<typeof startCallbacks>>;
/** Number of the delivery of each lead. */
const idOf: Record<string, number> = {};
let refusedRow = '';
/** A bulk run that was begun before the move, for all clients. */
let bulk = 0;

beforeAll(async () => {
  deciding = await openDeciding({ RELAIS_SECRET_ESSAI_CALLBACK: secret });
  ({ gateway } = deciding);
  const { crm } = deciding;
  const { app, owner } = gateway;
  crm.answer = ({ url, body }, response) => {
    const { ref = '' } = JSON.parse(String(body)) as { ref?: string };
    const answers: Readonly<Record<string, number>> = { 'L-PENDING': 202, 'L-REFUSED': 422, 'L-OPEN': 422 };
    const status = url === '/leads' ? (answers[ref] ?? 200) : 200;
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: status === 200, id: `C-${ref}` }));
  };
  for (const [name, text] of Object.entries(webhookFiles(crm.port)))
    gateway.file(
      name.replace('essai', 'autre'),
      text.replaceAll('essai', 'autre').replaceAll('/leads', '/autre'),
    );
  await deciding.publish(
    `{ url: 'http://localhost:${crm.port}/decisions/{reference}' }`,
    'pending: { for: 10h, every: 1h }\ncallback: { secret: secret:ESSAI_CALLBACK, key: $.key }',
  );
  await app.publishing.publish({ destinationId: 'autre-crm', author: 'tester', note: 'first' });
  relais = terminalOf(environmentOf(gateway));
  api = await openInterface(app);
  desk = await deskOver(gateway);
  support = await desk.signedIn('support');
  const scopes = keyScopes.filter((scope) => scope !== 'lead.pull');
  key = (await createApiKey(app.access, { name: 'centre', scopes, addresses: [], days: 1 }, 'tester')).key;
  const { database, published, callbackKey } = app;
  callbacks = await startCallbacks({
    ...{ database, published, callbackKey, log: silentLog, host: '127.0.0.1', port: 0 },
    ...{ secrets: gateway.config.secrets, network: gateway.config.network },
  });

  const roles = [await startPlanner(app), await startWorker(app)];
  await gateway.send(
    ...['L-DONE', 'L-PENDING', 'L-REFUSED', 'L-OPEN'].map((reference) => strangerRow(reference)),
    strangerRow('L-ROW', { mobile: '06-none' }),
  );
  await gateway.until('every lead is where the doors are tried on it', async () => {
    const states = (await gateway.states()).map(({ reference, state }) => `${reference} ${state}`);
    const refused = await owner.all<{ id: string }>(
      "SELECT CAST(id AS CHAR) AS id FROM lead_intake WHERE status = 'refused'",
    );
    refusedRow = refused[0]?.id ?? '';
    return (
      refusedRow !== '' &&
      states.toSorted().join() === 'L-DONE delivered,L-OPEN failed,L-PENDING pending,L-REFUSED failed'
    );
  });
  for (const role of roles) await role.stop();
  for (const { id, reference } of await gateway.states()) idOf[reference] = id;
  await owner.run('UPDATE deliveries SET maybe_received = 1 WHERE id = ?', [idOf['L-OPEN'] ?? 0]);
  await owner.run(
    `UPDATE lead_intake SET refusal = '[{"code":"SET_ASIDE","column":""}]' WHERE status = 'refused'`,
  );
  const asked = { clientId: 'essai', kind: 'erasure', email: 'nobody@courriel.example' } as const;
  await app.requests.open({ ...asked, actor: 'tester' });
  const input = {
    filter: { state: 'failed' },
    expected: 2,
    reason: 'ticket 12',
    evidence: 'ticket 12',
  } as const;
  const by = { scope: wholeCentre, actor: 'tester' };
  bulk = (await perform(app, closeAll, by, { to: [], input })).id;
  await relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
    ...['--document', 'annexe 4', '--covers', 'hosting'],
  );
  await freezeClient(database, {
    ...{ clientId: 'essai', instruction: 1, deleteOn: civilDate(database.now()) },
    ...{ reason: 'annexe 4', actor: 'tester' },
  });
});
afterAll(async () => {
  await callbacks.close();
  await api.close();
  await desk.close();
  await deciding.crm.close();
});

/** Every row of the client that moves with it. */
async function rowsThatMove(): Promise<readonly string[]> {
  const rows: string[] = [];
  const { database } = gateway.app;
  for (const moved of movedTables) {
    const shape = await shapeOf(database, database.name, moved.table);
    const page = await movedPage(database, shape, moved, { clientId: 'essai', limit: 1_000 });
    rows.push(...page.map((row) => `${moved.table} ${JSON.stringify(row)}`));
  }
  return rows;
}

/** Tries the door; what moves is as it was. */
async function refusing<T>(door: () => Promise<T>): Promise<T> {
  const before = await rowsThatMove();
  const answer = await door();
  expect(await rowsThatMove()).toEqual(before);
  return answer;
}

const codeOf = (text: string): string => /[A-Z]+-\d{3}/.exec(text)?.[0] ?? 'none';

test.each<[string, () => readonly string[]]>([
  ['a replay', () => ['replay', String(idOf['L-REFUSED']), ...why]],
  ['a cancellation', () => ['cancel', String(idOf['L-PENDING']), ...why]],
  ['“the recipient has it”', () => ['delivery', 'resolve', String(idOf['L-OPEN']), '--received', ...shown]],
  [
    '“it does not have it”',
    () => ['delivery', 'resolve', String(idOf['L-OPEN']), '--not-received', ...shown],
  ],
  ['closing a task', () => ['task', 'close', String(idOf['L-REFUSED']), ...why, ...shown]],
  ['a withdrawal', () => ['lead', 'withdraw', 'L-DONE', '--client', 'essai', ...why]],
  [
    'an erasure',
    () => ['lead', 'erase', 'L-DONE', '--client', 'essai', ...why, '--identity', 'ticket 12', '--yes'],
  ],
  ['a refused row', () => ['lead', 'retry', refusedRow, ...why]],
  ['the opposition list', () => ['opposition', 'add', '--client', 'essai', '--email', 'a@b.example', ...why]],
  [
    'an instruction',
    () => [
      ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-20', '--from', 'la direction'],
      ...['--document', 'annexe 5', '--covers', 'hosting'],
    ],
  ],
  ['an operation', () => ['operation', 'record', 'OP', '--client', 'essai', '--ends', '2027-06-30']],
  [
    'an authorisation',
    () => ['authorisation', 'grant', 'essai-crm', '--recipient', 'Agence', '--document', 'contrat 2'],
  ],
  ['the end of one', () => ['authorisation', 'revoke', '1', ...why]],
  [
    'a request',
    () => ['request', 'open', '--client', 'essai', '--kind', 'erasure', '--email', 'a@b.example'],
  ],
  ['a longer term', () => ['request', 'extend', '1', ...why]],
  ['the end of a request', () => ['request', 'declare-informed', '1', ...shown]],
  ['a version', () => ['mapping', 'publish', 'essai-crm', '--note', 'second version']],
  ['an API key', () => ['api-key', 'add', 'crm', '--client', 'essai', '--scope', 'lead.pull']],
])('C36: at the terminal %s is refused for a client that has moved', async (_, argv) => {
  const { out, err, code } = await refusing(() => relais(...argv()));
  expect(code).not.toBe(0);
  // Deliveries that are named go through a run, which says it of each.
  expect(`${out}${err}`).toMatch(/INSTANCE-001|has moved to another installation/);
});

test.each<[string, string, () => Readonly<Record<string, string>>]>([
  ['replay', 'L-REFUSED', () => ({ reason: 'ticket 12' })],
  ['cancel', 'L-PENDING', () => ({ reason: 'ticket 12' })],
  ['close', 'L-REFUSED', () => ({ reason: 'ticket 12', evidence: 'mail of 2026-11-20' })],
])('C36: over HTTP and in the console %s is refused too', async (act, lead, input) => {
  const id = String(idOf[lead]);
  const overHttp = await refusing(async () => {
    const path = act === 'close' ? `/v1/tasks/${id}/close` : `/v1/deliveries/${id}/${act}`;
    const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': act },
      body: JSON.stringify(input()),
    });
    return response.text();
  });
  const inConsole = await refusing(() => support.post(`/deliveries/${id}/${act}`, input()));
  expect([codeOf(overHttp), codeOf(inConsole.text)]).toEqual(['INSTANCE-001', 'INSTANCE-001']);
});

test('C36: a bulk run of all clients leaves out those of the client that has moved', async () => {
  const { app, owner } = gateway;
  await refusing(async () => {
    while (await workAnyRun(app));
  });
  const [run] = await owner.all<{ state: string; done: number; refused: number }>(
    'SELECT state, done, refused FROM bulk_runs WHERE id = ?',
    [bulk],
  );
  expect(run).toEqual({ state: 'done', done: 0, refused: 2 });
});

test('C36: a callback and a bounce are asked to come again, at the new address', async () => {
  const [pending] = await readDeliveries(gateway.app.database, [idOf['L-PENDING'] ?? 0]);
  if (pending === undefined) throw new Error('no delivery');
  const body = JSON.stringify({ key: pending.key, state: 'kept', id: 'C-9' });
  const at = new Date();
  const told = await refusing(() =>
    fetch(`http://127.0.0.1:${callbacks.port}/callbacks/essai-crm`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', 'webhook-id': 'msg_1' },
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
      },
      body,
    }),
  );
  expect(told.status).toBe(503);
  const bounce = { tag: { run: 1, attempt: 1 }, failures: [{ target: '', code: '5.1.1' }], targets: [] };
  expect(await refusing(() => noteReturned(gateway.app.database, pending, bounce))).toBe('later');
  // One task, however often they come.
  expect(
    await gateway.owner.all(
      "SELECT client_id AS client, reason FROM alerts WHERE kind = 'moved_reports' AND closed_at IS NULL",
    ),
  ).toEqual([{ client: 'essai', reason: '' }]);
});

test.each<HandoverEntry>([
  ...(['file_requested', 'file_released', 'file_discarded', 'resumed', 'secret_rotated'] as const),
  ...(['backfilled', 'unrestricted', 'person_exported', 'test_lead', 'rolled_back', 'published'] as const),
])('C36: no door, of files, fetched leads or any other, can act and write “%s”', async (entry) => {
  const act = (clientId: string): Promise<void> =>
    gateway.app.database.transaction(
      (tx) => appendHandovers(tx, [{ entry, clientId, actor: 'account:7', purpose: 'ticket 12' }]),
      { undoIf: () => true },
    );
  await expect(act('essai')).rejects.toMatchObject({ code: 'INSTANCE-001' });
  await act('autre');
});

test('C36: retries, questions, timers and new rows send nothing of it while another client’s leads go on', async () => {
  const { crm } = deciding;
  const { app, owner } = gateway;
  const before = crm.received.length;
  await owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state IN ('pending', 'waiting')");
  await gateway.send(strangerRow('L-LATE'), strangerRow('A-1', { client_id: 'autre' }));
  await gateway.start('planner', 'worker');
  await gateway.until(
    'the other client’s lead is there, and the row waits',
    async () =>
      (await gateway.states("l.client_id = 'autre' AND d.state = 'delivered'")).length === 1 &&
      (await owner.all("SELECT 1 FROM lead_intake WHERE reference = 'L-LATE' AND status = 'moved'"))
        .length === 1,
  );
  // What was due before it has been looked at by then: one planner, one queue of due rows.
  await app.retention.beginDaily();
  expect(crm.received.slice(before).map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /autre']);
});
