// The read-back: a recipient that says yes and drops the opt-in in silence is found out, and told to a person; nothing is sent again.
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
/** What the CRM shows of a record, by its number; a number: the status it answers with instead. */
let shows: (id: string) => object | number;

const answer = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const asked = (id: string): readonly Received[] =>
  crm.received.filter(({ method, url }) => method === 'GET' && url === `/leads/${id}`);
const sends = (): number => crm.received.filter(({ method }) => method !== 'GET').length;

const readBack = `readBack:
  url: http://localhost:PORT/leads/{reference}
  after: 1s
  optIn: [{ field: OPTIN, at: $.optIn, values: { granted: true, refused: false, not_asked: false, withdrawn: false } }]
`;

interface ReadEntry {
  readonly outcome: string;
  readonly reason: string;
  readonly fields: string | null;
}
const readOf = (reference: string): Promise<readonly ReadEntry[]> =>
  gateway.owner.all<{ outcome: string; reason: string; fields: string | null }>(
    `SELECT h.outcome, h.reason, h.fields FROM handovers h JOIN leads l ON l.id = h.lead_id
      WHERE l.reference = '${reference}' AND h.entry = 'read_back' ORDER BY h.id`,
  );
const alertsOf = (reference: string): Promise<readonly { kind: string; reason: string }[]> =>
  gateway.owner.all<{ kind: string; reason: string }>(
    `SELECT a.kind, a.reason FROM alerts a JOIN deliveries d ON d.id = a.delivery_id JOIN leads l ON l.id = d.lead_id
      WHERE l.reference = '${reference}' AND a.kind = 'opt_in_not_kept'`,
  );
const left = async (): Promise<number> =>
  (await gateway.owner.all<{ n: number }>('SELECT COUNT(*) AS n FROM read_backs'))[0]?.n ?? -1;
/** Nobody waits half a minute for the second look; one that is due stays so, since the look that finds it compares with the time at which it began. */
const hurry = (): Promise<unknown> =>
  gateway.owner.run(
    'UPDATE read_backs SET due_at = UTC_TIMESTAMP(3) WHERE looks > 0 AND looks < 90 AND due_at > UTC_TIMESTAMP(3)',
  );
/** Waits until the record of a lead was read; its first and second look are due at once, unless one is under way. */
const read = (reference: string, times = 1): Promise<void> =>
  gateway.until(`${reference} is read`, async () => {
    if ((await readOf(reference)).length >= times) return true;
    await gateway.owner.run(
      `UPDATE read_backs SET due_at = UTC_TIMESTAMP(3)
        WHERE due_at > UTC_TIMESTAMP(3) AND due_at < TIMESTAMPADD(MINUTE, 1, UTC_TIMESTAMP(3))`,
    );
    return false;
  });
/** No record is looked at before the test says so. */
const later =
  'CREATE TRIGGER later BEFORE INSERT ON read_backs FOR EACH ROW SET NEW.due_at = TIMESTAMPADD(DAY, 1, UTC_TIMESTAMP(3))';

