// The record of outcomes: a worker whose lease was taken over settles nothing, and its neighbours in the same statement do.
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import type { Attempted } from '../../src/delivery/trip/attempt.ts';
import { RelaisError } from '../../src/errors.ts';
import { recordEnds } from '../../src/delivery/outcome/record.ts';
import { markSettled } from '../../src/store/deliveries/delivery-settlements.ts';
import { readDeliveries } from '../../src/store/deliveries/deliveries.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let worker: Role | undefined;
/** The lead that meanwhile belongs to another worker. */
const taken = 'F-2';
const takeOver = (): Promise<unknown> =>
  gateway.owner.run(
    `UPDATE deliveries SET lease_token = lease_token + 1, lease_owner = 'other'
      WHERE lead_id = (SELECT id FROM leads WHERE reference = ?)`,
    [taken],
  );
const stateOf = async (reference: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}'`)).map((row) => row.state).join();
const referenceOf = async (reference: string): Promise<string | null | undefined> =>
  (
    await gateway.owner.all<{ reference: string | null }>(
      `SELECT d.recipient_reference AS reference FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference = ?`,
      [reference],
    )
  )[0]?.reference;
const entriesOf = async (reference: string): Promise<readonly string[]> => {
  const [row] = await gateway.states(`l.reference = '${reference}'`);
  return (await gateway.entries()).filter((one) => one.delivery === row?.id).map((one) => one.entry);
};

beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(crm.port, { extra: 'limits: { concurrency: 4 }' }) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
  await gateway.start('planner');
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await gateway.close();
  await crm.close();
});

const accept: typeof crm.answer = (_request, response) =>
  void response.writeHead(200).end('{"success":true,"id":"C-1"}');

/** The first lead of a start goes alone; behind it several leave together. */
async function firstOne(): Promise<void> {
  await gateway.send(leadRow('F-0'));
  await gateway.until('the first delivered', async () => (await stateOf('F-0')) === 'delivered');
}

test('an overtaken worker’s answer is appended as `late` and moves nothing; its neighbours are settled', async () => {
  const waiting: (() => void)[] = [];
  crm.answer = accept;
  worker = await startWorker(gateway.app);
  await firstOne();
  crm.answer = (_request, response) => {
    waiting.push(() => void response.writeHead(200).end('{"success":true,"id":"C-1"}'));
  };
  await gateway.send(leadRow('F-1'), leadRow(taken), leadRow('F-3'));
  await gateway.until('three on their way', () => waiting.length === 3);
  await takeOver();
  for (const answer of waiting) answer();
  await gateway.until('neighbours settled', async () =>
    /delivered.*delivered/.test(`${await stateOf('F-1')} ${await stateOf('F-3')}`),
  );
  await gateway.until('late', async () => (await entriesOf(taken)).includes('late'));
  expect(await stateOf(taken)).toBe('sending');
  expect(await entriesOf(taken)).not.toContain('outcome');
  expect(await entriesOf('F-1')).toEqual(['departed', 'outcome']);
  // Settled by that answer, it can be changed and erased under what its recipient calls it.
  await gateway.owner.run("UPDATE deliveries SET lease_until = '2020-01-01' WHERE state = 'sending'");
  await gateway.until('settled by the log', async () => (await stateOf(taken)) === 'delivered');
  expect(await referenceOf(taken)).toBe('C-1');
});

test('an update whose outcome is committed, and the answer to that commit lost, is not told again: nothing came late', async () => {
  const { database } = gateway.app;
  let losesNext = false;
  let after = -1;
  crm.answer = (request, response, raw) => {
    losesNext ||= request.method === 'PUT';
    accept(request, response, raw);
  };
  const transaction: typeof database.transaction = async (...given) => {
    const result = await database.transaction(...given);
    if (after >= 0) after += 1;
    if (losesNext && after < 0) {
      after = 0;
      throw new RelaisError('DB-001', 'The answer to COMMIT was lost.');
    }
    return result;
  };
  worker = await startWorker({ ...gateway.app, database: { ...database, transaction } });
  await firstOne();
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'F-0', row_reference: 'F-0-k1' },
    last_name: 'Martin',
  });
  // Recorded once more, by the leases as they were thought to be, and then by the leases as they are.
  await gateway.until('recorded again', () => after >= 2);
  expect(await stateOf('F-0')).toBe('delivered,delivered');
  const [, update] = await gateway.states();
  expect(
    (await gateway.entries()).filter(({ delivery }) => delivery === update?.id).map(({ entry }) => entry),
  ).toEqual(['departed', 'outcome']);
  expect(crm.received.map(({ method }) => method)).toEqual(['POST', 'PUT']);
  expect(await gateway.owner.all("SELECT kind FROM alerts WHERE kind = 'late_arrival'")).toEqual([]);
});

