// A consent taken back stays taken back: in every lead of that person at that client, whatever the order of things.
import { setTimeout as pause } from 'node:timers/promises';
import { startWorker } from '../../src/roles/worker.ts';
import { createRights } from '../../src/privacy/rights.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { waitersTable } from '../support/processes.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: refOf(request.body) ?? request.url.split('/').at(-1) }));
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const refOf = (body: Buffer): string | undefined =>
  (JSON.parse(body.toString() || '{}') as { ref?: string }).ref;
/** The opt-ins the CRM was given for a lead, in order. */
const given = (reference: string): readonly string[] =>
  crm.received
    .map((one) => JSON.parse(one.body.toString() || '{}') as { ref?: string; OPTIN?: string })
    .filter((one) => one.ref === reference)
    .map((one) => one.OPTIN ?? '');
const said = (
  state: string,
  recordedAt: string,
  more: Partial<IntakeValues> = {},
): Partial<IntakeValues> => ({
  consents: JSON.stringify([{ purpose: 'marketing', channel: 'email', state, recordedAt }]),
  ...more,
});
const row = (
  kind: 'consent' | 'correction',
  reference: string,
  over: Partial<IntakeValues>,
): IntakeValues => ({
  ...{ client_id: 'essai', kind, reference, row_reference: `${kind}-${reference}-${Math.random()}` },
  ...over,
});
const withdraw = (reference: string): ReturnType<Gateway['app']['rights']['withdraw']> =>
  gateway.app.rights.withdraw({
    ...{ clientId: 'essai', reference, actor: 'tester', reason: 'request 1' },
    ...{ purpose: 'marketing', channels: ['email'] },
  });
const told = (reference: string, ...optins: readonly string[]): Promise<void> =>
  gateway.until(`${reference} told ${optins.join(', ')}`, () =>
    optins.every((optin, at) => given(reference)[at] === optin),
  );
const soon = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

test('C16: a withdrawal reaches every recipient of the other leads with the same e-mail, in capitals or not, or the same phone', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(
    leadRow('A-1'),
    leadRow('A-2', { email: 'Zoe.Lefevre@Courriel.example', mobile: '+33639980200' }),
    leadRow('A-3', { email: 'autre@courriel.example', mobile: null, landline: '+33639980123' }),
    leadRow('A-4', { email: 'autre@courriel.example', mobile: '+33639980201' }),
  );
  for (const reference of ['A-1', 'A-2', 'A-3', 'A-4']) await told(reference, 'OUI');
  const { others } = await withdraw('A-1');
  expect(others.map((one) => [one.reference, one.pairs])).toEqual([
    ['A-2', ['marketing.email']],
    ['A-3', ['marketing.email']],
  ]);
  for (const reference of ['A-1', 'A-2', 'A-3']) await told(reference, 'OUI', 'RETRAIT');
  // One hop: A-4 shares an address with A-3, and none with the lead in which it was taken back.
  await gateway.send(row('correction', 'A-4', { last_name: 'Suivant' }));
  await gateway.until('A-4 corrected', () => given('A-4').length === 2);
  // Nothing new is said of an answer that the recipient has: it still stands.
  expect(given('A-4')).toEqual(['OUI', '']);
  const entries = await gateway.owner.all<{ reference: string; actor: string; reason: string }>(
    "SELECT l.reference, h.actor, h.reason FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE h.entry = 'withdrawn' ORDER BY l.reference",
  );
  expect(entries.map((one) => `${one.reference} ${one.actor} ${one.reason}`)).toEqual(
    ['A-1', 'A-2', 'A-3'].map((reference) => `${reference} tester marketing.email`),
  );
});

test('C16: a correction of the other lead does not bring the old grant back; a newer grant does', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('B-1'), leadRow('B-2'));
  await told('B-1', 'OUI');
  await told('B-2', 'OUI');
  await gateway.send(row('consent', 'B-1', said('withdrawn', soon(0))));
  await told('B-1', 'OUI', 'RETRAIT');
  await told('B-2', 'OUI', 'RETRAIT');
  await gateway.send(row('correction', 'B-2', { last_name: 'Corrigé' }));
  await told('B-2', 'OUI', 'RETRAIT', 'RETRAIT');
  await pause(5);
  await gateway.send(row('consent', 'B-2', said('granted', soon(0))));
  await told('B-2', 'OUI', 'RETRAIT', 'RETRAIT', 'OUI');
});

test('C16: a lead that comes later with an older grant leaves as withdrawn, one with a newer grant as granted', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('C-1'));
  await told('C-1', 'OUI');
  await withdraw('C-1');
  await told('C-1', 'OUI', 'RETRAIT');
  await pause(5);
  await gateway.send(leadRow('C-2'), leadRow('C-3', said('granted', soon(0))));
  await told('C-2', 'RETRAIT');
  await told('C-3', 'OUI');
});

