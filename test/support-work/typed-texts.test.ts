// C55 of the texts that people type: the log keeps them whole or not at all, and none of them names the person it is about.
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { perform } from '../../src/support/acts/act.ts';
import { cancelRunAct, replayAll } from '../../src/support/acts/bulk.ts';
import { cancelDelivery, replayDelivery } from '../../src/support/acts/deliveries.ts';
import { closeTasks } from '../../src/support/acts/tasks.ts';
import { beginRunIn } from '../../src/support/bulk-runs.ts';
import { ownReasons } from '../../src/domain/names-in-text.ts';
import { closedByAge, exportPerson } from '../../src/privacy/person/export.ts';
import { findPeople, findOppositions, lookUpsOf } from '../../src/support/find-person.ts';
import { showLead } from '../../src/support/lead-file.ts';
import { recordInstruction } from '../../src/retention/register.ts';
import { retried } from '../support/set-aside.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { appendHandovers } from '../../src/store/log/handovers.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let id = 0;
const acting = { scope: wholeCentre, actor: 'tester' };
const named = { code: 'USAGE-001', message: expect.stringContaining('Gastonzz') as string };

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  // No delivery is planned as a lead is taken in, whatever time has passed since.
  await gateway.owner.run("UPDATE destinations SET leads_from = '2199-01-01'");
  await gateway.send(strangerRow('N-1', { last_name: 'Gastonzz', first_name: 'Gaston' }));
  await gateway.app.intake.acceptBatch(100);
  await gateway.owner.run(
    `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at, settled_at)
     SELECT 'essai', 'essai-crm', id, 1, 'create', 'k', 'failed', 'refused', UTC_TIMESTAMP(3), '2099-01-01', UTC_TIMESTAMP(3) FROM leads`,
  );
  id = (await gateway.owner.all<{ id: number }>('SELECT id FROM deliveries'))[0]?.id ?? 0;
  await gateway.owner.run(
    `INSERT INTO alerts (kind, client_id, destination_id, delivery_id, reason) VALUES ('right_waits', 'essai', 'essai-crm', ?, '')`,
    [id],
  );
  // Of one refused row only, which Relais itself gave up.
  await gateway.send(strangerRow('N-2', { last_name: 'Gastonzz', first_name: ' ' }));
  await gateway.app.intake.acceptBatch(100);
  await gateway.owner.run("UPDATE lead_intake SET refusal = ? WHERE reference = 'N-2'", [
    JSON.stringify([{ field: 'row', code: 'INTERNAL' }]),
  ]);
});
afterAll(() => gateway.close());

const place = () => gateway.app;
const log = () => ({ folder: undefined, sealKeys: gateway.app.keys.seal });
const reason = 'gaston Gastonzz a demandé';
const refusedRow = async (): Promise<string> =>
  (
    await gateway.owner.all<{ row: string }>(
      "SELECT CAST(id AS CHAR) AS `row` FROM lead_intake WHERE reference = 'N-2'",
    )
  )[0]?.row ?? '';
