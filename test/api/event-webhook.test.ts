// The centre's own tool is told what happens: signed, in order, none left out over refusals, restarts and two processes at once.
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { tellEvents } from '../../src/support/event-webhook.ts';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { strangerRow } from '../trip/gateway.ts';
import { openPullRig, type PullRig } from './pull-rig.ts';

let tool: HttpRecipient;
let rig: PullRig;
const secrets = [randomBytes(24), randomBytes(32)];
const written = secrets.map((secret) => `whsec_${secret.toString('base64')}`);
beforeEach(async () => {
  tool = await startHttpRecipient();
  answerWith(() => 204);
  rig = await openPullRig();
});
afterEach(async () => {
  await rig.close();
  await tool.close();
});

let answered: { event: string; status: number }[] = [];
function answerWith(statusOf: (event: string) => number): void {
  answered = [];
  tool.answer = (request, response) => {
    const event = String(request.headers['webhook-id']);
    const status = statusOf(event);
    answered.push({ event, status });
    response.writeHead(status).end();
  };
}
const tell = (): Promise<boolean> =>
  tellEvents(
    { database: rig.gateway.app.database, network: rig.gateway.config.network, log: silentLog },
    { url: `http://localhost:${tool.port}/relais`, secrets: written },
  );
/** So many leads become so many events, half of them failed. Answers their references, in that order. */
async function happen(prefix: string, count: number): Promise<readonly string[]> {
  await rig.gateway.send(
    ...Array.from({ length: count }, (_, at) => strangerRow(`${prefix}-${at + 1}`, { last_name: 'Martin' })),
  );
  await rig.due(count);
  const items = await rig.fetched();
  await rig.answer(items.slice(0, count / 2), 'accepted');
  await rig.answer(items.slice(count / 2), 'refused', { reason: 'PROGRAMME_CLOSED' });
  return items.map(({ lead }) => lead);
}
const sealed = (): Promise<void> =>
  // A seal is 0 as well where the planner's took its number.
  rig.gateway.until('all entries are sealed', async () => {
    await rig.gateway.app.sealer.seal(2_000);
    return (await rig.gateway.owner.all('SELECT 1 FROM handovers_unsealed LIMIT 1')).length === 0;
  });
const inForce = (): Promise<readonly { id: number }[]> =>
  rig.gateway.owner.all("SELECT id FROM handovers WHERE next_step IN ('done', 'fail') ORDER BY id");
const taken = (): readonly string[] =>
  answered.filter(({ status }) => status < 300).map(({ event }) => event);
const dueNow = (): Promise<unknown> =>
  rig.gateway.owner.run('UPDATE event_cursors SET due_at = UTC_TIMESTAMP(3)');

function isSigned({ headers, body }: Received, secret: Buffer): boolean {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body.toString()}`;
  const expected = `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}

test('from its beginning on, each event is one message, signed with every secret, in the order of the log, of no person', async () => {
  await sealed();
  await tell();
  const [delivered] = await happen('V', 6);
  await sealed();
  while (await tell());
  expect(taken()).toEqual((await inForce()).map(({ id }) => `event-${id}`));
  expect(taken()).toHaveLength(6);
  for (const message of tool.received) {
    for (const secret of secrets) expect(isSigned(message, secret)).toBe(true);
    expect(isSigned(message, randomBytes(24))).toBe(false);
    expect(message.body.toString()).not.toMatch(/Martin|courriel|\+336/);
  }
  const [first] = tool.received.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
  expect(first).toMatchObject({
    type: 'relais.delivered',
    data: { kind: 'delivered', client: 'essai', destination: 'essai-pull', lead: delivered },
  });
  await tell();
  expect(taken()).toHaveLength(6);
});

