// A lead that this process has just taken in is sent from what it knows of it: the same as it would read, and nothing of it is in a job.
import { knownAttempt } from '../../src/delivery/trip/known-attempts.ts';
import { columnFacts } from '../../src/domain/lead-fields/columns.ts';
import { optionalBlocks } from '../../src/domain/lead.ts';
import { readAttemptsAhead } from '../../src/store/departure-locks.ts';
import type { DueJobAt } from '../../src/store/deliveries/due-work.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let recipient: HttpRecipient;
beforeAll(async () => {
  recipient = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(recipient.port) });
  await gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'first',
    leadsFrom: new Date('2026-01-01T00:00:00Z'),
  });
});
afterAll(async () => {
  await gateway.close();
  await recipient.close();
});

const answers = JSON.stringify([
  { purpose: 'marketing', channel: 'sms', state: 'not_asked', recordedAt: '2026-01-06T10:00:00.250Z' },
  {
    purpose: 'marketing',
    channel: 'phone',
    state: 'granted',
    recordedAt: '2026-01-05T10:00:00Z',
    validUntil: '2026-12-30T10:00:00Z',
    wordingVersion: 'v1',
    legalEntity: 'ESSAI PROMOTION SAS',
    source: 'form-1',
  },
  { purpose: 'profiling', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
]);

/** Every field, of an invented person. */
const whole = {
  ...Object.fromEntries(columnFacts.map(({ column, sample }) => [column, sample ?? null])),
  notice: 'n1',
  consents: answers,
} as Partial<IntakeValues>;
/** The largest and the oddest that the contract takes: four bytes a character, the last cent, the last millisecond of a year. */
const extreme = {
  ...Object.fromEntries(
    columnFacts.flatMap(({ column, type, rule: { schema } }): [string, string | number | Date][] => {
      if (type === 'date') return [[column, new Date('2025-12-31T23:59:59.999Z')]];
      if (type === 'decimal') return [[column, Number(schema['maximum']) - 0.07]];
      return schema['singleLine'] === true || schema['printable'] === true
        ? [[column, `"\\${'😀'.repeat(Number(schema['maxLength']) - 2)}`]]
        : [];
    }),
  ),
  consents: answers,
} as Partial<IntakeValues>;
const interactions = JSON.stringify([{ kind: 'web_form', at: '2026-01-05T10:00:00Z' }]);

/** Takes rows in; returns the jobs of their deliveries. */
async function jobsOf(...rows: readonly IntakeValues[]): Promise<readonly DueJobAt[]> {
  gateway.app.freshPlanner.admitBy((_tx, inserts) => {
    for (const insert of inserts) insert.state = 'queued';
    return Promise.resolve();
  });
  await gateway.send(...rows);
  const { planned } = await gateway.app.intake.acceptBatch(100);
  gateway.app.freshPlanner.admitBy(undefined);
  return planned.flatMap(({ job }) => job ?? []);
}

test.each([
  ['of several', ['K-1', 'K-2', 'K-3'], [whole, extreme]],
  ['alone', ['K-4'], [whole]],
  ['alone, of a client that is remembered', ['K-5'], [extreme]],
])('a lead taken in %s is known as it is read', async (_how, references, over) => {
  const jobs = await jobsOf(
    ...references.map((reference, index) => strangerRow(reference, over[index] ?? {})),
  );
  expect(jobs).toHaveLength(references.length);
  const { database, secrets } = gateway.app;
  const ids = jobs.map(({ deliveryId }) => deliveryId);
  const read = await readAttemptsAhead(database, secrets, ids, new Set(optionalBlocks));
  for (const job of jobs) {
    const known = knownAttempt(job);
    const row = read.rows.find(({ id }) => id === job.deliveryId);
    // By the clock of their statement.
    const { expiresAt, queuedAt } = known?.row ?? {};
    expect({ ...row, expiresAt, queuedAt }).toStrictEqual(known?.row);
    const lead = read.leads.get(row?.leadId ?? 0);
    expect({ ...lead, createdAt: known?.lead.createdAt }).toStrictEqual(known?.lead);
    expect(read.secrets.get(row?.leadId ?? 0)?.equals(known?.secret ?? Buffer.alloc(0))).toBe(true);
  }
});

test('an interaction has a number of its own, which the process does not know: its lead is read', async () => {
  const [job] = await jobsOf(strangerRow('K-6', { interactions }));
  expect(job === undefined ? undefined : [knownAttempt(job)]).toEqual([undefined]);
});

test('a job names its delivery, and nothing of the lead', async () => {
  const [job] = await jobsOf(strangerRow('K-7'));
  expect(JSON.parse(JSON.stringify(job))).toEqual({
    deliveryId: job?.deliveryId,
    run: 1,
    attempt: 1,
    priority: 0,
    destinationId: 'essai-crm',
  });
  expect(job === undefined ? undefined : knownAttempt(job)).toBeDefined();
});

test('where the lead is read for another of its deliveries, what is read counts', async () => {
  const [job] = await jobsOf(strangerRow('K-8'));
  const known = job === undefined ? undefined : knownAttempt(job);
  if (job === undefined || known === undefined) throw new Error('not known');
  const { leadId } = known.row;
  await gateway.owner.run('UPDATE leads SET revision = 2 WHERE id = ?', [leadId]);
  const { database, secrets } = gateway.app;
  const { leads } = await readAttemptsAhead(database, secrets, [job.deliveryId], new Set(), [known]);
  expect(leads.get(leadId)?.lead.revision).toBe(2);
});

test('what is known of a delivery that the database has lost does not leave as the one that has its number now', async () => {
  const [lost, other] = await jobsOf(strangerRow('K-LOST'), strangerRow('K-OTHER'));
  if (lost === undefined || other === undefined) throw new Error('not taken in');
  // As a server that took over without the last commits gives the number anew.
  const number = [lost.deliveryId, other.deliveryId];
  await gateway.owner.run('UPDATE deliveries SET id = 999999 WHERE id = ?', number.slice(0, 1));
  await gateway.owner.run('UPDATE deliveries SET id = ? WHERE id = ?', number);
  await gateway.owner.run('DELETE FROM deliveries WHERE id = 999999');
  const [worker] = await gateway.start('worker');
  await gateway.until('it is begun', () => gateway.app.nearby.begin?.('essai-crm', [lost])?.length === 0);
  const bodies = (): readonly string[] => recipient.received.map(({ body }) => body.toString());
  await gateway.until('it has left', () => bodies().some((body) => body.includes('"K-')));
  await worker?.stop();
  expect(bodies().join()).not.toContain('K-LOST');
});

test('the outcome of a delivery that the database has lost settles none that has its number now', async () => {
  const [lost, other] = await jobsOf(strangerRow('K-GONE'), strangerRow('K-NEXT'));
  if (lost === undefined || other === undefined) throw new Error('not taken in');
  const { deliveryId: number } = lost;
  // While the lead is with its recipient: as another process claims the delivery that has the number on the server that took over.
  const giveAnew = async (): Promise<void> => {
    await gateway.owner.run('UPDATE deliveries SET id = 999999 WHERE id = ?', [number]);
    await gateway.owner.run(
      `UPDATE deliveries SET id = ?, state = 'sending', attempt = 1, departures = 1, departed_attempt = 1, lease_token = lease_token + 1,
              lease_owner = 'other', lease_until = TIMESTAMPADD(HOUR, 1, UTC_TIMESTAMP(3)) WHERE id = ?`,
      [number, other.deliveryId],
    );
    await gateway.owner.run('DELETE FROM deliveries WHERE id = 999999');
  };
  const { answer } = recipient;
  recipient.answer = (request, response, raw) => void giveAnew().then(() => answer(request, response, raw));
  const [worker] = await gateway.start('worker');
  await gateway.until('it is begun', () => gateway.app.nearby.begin?.('essai-crm', [lost])?.length === 0);
  const ends = (): Promise<readonly { entry: string }[]> =>
    gateway.owner.all("SELECT entry FROM handovers WHERE delivery_id = ? AND entry <> 'departed'", [number]);
  await gateway.until('its outcome is recorded', async () => (await ends()).length > 0);
  recipient.answer = answer;
  await worker?.stop();
  expect(await ends()).toEqual([{ entry: 'late' }]);
  expect(await gateway.states(`d.id = ${number}`)).toMatchObject([{ reference: 'K-NEXT', state: 'sending' }]);
});

test('a process that takes a lead in and sends it does not read it back', async () => {
  const { database } = gateway.app;
  // Those of the other tests would be pushed again, and what waits for its dispatch goes before a fresh lead.
  await gateway.owner.run("UPDATE deliveries SET state = 'cancelled', settled_at = UTC_TIMESTAMP(3)");
  const statements = jest.spyOn(database, 'all');
  const isRead = (id: number): boolean =>
    statements.mock.calls.some(
      ([sql, values = []]) => sql.includes('AS of_lead') && values.flat().includes(id),
    );
  await gateway.start('planner', 'worker');
  let sent = 0;
  // The first ones may wait for their dispatch, as those that the tests before left behind do, or come through Redis.
  await gateway.until('a lead is sent unread', async () => {
    const reference = `S-${(sent += 1)}`;
    await gateway.send(strangerRow(reference));
    const states = () => gateway.states(`l.reference = '${reference}' AND d.state = 'delivered'`);
    await gateway.until(`${reference} is delivered`, async () => (await states()).length === 1);
    return (await states()).every(({ id }) => !isRead(id));
  });
});