const doors: Readonly<Record<string, () => Promise<unknown>>> = {
  replay: () => perform(place(), replayDelivery, acting, { to: [String(id)], input: { reason } }),
  'close, in the evidence': () =>
    perform(place(), closeTasks, acting, {
      to: [String(id)],
      input: { reason: 'ticket 1', evidence: 'Gastonzz l’a dit' },
    }),
  bulk: () =>
    perform(place(), replayAll, acting, {
      to: [],
      input: { filter: { state: 'failed' }, expected: 1, reason },
    }),
  'the end of a run': async () => {
    const { database } = place();
    const run = await database.transaction(async (tx) => {
      const by = { actor: 'tester', reason: 'ticket 1' };
      const deliveries = [{ id, run: 1, attempt: 0, state: 'failed' as const }];
      return beginRunIn(tx, { order: { kind: 'replay' }, by, filter: { state: 'failed' }, deliveries });
    });
    await perform(place(), cancelRunAct, acting, { to: [String(run.id)], input: { reason } });
  },
  withdraw: () =>
    place().rights.withdraw({
      ...{ clientId: 'essai', reference: 'N-1', actor: 'tester', reason },
      ...{ purpose: 'marketing', channels: ['email'] },
    }),
  'a request, in how the identity was checked': () =>
    place().requests.open({
      ...{ clientId: 'essai', kind: 'access', actor: 'tester', references: ['N-1'] },
      identity: 'carte de Gaston Gastonzz vue',
    }),
  'close, of an alert about a delivery': async () =>
    perform(place(), closeTasks, acting, {
      to: [
        `A${(await gateway.owner.all<{ id: number }>('SELECT id FROM alerts WHERE delivery_id = ?', [id]))[0]?.id ?? 0}`,
      ],
      input: { reason: 'ticket 1', evidence: 'Gastonzz l’a dit' },
    }),
  'an objection by address': () =>
    place().rights.object({
      ...{ clientId: 'essai', addresses: { email: 'n-1@courriel.example' }, actor: 'tester', reason },
      // Nothing that the lead ever said: no other entry names it.
      optIns: [],
    }),
  'a look at the opposition list': () =>
    findOppositions(
      place(),
      { clientId: 'essai', addresses: { email: 'n-1@courriel.example' } },
      { actor: 'tester', reason },
    ),
  'a look at the opposition list for whom only refused rows name': () =>
    findOppositions(
      place(),
      { clientId: 'essai', addresses: { email: 'n-2@courriel.example' } },
      { actor: 'tester', reason },
    ),
  'the list of look-ups of whom only refused rows name': () =>
    lookUpsOf(
      place(),
      { client: 'essai', query: { email: 'n-2@courriel.example' } },
      { actor: 'tester', reason },
      log(),
    ),
  'a look-up of whom refused rows name': () =>
    findPeople(
      place(),
      { query: { email: 'n-2@courriel.example' }, client: 'essai' },
      { actor: 'tester', reason, reveal: false },
    ),
  'a look at refused rows by their reference': () =>
    showLead(
      place().database,
      { clientId: 'essai', reference: 'N-2' },
      { actor: 'tester', reason, reveal: true },
    ),
  'an export of refused rows only': async () =>
    exportPerson(
      place().database,
      { ...place().proofs, secrets: place().secrets, versionOf: place().published.version },
      {
        ...{ clientId: 'essai', leadIds: [], refusedRows: [await refusedRow()], kind: 'access' },
        ...{
          closed: closedByAge([await identityToRecipient(await generateIdentity())]),
          actor: 'tester',
          reason,
        },
      },
    ),
  'a refused row handed in again': async () =>
    retried(place().database, await refusedRow(), { actor: 'tester', reason }),
  'erase, of refused rows only': () =>
    place().requests.atOnce({
      ...{ clientId: 'essai', kind: 'erasure', references: ['N-2'], actor: 'tester' },
      ...{ identity: 'seen', note: reason },
    }),
  'a request by address of refused rows only': () =>
    place().requests.open({
      ...{ clientId: 'essai', kind: 'access', actor: 'tester', email: 'n-2@courriel.example' },
      identity: 'carte de Gastonzz vue',
    }),
  'a request of whom nothing is held': () =>
    place().requests.open({
      ...{ clientId: 'essai', kind: 'access', actor: 'tester', email: 'nobody@courriel.example' },
      ...{ name: { lastName: 'Gastonzz' }, identity: 'carte de Gastonzz vue' },
    }),
  erase: () => place().rights.erase({ clientId: 'essai', reference: 'N-1', actor: 'tester', reason }),
};

test.each(Object.keys(doors))('%s refuses a text with the name, and nothing is done', async (door) => {
  await expect(doors[door]?.()).rejects.toMatchObject(named);
  expect(
    await gateway.owner.all(
      "SELECT entry FROM handovers WHERE purpose LIKE '%gaston%' OR entry IN ('replayed', 'closed', 'withdrawn', 'erased', 'reopened', 'request')",
    ),
  ).toEqual([]);
  expect(await gateway.owner.all('SELECT state, run FROM deliveries')).toEqual([{ state: 'failed', run: 1 }]);
});

