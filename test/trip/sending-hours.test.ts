// Outside its hours a destination gets nothing but what a prospect takes back; everything else waits, visibly, for the opening.
import { createMaintenance } from '../../src/delivery/background/maintenance.ts';
import { checkAlerts } from '../../src/delivery/background/alert-checks.ts';
import { quarantineOf } from '../delivery/quarantine-of.ts';
import { silentLog } from '../../src/log.ts';
import { paris } from '../../src/support/words.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';
import { closed, open, opening } from './hours.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let text: string;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: request.url.split('/').at(2) ?? 'R-1' }));
  const files = webhookFiles(crm.port);
  // However slow this machine is, no lead is exhausted before its hours are changed.
  text = (files['essai/crm.yaml'] ?? '').replace('[1s, 1s, 2s]', `[${Array(50).fill('1s').join(', ')}]`);
  gateway = await openGateway({ files });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

let versions = 0;
async function publish(hours: string): Promise<void> {
  versions += 1;
  gateway.file('essai/crm.yaml', `${text.replace('maxAge: 1h', 'maxAge: 30d')}\n${hours}\n`);
  const request = { destinationId: 'essai-crm', author: 'tester', note: `version ${versions}` };
  await gateway.app.publishing.publish(request);
}
const stateOf = async (reference: string, action = 'create'): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join();
const until = (reference: string, wanted: string, action = 'create'): Promise<void> =>
  gateway.until(`${reference} ${action} ${wanted}`, async () =>
    (await stateOf(reference, action)).startsWith(wanted),
  );
const methods = (): readonly string[] => crm.received.map((request) => request.method);
/** To the minute: between reading the clock and writing by it some time passes. */
const dueAt = async (): Promise<readonly number[]> =>
  (await gateway.owner.all<{ due_at: Date }>('SELECT due_at FROM deliveries ORDER BY id')).map(
    (row) => Math.floor(row.due_at.getTime() / 60_000) * 60_000,
  );
let canaries = 0;
/** Publishes, and waits until the running processes go by it: they look for another version once a second. */
async function publishClosed(more = ''): Promise<void> {
  await publish(closed(more));
  await gateway.until('a lead that waits for the opening', async () => {
    canaries += 1;
    const canary = `Z-${canaries}`;
    await gateway.send(strangerRow(canary));
    await gateway.until(canary, async () => !/^(planned|queued|sending|)(:|$)/.test(await stateOf(canary)));
    return (await stateOf(canary)) === 'waiting:outside_hours';
  });
  crm.received.length = 0;
}
const correct = (reference: string): Promise<void> =>
  gateway.send({
    ...strangerRow(reference, { last_name: 'Lefort', consents: null }),
    kind: 'correction',
    row_reference: 'k-1',
  });
const withdraw = (reference: string): Promise<unknown> =>
  gateway.app.rights.withdraw({
    clientId: 'essai',
    reference,
    actor: 'tester',
    reason: 'request 1',
    purpose: 'marketing',
    channels: ['email'],
  });
const erase = (reference: string): Promise<unknown> =>
  gateway.app.rights.erase({ clientId: 'essai', reference, actor: 'tester', reason: 'request 2' });

test('a lead that comes outside the hours waits with the reason and the time of the opening, and leaves when other hours are published', async () => {
  await publish(closed());
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('N-1'));
  await until('N-1', 'waiting:outside_hours');
  expect(await dueAt()).toEqual([opening()]);
  const relais = terminalOf(environmentOf(gateway));
  const when = paris(new Date(opening()));
  const id = String((await gateway.states())[0]?.id);
  const story = await relais('delivery', 'show', id);
  expect(story.out).toContain('hors des horaires d');
  expect(story.out).toMatch(new RegExp(`Prochain essai +${when}`));
  expect((await relais('destination', 'list')).out).toContain(`nothing before ${when}`);
  expect((await relais('status')).out).toContain(`essai-crm is outside its sending hours; it opens ${when}`);
  await publish(open);
  await until('N-1', 'delivered');
  expect(methods()).toEqual(['POST']);
});

test('what was queued before it closed does not leave after: the claim asks again', async () => {
  await publish(open);
  const [planner] = await gateway.start('planner');
  await gateway.send(strangerRow('N-2'));
  await until('N-2', 'queued');
  await planner?.stop();
  await publish(closed());
  await gateway.start('worker');
  await until('N-2', 'waiting:outside_hours');
  expect(await dueAt()).toEqual([opening()]);
  expect((await gateway.entries()).map((entry) => entry.entry)).not.toContain('departed');
});

