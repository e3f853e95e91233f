// relais destination and authorisation: ways out stopped, started and tested; who may receive, granted and revoked.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

const drop = mkdtempSync(join(tmpdir(), 'relais-drop-'));
const fileFlow = `destination: essai-csv
connector: flow
file:
  name: 'LEADS_{seq:6}.csv'
  to: local:essai/in
  server: { folder: '${drop}' }
  schedule: { cron: '0 0 1 1 *' }
accepts: { programme: [FILE-*] }
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }
fields: [{ to: REF, from: id }, { to: NOM, from: identity.lastName, required: true }]
`;

/** The answer that every recipient here gives means to this call that nobody can log in. */
const callsFor = (port: number): string => `destination: essai-calls
connector: webhook
accepts: { programme: [CALLS-*] }
consent:
  - { to: optin, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
calls:
  - name: person
    send: { url: 'http://localhost:${port}/persons', lookup: { url: 'http://localhost:${port}/find/{key}' } }
    onUnknown: lookup
    fields: [{ to: nom, from: identity.lastName, required: true }]
    capture: { id: $.id }
    response: [{ unauthorized: { json: { id: CRM-1 } }, on: lookup, reason: BASE_STOPPED }]
response: [{ absent: { status: 404 }, on: lookup }, { accepted: { status: 200 } }]
`;

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
const why = ['--reason', 'ticket 13'];
const granted = ['--recipient', 'Essai CRM', '--document', 'lettre du 2026-11-20'];

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ success: true, id: 'CRM-1' }));
  };
  const files = webhookFiles(crm.port, { extra: 'accepts: { programme: [ES-*] }' });
  // A destination that takes nothing: the client is known before the one that is tested.
  const other = files['essai/crm.yaml']?.replace('essai-crm', 'essai-none').replace('ES-*', 'NONE-*') ?? '';
  mkdirSync(join(drop, 'in'));
  gateway = await openGateway({
    files: {
      ...files,
      'essai/none.yaml': other,
      'essai/csv.yaml': fileFlow,
      'essai/client.yaml': `${files['essai/client.yaml'] ?? ''}folders: ['local:essai/in', '${drop}']
`,
    },
  });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-none', author: 'tester', note: 'first' });
  await gateway.send(leadRow('BEFORE-1'));
  await gateway.start('planner', 'worker');
  await gateway.until('the lead', async () => (await gateway.owner.all('SELECT id FROM leads')).length === 1);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
  rmSync(drop, { recursive: true, force: true });
});

describe('destination', () => {
  test('suspend stops it, visibly; resume lets what waits leave', async () => {
    expect(await relais('destination', 'suspend', 'essai-crm')).toMatchObject({ code: 64 });
    expect((await relais('destination', 'suspend', 'essai-crm', ...why)).out).toBe(
      'essai-crm is suspended.\n',
    );
    const list = await relais('destination', 'list');
    expect(list.out).toMatch(/essai-crm +essai +webhook +v1 +suspended \(ticket 13\) +closed/);
    expect((await relais('status')).out).toContain('essai-crm is suspended: ticket 13');
    expect(await relais('destination', 'suspend', 'essai-crm', ...why)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DEST-001 /) as string,
    });
    await gateway.send(leadRow('SU-1'));
    await gateway.until('planned', async () => (await gateway.states()).length === 1);
    expect((await gateway.states())[0]?.state).not.toBe('delivered');

    expect((await relais('destination', 'resume', 'essai-crm', ...why)).out).toMatch(
      /^essai-crm is active\. One lead is sent first/,
    );
    await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
    expect(await actionsOf(gateway, 'suspended', 'resumed')).toMatchObject([
      { entry: 'suspended', purpose: 'ticket 13' },
      { entry: 'resumed', purpose: 'ticket 13' },
    ]);
  });

  test('test reaches the recipient and sends no lead', async () => {
    const before = crm.received.length;
    const ran = await relais('destination', 'test', 'essai-crm');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toMatch(/^essai-crm can be reached.*Only the address was tried .* No lead was sent\.\n$/);
    for (const { body } of crm.received.slice(before)) expect(body.toString()).not.toContain('Lef');
    crm.cutAtOnce = true;
    const cut = await relais('destination', 'test', 'essai-crm');
    crm.cutAtOnce = false;
    expect(cut).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DEST-001 .*cannot be reached/) as string,
    });
  });

  test('test judges each answer by the rules of its call', async () => {
    gateway.file('essai/calls.yaml', callsFor(crm.port));
    await gateway.app.publishing.publish({ destinationId: 'essai-calls', author: 'tester', note: 'first' });
    await relais('authorisation', 'grant', 'essai-calls', ...granted);
    expect((await relais('destination', 'test', 'essai-calls')).err).toMatch(
      /^DEST-001 .*cannot be reached.*BASE_STOPPED/s,
    );
  });

  test('backfill counts first, then hands older leads to the planner', async () => {
    const dry = await relais('destination', 'backfill', 'essai-crm', '--since', '1h', '--dry-run');
    expect(dry.out).toBe('1 leads would be handed to the planner.\n');
    expect(await gateway.states("l.reference = 'BEFORE-1'")).toEqual([]);
    expect(await relais('destination', 'backfill', 'essai-crm', '--since', '1h')).toMatchObject({ code: 64 });
    const ran = await relais('destination', 'backfill', 'essai-crm', '--since', '1h', ...why);
    expect(ran.out).toMatch(/^1 leads handed/);
    await gateway.until(
      'delivered',
      async () => (await gateway.states("l.reference = 'BEFORE-1'"))[0]?.state === 'delivered',
    );
  });

  test('send-file makes the file of what waits now, recorded with who and why', async () => {
    await relais('mapping', 'publish', 'essai-csv', '--note', 'a file flow');
    const grant = await relais(
      ...['authorisation', 'grant', 'essai-csv', '--recipient', 'Essai SI', '--document', 'Contrat 2'],
    );
    // The path as it is written: the temporary folder has capitals.
    expect(grant.out).toContain(`at local:essai/in, ${drop}.`);
    const [stored] = await gateway.owner.all<{ targets: string }>(
      "SELECT targets FROM authorisations WHERE destination_id = 'essai-csv'",
    );
    expect(JSON.parse(stored?.targets ?? '')).toEqual(['local:essai/in', drop]);
    await gateway.send(leadRow('FI-1', { programme: 'FILE-1' }));
    await gateway.until(
      'it waits for its file',
      async () => (await gateway.states("l.reference = 'FI-1'"))[0]?.reason === 'slot',
    );
    expect(await relais('destination', 'send-file', 'essai-csv')).toMatchObject({ code: 64 });
    expect((await relais('destination', 'send-file', 'essai-csv', ...why)).out).toMatch(/^The file leaves/);
    await gateway.until(
      'delivered',
      async () => (await gateway.states("l.reference = 'FI-1'"))[0]?.state === 'delivered',
    );
    expect(readdirSync(join(drop, 'in'))).toContain('LEADS_000001.csv');
    expect(await actionsOf(gateway, 'file_requested')).toMatchObject([{ purpose: 'ticket 13' }]);
    const id = String((await gateway.states("l.reference = 'FI-1'"))[0]?.id);
    expect((await relais('delivery', 'show', id)).out).toContain('fichier : LEADS_000001.csv');
  });

  test('a file can be asked for of a file flow only; an unknown destination is said so', async () => {
    expect((await relais('destination', 'send-file', 'essai-crm', ...why)).err).toMatch(
      /^DEST-001 essai-crm sends each lead by webhook/,
    );
    for (const command of ['suspend', 'resume', 'send-file'])
      expect(await relais('destination', command, 'nowhere', ...why)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^FIND-001 No destination is called nowhere/) as string,
      });
    expect((await relais('destination', 'test', 'nowhere')).err).toMatch(/^FIND-001 /);
  });
});

