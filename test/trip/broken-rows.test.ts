// A delivery whose claim or departure breaks whatever is tried: it waits, visibly, and the others leave.
import { checkAlerts } from '../../src/delivery/background/alert-checks.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { quarantineOf } from '../delivery/quarantine-of.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true,"id":"R-9"}');
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const stateOf = async (reference: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}'`))
    .map(({ state, reason }) => `${state}:${reason}`)
    .join(' | ');
const until = (reference: string, wanted: string): Promise<void> =>
  gateway.until(`${reference} ${wanted}`, async () => (await stateOf(reference)).startsWith(wanted));
const told = (): Promise<readonly unknown[]> =>
  gateway.owner.all(
    "SELECT l.reference, a.reason FROM alerts a JOIN deliveries d ON d.id = a.delivery_id JOIN leads l ON l.id = d.lead_id WHERE a.kind = 'internal_error' AND a.closed_at IS NULL",
  );
const isOf = (reference: string): string =>
  `(SELECT l.reference FROM leads l WHERE l.id = NEW.lead_id) = '${reference}'`;
const poison = (when: string, condition: string): Promise<void> =>
  gateway.owner.text(
    `CREATE TRIGGER poison ${when} FOR EACH ROW IF ${condition} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );

test.each([
  ['CLAIM', 'BEFORE UPDATE ON deliveries', "NEW.state = 'sending'"],
  ['DEPARTURE', 'BEFORE INSERT ON handovers', "NEW.entry = 'departed'"],
])(
  '%s: one that always breaks waits with its reason and an alert; repaired, it leaves',
  async (step, when, condition) => {
    const [broken, ...others] = ['0', '1', '2', '3'].map((n) => `${step}-${n}`) as [string, ...string[]];
    await poison(when, `${condition} AND ${isOf(broken)}`);
    await gateway.send(...[broken, ...others].map((name) => strangerRow(name)));
    for (const name of others) await until(name, 'delivered');
    await until(broken, 'waiting:broken:SQL_1644');
    expect(await told()).toEqual([{ reference: broken, reason: `${step}:SQL_1644` }]);
    const [row] = await gateway.owner.all<{ waits: number }>(
      "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), due_at) AS waits FROM deliveries WHERE state = 'waiting'",
    );
    expect(row?.waits).toBeGreaterThan(120);

    await gateway.owner.text('DROP TRIGGER poison');
    await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
    await until(broken, 'delivered');
    const { database, published } = gateway.app;
    await checkAlerts(database, published, quarantineOf(database));
    expect(await told()).toEqual([]);
  },
);
