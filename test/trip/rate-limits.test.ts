// A limit per hour with real services: two workers, a restart, a clock that is the database's; no hour is waited for.
import { bringProbe } from '../../src/store/deliveries/held-back.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

const refused = 'throttled:RATE_HOUR';
const hourMs = 3_600_000;

let crm: HttpRecipient;
let gateway: Gateway;
let text: string;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  text = files['essai/crm.yaml'] ?? '';
  gateway = await openGateway({ files });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

async function publish(limits: string): Promise<void> {
  gateway.file('essai/crm.yaml', `${text.replace('maxAge: 1h', 'maxAge: 30d')}\nlimits: ${limits}\n`);
  const request = { destinationId: 'essai-crm', author: 'tester', note: limits };
  await gateway.app.publishing.publish(request);
}
/** What left has been answered, and everything else has been told to wait for the hour. */
const settled = (sent: number, waiting: number, reason = refused): Promise<void> =>
  gateway.until(`${sent} sent, ${waiting} wait for the hour`, async () => {
    const states = await gateway.states();
    const told = states.filter((one) => one.state === 'waiting' && one.reason === reason);
    return (
      states.filter((one) => one.state === 'delivered').length === sent &&
      told.length === waiting &&
      states.length === sent + waiting
    );
  });
type Windows = Record<string, { startedAt: number; departed: number }>;
async function windowsOf(): Promise<Windows> {
  const [row] = await gateway.owner.all<{ rate_windows: string | null }>(
    'SELECT rate_windows FROM destination_states',
  );
  return JSON.parse(row?.rate_windows ?? '{}') as Windows;
}
/** The hour was begun that much earlier. */
async function passed(ms: number): Promise<void> {
  const aged = Object.entries(await windowsOf()).map(([key, one]) => [
    key,
    { ...one, startedAt: one.startedAt - ms },
  ]);
  await gateway.owner.run('UPDATE destination_states SET rate_windows = ?', [
    JSON.stringify(Object.fromEntries(aged)),
  ]);
}
/** What waits is asked again now, and says so until it has been told. */
const askAgain = (): Promise<unknown> =>
  gateway.owner.run(
    "UPDATE deliveries SET due_at = UTC_TIMESTAMP(3), reason = 'retry:ASKED' WHERE state = 'waiting'",
  );

test('two workers never let more leave in an hour begun than the limit allows, across a restart', async () => {
  await publish('{ perHour: 3 }');
  const first = await gateway.start('planner', 'worker', 'worker');
  await gateway.send(...Array.from({ length: 8 }, (_, index) => leadRow(`H-${index}`)));
  await settled(3, 5);
  const [due] = await gateway.owner.all<{ s: number }>(
    "SELECT MIN(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), due_at)) AS s FROM deliveries WHERE state = 'waiting'",
  );
  expect(due?.s).toBeGreaterThan(3_000);
  expect(due?.s).toBeLessThanOrEqual(3_600);
  for (const role of first) await role.stop();

  await gateway.start('planner', 'worker', 'worker');
  await passed(hourMs - 120_000);
  await askAgain();
  await settled(3, 5);
  expect(crm.received).toHaveLength(3);

  await passed(120_000);
  await askAgain();
  await settled(6, 2);
  expect(crm.received).toHaveLength(6);
  expect((await windowsOf())['perHour']?.departed).toBe(3);

  await passed(hourMs);
  await askAgain();
  await settled(8, 0);
  expect(crm.received).toHaveLength(8);
});

test('support reads that there is nothing to do, and a held destination is not probed with what would be told to wait', async () => {
  await publish('{ perHour: 1 }');
  await gateway.start('planner', 'worker');
  await gateway.send(...['S-1', 'S-2'].map((one) => leadRow(one)));
  await settled(1, 1);
  const relais = terminalOf(environmentOf(gateway));
  const id = String((await gateway.states("d.state = 'waiting'"))[0]?.id);
  const story = (await relais('delivery', 'show', id)).out;
  expect(story).toContain('Rien : elle part automatiquement dès que notre limite le permet');
  expect(story).not.toContain('relais replay');
  expect(await bringProbe(gateway.app.database, 'essai-crm', [])).toBe(0);
  expect((await gateway.states(`d.id = ${id}`))[0]?.reason).toBe(refused);
});