describe('authorisation', () => {
  test('revoked, nothing departs; granted again, what was withheld leaves by itself', async () => {
    expect((await relais('authorisation', 'list')).out).toMatch(
      /1 +essai-crm +Essai CRM +localhost +identity project statistical +Contrat 1 .* live/,
    );
    expect((await relais('authorisation', 'revoke', '1', ...why)).out).toContain('is revoked');
    expect((await relais('authorisation', 'revoke', '1', ...why)).err).toMatch(/^DEST-001 .*revoked already/);
    expect((await relais('authorisation', 'list', '--destination', 'essai-crm')).out).toContain('revoked ');

    await gateway.send(leadRow('AU-1'));
    const state = async (): Promise<string | undefined> =>
      (await gateway.states("l.reference = 'AU-1'"))[0]?.state;
    await gateway.until('withheld', async () => (await state()) === 'withheld');
    const id = String((await gateway.states("l.reference = 'AU-1'"))[0]?.id);
    expect((await relais('delivery', 'show', id)).out).toContain('relais authorisation grant essai-crm');

    const ran = await relais('authorisation', 'grant', 'essai-crm', ...granted);
    expect(ran.out).toContain('Essai CRM may receive identity, project, statistical at localhost.');
    expect(ran.out).toContain('1 withheld delivery is looked at again.');
    await gateway.until('delivered', async () => (await state()) === 'delivered');
    expect((await actionsOf(gateway, 'revoked', 'authorised', 'reopened')).slice(-3)).toMatchObject([
      { entry: 'revoked', purpose: 'ticket 13' },
      { entry: 'authorised', purpose: 'lettre du 2026-11-20' },
      { entry: 'reopened', delivery: Number(id) },
    ]);
  });

  test.each([
    [['--target', 'elsewhere.example'], "DEST-001 Not in the client's contract facts"],
    [['--category', 'financial'], "DEST-001 The client's contract does not cover financial"],
    [['--category', 'shoes'], 'USAGE-001 "shoes" is not a category'],
    [['--from', '2026-12-01', '--until', '2026-11-30'], 'USAGE-001 --until must come after --from'],
    [['--recipient', 'Zoé, 06 39 98 01 23'], 'USAGE-001 --recipient holds'],
  ])('a grant with %j is refused', async (more, message) => {
    const before = await relais('authorisation', 'list');
    const ran = await relais('authorisation', 'grant', 'essai-crm', ...granted, ...more);
    expect(ran.code).not.toBe(0);
    expect(ran.err).toContain(message);
    expect((await relais('authorisation', 'list')).out).toBe(before.out);
  });

  test('revoking what does not exist, or granting without a document, is refused', async () => {
    expect((await relais('authorisation', 'revoke', '99', ...why)).err).toMatch(/^FIND-001 /);
    expect(await relais('authorisation', 'grant', 'essai-crm', '--recipient', 'X')).toMatchObject({
      code: 64,
    });
  });
});