test('C16: a lead whose correction gives it the address of a person who withdrew is withdrawn too', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('D-1'), leadRow('D-2', { email: 'zoe@faute.example', mobile: '+33639980777' }));
  await told('D-1', 'OUI');
  await told('D-2', 'OUI');
  expect((await withdraw('D-1')).others).toEqual([]);
  await gateway.send(row('correction', 'D-2', { email: 'zoe.lefevre@courriel.example' }));
  await gateway.until('D-2 withdrawn', () => given('D-2').at(-1) === 'RETRAIT');
});

test('C16: history that comes in late takes back nothing that was granted after it, and a stranger is left alone', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(
    leadRow('E-1'),
    leadRow('E-2', { email: 'autre@courriel.example', mobile: '+33639980333' }),
  );
  await told('E-1', 'OUI');
  await gateway.send(leadRow('E-3', said('withdrawn', '2025-06-01T10:00:00Z')));
  await told('E-3', 'RETRAIT');
  await withdraw('E-3');
  await gateway.until('E-1 told', () => given('E-1').at(-1) === 'RETRAIT');
  expect(given('E-1')).toEqual(['OUI', 'RETRAIT']);
  expect(given('E-2').every((one) => one === 'OUI')).toBe(true);
});

test('C16: a withdrawal beats the grant that came before it, although that one is stamped four minutes ahead', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('F-1', said('granted', soon(4))));
  await told('F-1', 'OUI');
  await gateway.send(row('consent', 'F-1', said('withdrawn', soon(0))));
  await told('F-1', 'OUI', 'RETRAIT');
});

test('a lead that comes in while its person withdraws is not overlooked: it waits for the withdrawal, and leaves as withdrawn', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('G-1'), leadRow('G-2'));
  await told('G-1', 'OUI');
  await told('G-2', 'OUI');
  // Stops the withdrawal once it knows which leads it reaches.
  const gate = Promise.withResolvers<undefined>();
  const stopped = Promise.withResolvers<undefined>();
  let snapshots = 0;
  const rights = createRights({
    database: gateway.app.database,
    secrets: gateway.app.secrets,
    oppositionKey: Buffer.alloc(32, 2),
    snapshot: async () => {
      snapshots += 1;
      if (snapshots !== 2) return;
      stopped.resolve(undefined);
      await gate.promise;
    },
  });
  const withdrawing = rights.withdraw({
    ...{ clientId: 'essai', reference: 'G-1', actor: 'tester', reason: 'request 1' },
    ...{ purpose: 'marketing', channels: ['email'] },
  });
  await stopped.promise;
  await gateway.send(leadRow('G-3'));
  await gateway.until('the new lead waits, or has left', async () => {
    // The server shows transactions anew only to who has not asked for a tenth of a second.
    await pause(150);
    const [waits] = await gateway.owner.all<{ n: number }>(
      `SELECT COUNT(*) AS n FROM ${await waitersTable(gateway.owner)} w`,
    );
    return given('G-3').length > 0 || (waits?.n ?? 0) > 0;
  });
  gate.resolve(undefined);
  expect((await withdrawing).others.map((one) => one.reference)).toEqual(['G-2']);
  await told('G-3', 'RETRAIT');
});

test('what was written for the other lead before the withdrawal does not depart after it', async () => {
  const written = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  await gateway.start('planner');
  await gateway.send(leadRow('H-1'));
  const worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'written' || given('H-1').length === 0) return;
      written.resolve(undefined);
      await gate.promise;
    },
  });
  try {
    await told('H-1', 'OUI');
    await gateway.send(leadRow('H-2'));
    await written.promise;
    await withdraw('H-1');
    gate.resolve(undefined);
    await told('H-2', 'RETRAIT');
    await told('H-1', 'OUI', 'RETRAIT');
  } finally {
    gate.resolve(undefined);
    await worker.stop();
  }
});

test('what leaves after a withdrawal of the same person says withdrawn, and what left before it is followed', async () => {
  await gateway.start('planner', 'worker');
  const references = Array.from({ length: 12 }, (_, at) => `G-${at}`);
  const over = (at: number): Partial<IntakeValues> => ({
    email: `g${at}@courriel.example`,
    mobile: `+336399801${10 + at}`,
  });
  await gateway.send(...references.map((reference, at) => leadRow(reference, over(at))));
  for (const reference of references) await told(reference, 'OUI');
  // The twin of each lead comes in, and leaves, while the first is withdrawn.
  await Promise.all(
    references.map(async (reference, at) => {
      await Promise.all([
        gateway.send(leadRow(`${reference}-twin`, over(at))),
        pause(at * 4).then(() => withdraw(reference)),
      ]);
    }),
  );
  for (const reference of references)
    await gateway.until(`${reference} and its twin are withdrawn`, () =>
      [reference, `${reference}-twin`].every((one) => given(one).at(-1) === 'RETRAIT'),
    );
});

const stateOf = async (reference: string): Promise<unknown> =>
  (
    await gateway.owner.all<{ state: string }>(
      'SELECT c.state FROM consents c JOIN leads l ON l.id = c.lead_id WHERE l.reference = ? ORDER BY c.id',
      [reference],
    )
  ).at(-1)?.state;