test('a client id that no client has is in no entry: it may be any text', async () => {
  const typed = 'zoe@courriel.example';
  await gateway.owner.run("UPDATE lead_intake SET client_id = ? WHERE reference = 'N-2'", [typed]);
  const by = { actor: 'tester', reason: 'ticket 4' };
  const query = { reference: 'N-2' };
  await showLead(place().database, { clientId: typed, ...query }, { ...by, reveal: false });
  await lookUpsOf(place(), { client: typed, query }, by, log()).catch(() => undefined);
  expect(
    await gateway.owner.all("SELECT entry, client_id FROM handovers WHERE purpose = 'ticket 4' ORDER BY id"),
  ).toEqual([
    { entry: 'looked_up', client_id: '' },
    { entry: 'looked_up', client_id: '' },
  ]);
});

test('a text that the log cannot keep whole is refused, whichever door it came by', async () => {
  const whole = 'x'.repeat(201);
  await expect(
    gateway.app.database.transaction((tx) =>
      appendHandovers(tx, [{ entry: 'looked_up', clientId: 'essai', actor: 'tester', purpose: whole }]),
    ),
  ).rejects.toMatchObject({ code: 'USAGE-001', message: expect.stringContaining('201') as string });
  await expect(
    perform(place(), closeTasks, acting, {
      to: [String(id)],
      input: { reason: 'r'.repeat(100), evidence: `${'e'.repeat(90)} ticket 4711` },
    }),
  ).rejects.toMatchObject({ code: 'USAGE-001', message: expect.stringContaining('180') as string });
});

test.each([
  ['purpose', { entry: 'authorised', purpose: 'lettre de zoe@courriel.example' }],
  ['recipient', { entry: 'authorised', recipient: 'Zoé 06 39 98 01 23' }],
] as const)(
  'C55: the log refuses an address or a phone number in %s, whichever door it came by',
  async (_, entry) => {
    await expect(
      gateway.app.database.transaction((tx) =>
        appendHandovers(tx, [{ clientId: 'essai', actor: 'tester', ...entry }]),
      ),
    ).rejects.toMatchObject({ code: 'USAGE-001' });
  },
);

test('the number of a request is none that is dialled, whatever its digits', async () => {
  const entry = { entry: 'request', clientId: 'essai', actor: 'tester' } as const;
  const append = (purpose: string) =>
    gateway.app.database.transaction((tx) => appendHandovers(tx, [{ ...entry, purpose }]));
  await append('request 3300000012');
  await append('request 3300000012: ticket 4');
  await expect(append('request 12: appel du 06 39 98 01 23')).rejects.toMatchObject({ code: 'USAGE-001' });
});

test('C53: neither does the register of instructions keep one', async () => {
  const written = {
    ...{ clientId: 'essai', givenOn: '2026-01-01', operation: '', recordedBy: 'tester' },
    covers: ['retention'] as const,
  };
  for (const [givenBy, document] of [
    ['zoe@courriel.example', 'annexe 3'],
    ['M. Exemple', 'appel du 06 39 98 01 23'],
  ] as const)
    await expect(
      recordInstruction(gateway.app.database, { ...written, givenBy, document }),
    ).rejects.toMatchObject({ code: 'USAGE-001' });
});

test('the same acts pass with a ticket number', async () => {
  const asked = { to: [String(id)], input: { reason: 'ticket 12' } };
  await perform(place(), cancelDelivery, acting, asked).catch(() => undefined);
  await perform(place(), replayDelivery, acting, asked);
  expect(await gateway.owner.all("SELECT purpose FROM handovers WHERE entry = 'replayed'")).toEqual([
    { purpose: 'ticket 12' },
  ]);
});

test('a reason in our own words names nobody, whatever the person is called', async () => {
  const by = { actor: 'tester', reason: 'ticket 5' };
  await place().rights.object({
    ...{ clientId: 'essai', addresses: { email: 'p-1@courriel.example' } },
    ...{ optIns: [{ purpose: 'marketing', channel: 'email' }], ...by },
  });
  await gateway.send(strangerRow('P-1', { last_name: 'List', first_name: 'Page' }));
  await gateway.app.intake.acceptBatch(100);
  for (const reason of Object.values(ownReasons))
    expect([
      reason,
      await showLead(
        place().database,
        { clientId: 'essai', reference: 'P-1' },
        { actor: 'tester', reason, reveal: false },
      ),
    ]).toMatchObject([reason, { found: 'lead' }]);
});