test('a retry that falls outside the hours waits for the opening, and spends no try', async () => {
  const answer = crm.answer;
  crm.answer = (_request, response) => void response.writeHead(503).end();
  await publish(open);
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('N-3'));
  await until('N-3', 'waiting:retry');
  await publish(closed());
  await until('N-3', 'waiting:outside_hours');
  const tries = crm.received.length;
  crm.answer = answer;
  await publish(open);
  await until('N-3', 'delivered');
  expect(methods()).toHaveLength(tries + 1);
});

test('C22, C24: an erasure and a withdrawal leave at any hour; a correction waits', async () => {
  await publish(open);
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('N-4'), strangerRow('N-5'), strangerRow('N-6'));
  for (const reference of ['N-4', 'N-5', 'N-6']) await until(reference, 'delivered');
  await publishClosed();
  await correct('N-6');
  await until('N-6', 'waiting:outside_hours', 'update');
  await withdraw('N-4');
  await until('N-4', 'delivered', 'update');
  await erase('N-5');
  await until('N-5', 'delivered', 'erase');
  expect(await stateOf('N-6', 'update')).toBe('waiting:outside_hours');
  expect(methods()).toEqual(['PUT', 'DELETE']);
});

test('with `rights: in_hours` they wait as well, and nobody is given a task for it', async () => {
  await publish(open);
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('N-7'), strangerRow('N-8'));
  for (const reference of ['N-7', 'N-8']) await until(reference, 'delivered');
  await publishClosed(', rights: in_hours');
  await withdraw('N-7');
  await erase('N-8');
  await until('N-7', 'waiting:outside_hours', 'update');
  await until('N-8', 'waiting:outside_hours', 'erase');
  await gateway.owner.run('UPDATE deliveries SET created_at = TIMESTAMPADD(HOUR, -1, created_at)');
  await checkAlerts(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
  expect(await gateway.owner.all("SELECT id FROM alerts WHERE kind = 'right_waits'")).toEqual([]);
  expect(methods()).toEqual([]);
});

test('a lead that waits for the opening ages: past its maxAge it ends, with an alert', async () => {
  await publish(closed());
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('N-9'));
  await until('N-9', 'waiting:outside_hours');
  await gateway.owner.run('UPDATE deliveries SET expires_at = UTC_TIMESTAMP(3)');
  await until('N-9', 'failed:expired:outside_hours');
  const alerts = await gateway.owner.all<{ kind: string }>('SELECT kind FROM alerts');
  expect(alerts.map((alert) => alert.kind)).toContain('delivery_expired');
});

test('its promise counts in the hours only: nobody is told that a lead waits at night', async () => {
  await publish(closed());
  const [planner] = await gateway.start('planner');
  await gateway.send(strangerRow('N-10'));
  await until('N-10', 'waiting:outside_hours');
  await planner?.stop();
  const told = async (): Promise<number> => {
    await checkAlerts(gateway.app.database, gateway.app.published, quarantineOf(gateway.app.database));
    return (await gateway.owner.all("SELECT id FROM alerts WHERE kind = 'lead_waits'")).length;
  };
  // Eight hours by the clock, none of them in the hours.
  await gateway.owner.run('UPDATE deliveries SET created_at = TIMESTAMPADD(HOUR, -8, created_at)');
  expect(await told()).toBe(0);
  // Two days: four hours of them.
  await gateway.owner.run('UPDATE deliveries SET created_at = TIMESTAMPADD(HOUR, -48, created_at)');
  expect(await told()).toBe(1);
});

test('a recipient that still decides is not asked outside the hours, and the lead stays pending', async () => {
  await publish(closed());
  await gateway.start('planner');
  await gateway.send(strangerRow('N-11'));
  await until('N-11', 'waiting:outside_hours');
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'pending', reason = 'recipient_decides', due_at = UTC_TIMESTAMP(3)",
  );
  const { database, published } = gateway.app;
  const producer = { push: () => Promise.reject(new Error('asked')) } as never;
  const maintenance = createMaintenance({ database, published, producer, log: silentLog });
  await maintenance.askAgain();
  expect(await stateOf('N-11')).toBe('pending:recipient_decides');
  expect(await dueAt()).toEqual([opening()]);
});