test('a withdrawal reaches a lead that had the address before it was corrected', async () => {
  await gateway.start('planner');
  const own = { email: 'former@courriel.example', landline: '+33199000077' };
  await gateway.send(
    leadRow('F-1', { ...own, mobile: '+33639980171' }),
    leadRow('F-2', { email: own.email, landline: null, mobile: '+33639980172' }),
  );
  await gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference: 'F-2', row_reference: 'F-2-email' },
    email: 'present@courriel.example',
  });
  await gateway.until(
    'corrected',
    async () => (await gateway.owner.all('SELECT 1 FROM former_addresses')).length > 0,
  );
  expect(await stateOf('F-2')).toBe('granted');
  // A refusal answers for the address, which the corrected lead has no more.
  await gateway.send(
    leadRow('F-3', {
      ...own,
      landline: null,
      mobile: '+33639980173',
      ...said('refused', new Date().toISOString()),
    }),
  );
  await gateway.until('refused', async () => (await stateOf('F-3')) === 'refused');
  expect(await stateOf('F-2')).toBe('granted');
  await withdraw('F-1');
  expect(await stateOf('F-2')).toBe('withdrawn');
});

/** Two leads of one address, the second of which was parted from it since. */
async function parted(email: string): Promise<void> {
  await gateway.start('planner');
  await gateway.send(
    leadRow('G-1', { email: email.toUpperCase(), mobile: null, landline: '+33199000078' }),
    leadRow('G-2', { email, mobile: '+33639980174', landline: null }),
    leadRow('G-3', { email: 'somebody@courriel.example', mobile: '+33639980175', landline: null }),
  );
  await gateway.send(row('correction', 'G-2', { email: 'now@courriel.example', clear_fields: 'mobile' }));
  await gateway.until(
    'corrected',
    async () => (await gateway.owner.all('SELECT 1 FROM former_addresses')).length === 2,
  );
}

test('a withdrawal of a lead that had the address reaches those that have it now, from the terminal and from a row', async () => {
  await parted('shared@courriel.example');
  // Under the phone that was cleared.
  await gateway.send(leadRow('G-4', { email: null, mobile: null, landline: '+33639980174' }));
  await gateway.until('taken in', async () => (await stateOf('G-4')) === 'granted');
  const done = await withdraw('G-2');
  expect(done.others.map(({ reference }) => reference).toSorted()).toEqual(['G-1', 'G-4']);
  expect([await stateOf('G-1'), await stateOf('G-4'), await stateOf('G-3')]).toEqual([
    ...['withdrawn', 'withdrawn'],
    'granted',
  ]);
});

test('C16: an older yes that comes in under an address that a withdrawn lead has left is withdrawn, a newer one is not', async () => {
  await parted('shared@courriel.example');
  await withdraw('G-2');
  const after = new Date(Date.now() + 1000).toISOString();
  await gateway.send(
    leadRow('G-5', { email: 'shared@courriel.example', mobile: '+33639980176', landline: null }),
    leadRow('G-6', {
      ...{ email: 'Shared@courriel.example', mobile: '+33639980177', landline: null },
      ...said('granted', after),
    }),
    leadRow('G-7', { email: null, mobile: null, landline: '+33639980174' }),
  );
  await gateway.until('taken in', async () => (await stateOf('G-7')) !== undefined);
  expect([await stateOf('G-5'), await stateOf('G-6'), await stateOf('G-7')]).toEqual([
    ...['withdrawn', 'granted'],
    'withdrawn',
  ]);
});

test('a withdrawal that comes in as a row reaches them too; a refusal, which answers for an address, does not', async () => {
  await parted('shared@courriel.example');
  await gateway.send(row('consent', 'G-2', said('refused', new Date().toISOString())));
  await gateway.until('refused', async () => (await stateOf('G-2')) === 'refused');
  expect(await stateOf('G-1')).toBe('granted');
  await gateway.send(row('consent', 'G-2', said('withdrawn', new Date().toISOString())));
  await gateway.until('withdrawn', async () => (await stateOf('G-1')) === 'withdrawn');
  expect(await stateOf('G-3')).toBe('granted');
});

test('C21: an objection for a lead reaches those that have now, or had, an address that it had', async () => {
  await parted('shared@courriel.example');
  await gateway.send(
    leadRow('G-5', { email: 'shared@courriel.example', mobile: '+33639980176', landline: null }),
  );
  await gateway.send(row('correction', 'G-5', { email: 'later@courriel.example' }));
  await gateway.until(
    'corrected',
    async () => (await gateway.owner.all('SELECT 1 FROM former_addresses')).length > 2,
  );
  const { app, owner } = gateway;
  const former = await owner.all<{ digest: Buffer }>(
    "SELECT f.digest FROM former_addresses f JOIN leads l ON l.id = f.lead_id WHERE l.reference = 'G-2'",
  );
  const reached = await app.rights.object({
    ...{
      clientId: 'essai',
      addresses: { email: 'now@courriel.example' },
      actor: 'tester',
      reason: 'request 2',
    },
    ...{ optIns: [{ purpose: 'marketing', channel: 'email' }], former: former.map(({ digest }) => digest) },
  });
  expect(reached.map(({ reference }) => reference).toSorted()).toEqual(['G-1', 'G-2', 'G-5']);
});