test('of a person who was erased meanwhile, and whose erasure is through, a late answer leaves no reference', async () => {
  let answer = (): void => undefined;
  crm.answer = (_request, response) => {
    answer = () => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  };
  worker = await startWorker(gateway.app);
  await gateway.send(leadRow(taken));
  await gateway.until('on its way', () => crm.received.length === 1);
  await takeOver();
  await gateway.owner.run('UPDATE leads SET erased_at = UTC_TIMESTAMP(3) WHERE reference = ?', [taken]);
  answer();
  await gateway.until('late', async () => (await entriesOf(taken)).includes('late'));
  expect(await referenceOf(taken)).toBeNull();
});

/** A create whose answer came behind the erasure of its person, which the recipient had confirmed. @param between runs before the answer */
async function lateBehindErasure(between = (): Promise<unknown> => Promise.resolve()): Promise<void> {
  const answers: (() => void)[] = [];
  crm.answer = (request, response) => {
    if (request.method === 'POST')
      answers.push(() => void response.writeHead(200).end('{"success":true,"id":"C-1"}'));
    else response.writeHead(404).end('{}');
  };
  worker = await startWorker(gateway.app);
  await gateway.send(leadRow(taken));
  await gateway.until('on its way', () => answers.length === 1);
  await takeOver();
  // The erasure of the person, and that the recipient was told, as another process has recorded both.
  await gateway.app.rights.erase({ clientId: 'essai', reference: taken, actor: 'tester', reason: 'test' });
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'cancelled', reason = 'erased', maybe_received = 1, lease_until = NULL, settled_at = UTC_TIMESTAMP(3) WHERE action = 'create'",
  );
  await gateway.until('an erasure', async () => (await gateway.states("d.action = 'erase'")).length === 1);
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'delivered', reason = 'accepted', departures = 1, lease_until = NULL, settled_at = UTC_TIMESTAMP(3) WHERE action = 'erase'",
  );
  await between();
  for (const answer of answers) answer();
}
const lateAlerts = (): Promise<readonly unknown[]> =>
  gateway.owner.all("SELECT kind, reason FROM alerts WHERE kind = 'late_arrival'");

test('C22: what arrived behind its erasure, which was through, is erased once more by the reference that came too late; support is told', async () => {
  await lateBehindErasure();
  await gateway.until('erased once more', () => crm.received.some(({ url }) => url === '/leads/C-1'));
  expect(await lateAlerts()).toEqual([{ kind: 'late_arrival', reason: 'TOLD_AGAIN' }]);
});

test('C22: at an archived destination the erasure cannot leave again: it stays as it was, and support settles it', async () => {
  await lateBehindErasure(() =>
    gateway.owner.run("UPDATE destinations SET status = 'archived', status_reason = 'contract_ended'"),
  );
  await gateway.until('an alert', async () => (await lateAlerts()).length === 1);
  expect(await lateAlerts()).toEqual([{ kind: 'late_arrival', reason: 'NOT_TOLD_AGAIN' }]);
  expect(await gateway.states("d.action = 'erase'")).toMatchObject([
    { state: 'delivered', reason: 'accepted' },
  ]);
});