test('what is refused is told again later, the others behind it; two processes tell each once; none is left out', async () => {
  await sealed();
  await tell();
  await happen('X', 8);
  await sealed();
  const ids = (await inForce()).map(({ id }) => `event-${id}`);
  answerWith((event) => (event === ids[3] ? 503 : 200));
  await tell();
  expect(taken()).toEqual(ids.slice(0, 3));
  expect(await tell()).toBe(false);
  expect(answered).toHaveLength(4);
  const [cursor] = await rig.gateway.owner.all<{ failures: number; later: number }>(
    'SELECT failures, due_at > UTC_TIMESTAMP(3) AS later FROM event_cursors',
  );
  expect(cursor).toEqual({ failures: 1, later: 1 });
  await happen('Z', 4);
  await sealed();
  const all = (await inForce()).map(({ id }) => `event-${id}`);
  answerWith(() => 200);
  await dueNow();
  while (taken().length < all.length - 3) await Promise.all([tell(), tell(), tell()]);
  await Promise.all([tell(), tell(), tell()]);
  expect(taken()).toEqual(all.slice(3));
});

test('a tool that takes nothing for minutes is a task, until it takes the event', async () => {
  await sealed();
  await tell();
  await happen('T', 2);
  await sealed();
  const standing = async (): Promise<readonly string[]> =>
    (
      await rig.gateway.owner.all<{ reason: string }>(
        "SELECT reason FROM alerts WHERE kind = 'events_untold' AND closed_at IS NULL",
      )
    ).map(({ reason }) => reason);
  answerWith(() => 503);
  for (let time = 1; time <= 9; time += 1) {
    expect(await standing()).toEqual(time <= 7 ? [] : ['webhook:HTTP_503']);
    await dueNow();
    await tell();
  }
  answerWith(() => 200);
  await dueNow();
  await tell();
  expect(await standing()).toEqual([]);
  expect(taken()).toHaveLength(2);
});

test('a teller killed by SIGKILL while a message is under way: the next tells that one again, and none is left out', async () => {
  await sealed();
  await tell();
  await happen('K', 6);
  await sealed();
  const ids = (await inForce()).map(({ id }) => `event-${id}`);
  const child = spawn(
    process.execPath,
    [join(__dirname, 'dying-teller.ts'), `http://localhost:${tool.port}/relais`, written[0] ?? ''],
    { stdio: 'inherit', env: { ...process.env, ...rig.environment } },
  );
  const ended = once(child, 'exit');
  const held: string[] = [];
  tool.answer = (request, response) => {
    const event = String(request.headers['webhook-id']);
    held.push(event);
    if (event === ids[2]) child.kill('SIGKILL');
    else response.writeHead(200).end();
  };
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(held).toEqual(ids.slice(0, 3));
  answerWith(() => 200);
  await rig.gateway.until('all are told', async () => {
    await tell();
    return taken().length === 4;
  });
  expect(taken()).toEqual(ids.slice(2));
});

test('a planner that has the address tells by itself', async () => {
  await rig.close();
  rig = await openPullRig(undefined, {
    RELAIS_EVENTS_WEBHOOK: `http://localhost:${tool.port}/relais`,
    RELAIS_EVENTS_SECRET: written.join('\n'),
  });
  await rig.gateway.until(
    'it has begun',
    async () => (await rig.gateway.owner.all('SELECT 1 FROM event_cursors')).length === 1,
  );
  await happen('B', 2);
  await rig.gateway.until('both are told', () => taken().length === 2);
  expect(taken()).toEqual((await inForce()).map(({ id }) => `event-${id}`));
});

test('the configuration wants a secret beside the address, in the form of Standard Webhooks', () => {
  const given = {
    ...rig.environment,
    RELAIS_ALLOW_PLAINTEXT: 'yes',
    RELAIS_EVENTS_WEBHOOK: 'http://localhost:1/',
  };
  expect(() => loadConfig(given)).toThrow(/RELAIS_EVENTS_SECRET/);
  expect(() => loadConfig({ ...given, RELAIS_EVENTS_SECRET: 'secret' })).toThrow(/RELAIS_EVENTS_SECRET/);
  expect(loadConfig({ ...given, RELAIS_EVENTS_SECRET: written.join(' ') }).events).toEqual({
    url: 'http://localhost:1/',
    secrets: written,
  });
});