beforeAll(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({
    files: webhookFiles(crm.port, { extra: readBack.replace('PORT', String(crm.port)) }),
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
beforeEach(() => {
  crm.received.length = 0;
  shows = () => ({ optIn: true });
  crm.answer = (request, response) => {
    if (request.method !== 'GET') {
      const { ref = '' } = JSON.parse(request.body.toString() || '{}') as { ref?: string };
      return answer(response, 200, { success: true, id: `CRM-${ref}` });
    }
    const shown = shows(request.url.split('/').at(-1) ?? '');
    if (typeof shown === 'number') answer(response, shown, {});
    else answer(response, 200, shown);
  };
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('a record that holds the opt-in is read once, and the log says that it was kept', async () => {
  await gateway.send(strangerRow('K-1'));
  await read('K-1');
  expect(await readOf('K-1')).toEqual([{ outcome: 'accepted', reason: 'KEPT', fields: null }]);
  expect(asked('CRM-K-1')).toHaveLength(1);
  expect(asked('CRM-K-1')[0]?.body).toHaveLength(0);
  expect([await alertsOf('K-1'), await left()]).toEqual([[], 0]);
});

test('one that dropped it is read twice, then told to a person; the lead is not sent again', async () => {
  shows = () => ({ optIn: null });
  await gateway.send(strangerRow('K-2'));
  await read('K-2');
  expect(asked('CRM-K-2')).toHaveLength(2);
  expect(await readOf('K-2')).toEqual([{ outcome: 'refused', reason: 'OPT_IN_NOT_KEPT', fields: 'OPTIN' }]);
  expect(await alertsOf('K-2')).toEqual([{ kind: 'opt_in_not_kept', reason: 'OPT_IN_NOT_KEPT' }]);
  expect((await gateway.states("l.reference = 'K-2'")).map(({ state }) => state)).toEqual(['delivered']);
  expect(sends()).toBe(1);
});

test('a recipient that needs a moment is not accused', async () => {
  let looks = 0;
  shows = () => ({ optIn: (looks += 1) > 1 });
  await gateway.send(strangerRow('K-3'));
  await read('K-3');
  expect(await readOf('K-3')).toEqual([{ outcome: 'accepted', reason: 'KEPT', fields: null }]);
  expect(await alertsOf('K-3')).toEqual([]);
});

test('one that cannot be read for now is read later; nothing is sent again meanwhile', async () => {
  let down = true;
  shows = () => (down ? 503 : { optIn: true });
  await gateway.send(strangerRow('K-4'));
  await gateway.until('asked', () => asked('CRM-K-4').length === 1);
  await gateway.until(
    'put off',
    async () =>
      (await gateway.owner.all('SELECT 1 FROM read_backs WHERE looks = 1 AND due_at > UTC_TIMESTAMP(3)'))
        .length === 1,
  );
  expect([await readOf('K-4'), await alertsOf('K-4')]).toEqual([[], []]);
  down = false;
  await hurry();
  await gateway.until('read', async () => (await readOf('K-4')).length === 1);
  expect(sends()).toBe(1);
});

test('one that can never be read is told to a person in the end, and the lead stays delivered', async () => {
  shows = () => 503;
  await gateway.send(strangerRow('K-5'));
  await gateway.until('read', async () => {
    await hurry();
    return (await readOf('K-5')).length === 1;
  });
  expect(asked('CRM-K-5')).toHaveLength(6);
  expect((await readOf('K-5'))[0]?.outcome).toBe('unknown');
  expect(await alertsOf('K-5')).toEqual([{ kind: 'opt_in_not_kept', reason: 'NOT_READ:HTTP_503' }]);
  expect((await gateway.states("l.reference = 'K-5'")).map(({ state }) => state)).toEqual(['delivered']);
  expect(sends()).toBe(1);
});

test('a record that is not there any more is told', async () => {
  shows = () => 404;
  await gateway.send(strangerRow('K-6'));
  await read('K-6');
  expect(await alertsOf('K-6')).toEqual([{ kind: 'opt_in_not_kept', reason: 'RECORD_NOT_FOUND' }]);
});

test('of what was written twice, the last is read; what was left out of an update is not compared', async () => {
  shows = () => ({ optIn: true });
  await gateway.send(strangerRow('K-7'));
  await read('K-7');
  await gateway.owner.text(later);
  shows = () => ({ optIn: false });
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'K-7', row_reference: 'K-7-c' },
    last_name: 'Martin',
  });
  const delivered = async (): Promise<number> =>
    (await gateway.states("l.reference = 'K-7' AND d.action = 'update' AND d.state = 'delivered'")).length;
  await gateway.until('corrected', async () => (await delivered()) === 1);
  await gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference: 'K-7', purpose: 'marketing', channels: ['email'] },
    ...{ actor: 'tester', reason: 'asked' },
  });
  await gateway.until('withdrawn', async () => (await delivered()) === 2);
  await gateway.owner.text('DROP TRIGGER later');
  await gateway.owner.run('UPDATE read_backs SET due_at = UTC_TIMESTAMP(3)');
  await gateway.until('all read', async () => (await left()) === 0);
  expect((await readOf('K-7')).map(({ reason }) => reason)).toEqual(['KEPT', 'KEPT']);
  expect(await alertsOf('K-7')).toEqual([]);
});

test('a lead that was erased is not asked for', async () => {
  await gateway.owner.text(later);
  await gateway.send(strangerRow('K-8'));
  await gateway.until('due', async () => (await left()) === 1);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'K-8', actor: 'tester', reason: 'asked' });
  await gateway.owner.text('DROP TRIGGER later');
  await gateway.until('gone', async () => {
    await gateway.owner.run('UPDATE read_backs SET due_at = UTC_TIMESTAMP(3)');
    return (await left()) === 0;
  });
  expect(await readOf('K-8')).toEqual([]);
});

test('one that breaks whatever is tried is told of once, the others of its destination are read, and repaired it is read too', async () => {
  await gateway.owner.text(
    `CREATE TRIGGER poison BEFORE INSERT ON handovers FOR EACH ROW
       IF NEW.entry = 'read_back' AND (SELECT l.reference FROM leads l WHERE l.id = NEW.lead_id) = 'K-90'
       THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
  // Taken together, the broken one first.
  await gateway.owner.text(later);
  const others = ['K-91', 'K-92'];
  await gateway.send(strangerRow('K-90'));
  await gateway.until('noted', async () => (await left()) === 1);
  await gateway.send(...others.map((name) => strangerRow(name)));
  await gateway.until('all noted', async () => (await left()) === 3);
  await gateway.owner.run(
    "UPDATE read_backs r JOIN leads l ON l.id = r.lead_id SET r.due_at = IF(l.reference = 'K-90', TIMESTAMPADD(MINUTE, -1, UTC_TIMESTAMP(3)), UTC_TIMESTAMP(3))",
  );
  for (const name of others)
    await gateway.until(`${name} is read`, async () => (await readOf(name)).length === 1);
  const told = (): Promise<readonly unknown[]> =>
    gateway.owner.all("SELECT reason FROM alerts WHERE kind = 'internal_error' AND closed_at IS NULL");
  await hurry();
  await gateway.until('looked at again', async () => asked('CRM-K-90').length > 1);
  await gateway.until('told', async () => (await told()).length > 0);
  expect(await told()).toEqual([{ reason: 'READ_BACK:SQL_1644' }]);
  await gateway.owner.text('DROP TRIGGER poison');
  await gateway.owner.text('DROP TRIGGER later');
  // A look that was under way when it was repaired was put off as those before it, or was the good one.
  const putOff = 'SELECT 1 FROM read_backs WHERE due_at > TIMESTAMPADD(SECOND, 5, UTC_TIMESTAMP(3))';
  await gateway.until('read or put off', async () => {
    const waits = await gateway.owner.all(putOff);
    return waits.length === 1 || (await readOf('K-90')).length === 1;
  });
  await hurry();
  await gateway.until('read', async () => (await readOf('K-90')).length === 1);
  await gateway.until('no alert', async () => (await told()).length === 0);
});