test('a limit that is raised lets go what waits for the old one', async () => {
  await publish('{ perHour: 1 }');
  await gateway.start('planner', 'worker');
  await gateway.send(...['R-1', 'R-2', 'R-3'].map((one) => leadRow(one)));
  await settled(1, 2);
  await publish('{ perHour: 2 }');
  await settled(2, 1);
  await publish('{ concurrency: 8 }');
  await settled(3, 0);
  expect(crm.received).toHaveLength(3);
});

test('a limit per hour counts what left before it was published, while any rate was limited', async () => {
  await publish('{ perMinute: 100 }');
  await gateway.start('planner', 'worker');
  await gateway.send(...['P-1', 'P-2'].map((one) => leadRow(one)));
  await settled(2, 0);
  await publish('{ perHour: 2 }');
  await gateway.send(leadRow('P-3'));
  await settled(2, 1);
  expect(crm.received).toHaveLength(2);
});

test.each(['perHour', 'perDay'])(
  'C22, C24: an erasure and a withdrawal do not wait for `%s`, and count; a correction waits',
  async (period) => {
    const word = period === 'perHour' ? 'RATE_HOUR' : 'RATE_DAY';
    await publish(`{ ${period}: 3 }`);
    await gateway.start('planner', 'worker');
    const rows = ['E-1', 'E-2', 'E-3'].map((one) => strangerRow(one));
    await gateway.send(...rows);
    await settled(3, 0);
    const correction = {
      ...strangerRow('E-3', { last_name: 'Lefort', consents: null }),
      row_reference: 'k-1',
    };
    await gateway.send({ ...correction, kind: 'correction' });
    const updated = (reference: string, wanted: string, action = 'update'): Promise<void> =>
      gateway.until(`${reference} ${wanted}`, async () =>
        (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`)).some(
          ({ state, reason }) => `${state}:${reason}`.startsWith(wanted),
        ),
      );
    await updated('E-3', `waiting:throttled:${word}`);
    const by = { clientId: 'essai', actor: 'tester', reason: 'request 1' };
    const { rights } = gateway.app;
    await rights.withdraw({ ...by, reference: 'E-1', purpose: 'marketing', channels: ['email'] });
    await updated('E-1', 'delivered');
    await rights.erase({ ...by, reference: 'E-2' });
    await updated('E-2', 'delivered', 'erase');
    await updated('E-3', `waiting:throttled:${word}`);
    expect(crm.received.slice(3).map(({ method }) => method)).toEqual(['PUT', 'DELETE']);
    expect((await windowsOf())[period]?.departed).toBe(5);
  },
);

test('a destination without a rate writes no windows', async () => {
  await publish('{ concurrency: 8 }');
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('N-1'));
  await settled(1, 0);
  expect(await gateway.owner.all('SELECT rate_windows FROM destination_states')).toEqual([
    { rate_windows: null },
  ]);
});

test('a limit per day of a zone lets the next ones go after its midnight, and not before', async () => {
  await publish('{ perDay: 2, zone: Europe/Paris }');
  await gateway.start('planner', 'worker');
  await gateway.send(...['D-1', 'D-2', 'D-3'].map((one) => leadRow(one)));
  await settled(2, 1, 'throttled:RATE_DAY');
  expect((await windowsOf())['perDay']).toMatchObject({ departed: 2, zone: 'Europe/Paris' });
  // As if both had left one calendar day before; the one on which clocks go back has twenty-five hours.
  await passed(25 * hourMs);
  await askAgain();
  await settled(3, 0);
  expect((await windowsOf())['perDay']?.departed).toBe(1);
});