test('C22: what arrived while its erasure was being sent is erased once more when that worker has ended', async () => {
  const [creates, erases]: [(() => void)[], (() => void)[]] = [[], []];
  crm.answer = (request, response) =>
    void (request.method === 'POST' ? creates : erases).push(() =>
      response.writeHead(200).end('{"success":true,"id":"C-1"}'),
    );
  worker = await startWorker(gateway.app);
  await gateway.send(leadRow(taken));
  await gateway.until('on its way', () => creates.length === 1);
  await takeOver();
  await gateway.app.rights.erase({ clientId: 'essai', reference: taken, actor: 'tester', reason: 'test' });
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'cancelled', reason = 'erased', maybe_received = 1, lease_until = NULL, settled_at = UTC_TIMESTAMP(3), recipient_reference = 'C-1' WHERE action = 'create'",
  );
  await gateway.until('the erasure is being sent', () => erases.length === 1);
  for (const answer of creates) answer();
  await gateway.until('erased once more', () => erases.length === 2);
  for (const answer of erases) answer();
  const erasure = async () => (await gateway.states("d.action = 'erase'"))[0]?.state;
  await gateway.until('the second has ended', async () => (await erasure()) === 'delivered');
  expect(await gateway.owner.all("SELECT kind, reason FROM alerts WHERE kind = 'late_arrival'")).toEqual([
    { kind: 'late_arrival', reason: 'TOLD_AGAIN' },
  ]);
  // Had its worker died, or its client never answered, no lease would be left to recover the first attempt.
  const entries = await gateway.owner.all(
    "SELECT entry, run, reason FROM handovers WHERE action = 'erase' AND entry IN ('departed', 'outcome_unknown', 'replayed') ORDER BY id",
  );
  expect(entries).toEqual([
    { entry: 'departed', run: 1, reason: '' },
    { entry: 'outcome_unknown', run: 1, reason: 'RUN_REPLACED' },
    { entry: 'replayed', run: 2, reason: 'new_run' },
    { entry: 'departed', run: 2, reason: '' },
  ]);
});

test('a worker that overtook itself: of two answers settled together the newer lease’s counts, the other is `late`', async () => {
  await gateway.send(leadRow(taken));
  await gateway.until('queued', async () => (await stateOf(taken)) === 'queued');
  const [{ id } = { id: 0 }] = await gateway.states();
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', attempt = 2, lease_token = 2, lease_until = '2099-01-01' WHERE id = ?",
    [id],
  );
  const [row] = await readDeliveries(gateway.app.database, [id]);
  if (row === undefined) throw new Error('no row');
  const attempted = (attempt: number, outcome: Attempted['outcome']): { readonly attempted: Attempted } => ({
    attempted: {
      ...{ outcome, hasLookup: false, startedAt: 0, asked: false, connector: 'webhook', mappingVersionId: 1 },
      ...{ call: undefined },
      policy: {
        delays: [1_000],
        onUnknown: 'resend',
        maxRetryAfterMs: 0,
        pendingForMs: 0,
        pendingEveryMs: 0,
      },
      rows: [
        {
          ...row,
          attempt,
          leaseToken: attempt,
          now: new Date(),
          knownReference: undefined,
          hasCreate: true,
          createUnsettled: false,
        },
      ],
    },
  });
  const settled = await recordEnds(gateway.app.database, () => 0.5, [
    attempted(2, { kind: 'accepted', reference: 'C-2' }),
    attempted(1, { kind: 'unavailable', reason: 'HTTP_503', maybeReceived: true }),
  ]);
  expect(settled.map((one) => one.late)).toEqual([[], [id]]);
  expect(await stateOf(taken)).toBe('delivered');
  expect(await entriesOf(taken)).toEqual(['outcome', 'late']);
});

test('five thousand rows with mixed decisions settle in one transaction', async () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => ({
    ...{ id: 1_000_000 + index, state: index % 2 === 0 ? ('delivered' as const) : ('withheld' as const) },
    ...{ reason: index % 2 === 0 ? 'accepted' : 'opt_in_missing', afterMs: index, spend: index % 3 === 0 },
    ...{
      maybeReceived: index % 2 === 0,
      askFirst: index % 5 === 0,
      reference: `R-${index}`,
      leaveBatch: index % 7 === 0,
    },
  }));
  await gateway.app.database.transaction((tx) => markSettled(tx, rows));
});
