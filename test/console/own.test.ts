// What a client's own people do by themselves: a test lead to their destination, and the renewal of its signing secret.
import { Webhook } from 'standardwebhooks';
import { sendTestLead } from '../../src/support/test-leads/send.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { crossed } from '../support/crossed.ts';
import { twoClients } from '../support/two-clients.ts';
import { openGateway, strangerRow, type Gateway } from '../trip/gateway.ts';
import { deskOver, type Answer, type Browser, type TestDesk } from './desk.ts';

const first = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
let crm: HttpRecipient;
let gateway: Gateway;
let desk: TestDesk;
let viewer: Browser;

const signed = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      text.replace(
        /^send: \{ url: ('[^']+') \}$/m,
        'send: { url: $1, signature: { standard: "secret:SIGNING" } }',
      ),
    ]),
  );

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"success": true, "id": "CRM-1"}');
  gateway = await openGateway({
    files: signed(twoClients(crm.port)),
    environment: { RELAIS_SECRET_SIGNING: first },
  });
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await gateway.app.publishing.publish({ destinationId, author: 'staff:1', note: 'first' });
  await gateway.start('planner', 'worker');
  desk = await deskOver(gateway);
  viewer = await desk.signedIn('viewer');
});
afterAll(async () => {
  await desk.close();
  await crm.close();
});

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const entries = (kind: string) =>
  gateway.owner.all<Record<string, unknown>>(
    'SELECT id, client_id AS client, destination_id AS destination, actor, reason, purpose, lead_id AS `lead` FROM handovers WHERE entry = ? ORDER BY id',
    [kind],
  );
const received = () => crm.received.map(({ body, headers }) => ({ body: body.toString(), headers }));
const testPage = '/destinations/essai-crm/test-lead';
const secretPage = '/destinations/essai-crm/secret';

describe('a test lead', () => {
  test('goes to the client’s own destination, plainly a test, with every opt-in refused; it is in the log and nowhere else', async () => {
    const before = crm.received.length;
    const { answer } = crm;
    let inLogAtArrival: Promise<number> | undefined;
    crm.answer = (request, response, raw) => {
      inLogAtArrival = entries('test_lead').then(({ length }) => length);
      void inLogAtArrival.then(() => answer(request, response, raw));
    };
    const page = await viewer.post(testPage);
    crm.answer = answer;
    expect(await inLogAtArrival).toBe(1);
    expect([page.status, plain(page.text)]).toEqual([
      200,
      expect.stringContaining('Le destinataire l’a pris') as string,
    ]);
    const [sent, ...others] = received().slice(before);
    expect(others).toEqual([]);
    const body = JSON.parse(sent?.body ?? '{}') as Record<string, unknown>;
    expect(body).toMatchObject({
      ref: expect.stringMatching(/^TEST-\d{8}-[0-9a-f]{6}$/) as string,
      nom: 'TEST',
      OPTIN: 'NON',
    });
    const [departed] = await entries('test_lead');
    expect(departed).toMatchObject({
      ...{ client: 'essai', destination: 'essai-crm', purpose: body['ref'], reason: 'production', lead: 0 },
      actor: expect.stringMatching(/^account:\d+$/) as string,
    });
    expect(await entries('test_outcome')).toMatchObject([{ destination: 'essai-crm', reason: 'accepted' }]);
    for (const table of ['leads', 'deliveries', 'lead_intake'])
      expect([table, await gateway.owner.all(`SELECT 1 FROM ${table}`)]).toEqual([table, []]);
    expect((await viewer.get(testPage)).text).toContain(String(body['ref']));
  });

  test('what a CRM refuses is told, with its code', async () => {
    const { answer } = crm;
    crm.answer = (_request, response) => void response.writeHead(422).end('{}');
    const page = await viewer.post(testPage);
    crm.answer = answer;
    expect(plain(page.text)).toMatch(/ne l’a pas pris : TEST-.*refused/);
    expect((await entries('test_outcome')).at(-1)).toMatchObject({
      reason: expect.stringMatching(/^refused/) as string,
    });
  });

  test('another client’s destination is answered as none, and nothing leaves', async () => {
    const before = crm.received.length;
    const count = (await entries('test_lead')).length;
    for (const path of ['/destinations/autre-crm/test-lead', '/destinations/inconnue/test-lead']) {
      expect((await viewer.get(path)).status).toBe(404);
      expect([404, 422]).toContain((await viewer.post(path)).status);
    }
    expect([crm.received.length, (await entries('test_lead')).length]).toEqual([before, count]);
  });

  test('nothing leaves where nobody is authorised, where it is suspended, where the contract has ended', async () => {
    const refusedWhile = async (broken: string, mended: string): Promise<void> => {
      const before = crm.received.length;
      await gateway.owner.run(broken);
      const page = await viewer.post(testPage);
      await gateway.owner.run(mended);
      expect([broken, page.status, crm.received.length]).toEqual([broken, 422, before]);
    };
    await refusedWhile(
      "UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3) WHERE destination_id = 'essai-crm'",
      "UPDATE authorisations SET revoked_at = NULL WHERE destination_id = 'essai-crm'",
    );
    await refusedWhile(
      "UPDATE destinations SET status = 'suspended' WHERE id = 'essai-crm'",
      "UPDATE destinations SET status = 'active' WHERE id = 'essai-crm'",
    );
    await refusedWhile(
      "UPDATE clients SET closed_at = UTC_TIMESTAMP(3) WHERE id = 'essai'",
      "UPDATE clients SET closed_at = NULL WHERE id = 'essai'",
    );
  });

  test('C18: what is taken away between the look and the departure is seen: nothing leaves', async () => {
    const before = crm.received.length;
    const acting = { scope: { clientId: 'essai' }, actor: 'account:1' };
    for (const [broken, mended] of [
      [
        'UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3)',
        'UPDATE authorisations SET revoked_at = NULL',
      ],
      ["UPDATE destinations SET status = 'suspended'", "UPDATE destinations SET status = 'active'"],
    ] as const) {
      const database = crossed(gateway.app.database, () => gateway.owner.run(broken));
      const sent = sendTestLead({ ...gateway.app, database }, acting, 'essai-crm');
      await expect(sent).rejects.toMatchObject({ code: 'DEST-001' });
      await gateway.owner.run(mended);
    }
    expect(crm.received.length).toBe(before);
  });

  test('of one destination five an hour leave, however many ask at once', async () => {
    await gateway.owner.run('DELETE FROM test_leads');
    const before = crm.received.length;
    const pages = await Promise.all(Array.from({ length: 8 }, () => viewer.post(testPage)));
    expect(pages.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 200, 200, 200, 200, 422, 422, 422,
    ]);
    expect(crm.received.length).toBe(before + 5);
    await gateway.owner.run('UPDATE test_leads SET sent_at = TIMESTAMPADD(HOUR, -2, sent_at)');
    expect((await viewer.post(testPage)).status).toBe(200);
  });

  test('where the mapping declares a sandbox it goes there, and not to the real address', async () => {
    const sandbox = await startHttpRecipient();
    sandbox.answer = (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"success": true, "id": "S-1"}');
    const files = signed(twoClients(crm.port));
    gateway.file(
      'essai/crm.yaml',
      `${files['essai/crm.yaml'] ?? ''}sandbox: { send: { url: 'http://localhost:${sandbox.port}/essai' } }\n`,
    );
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'staff:1', note: 'sandbox' });
    await gateway.owner.run('DELETE FROM test_leads');
    const before = crm.received.length;
    expect(plain((await viewer.get(testPage)).text)).toContain('environnement d’essai que le format déclare');
    const page = await viewer.post(testPage);
    expect(plain(page.text)).toContain('Le destinataire l’a pris');
    expect([crm.received.length, sandbox.received.length]).toEqual([before, 1]);
    expect((await entries('test_lead')).at(-1)).toMatchObject({ reason: 'sandbox' });
    gateway.file('essai/crm.yaml', files['essai/crm.yaml'] ?? '');
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'staff:1', note: 'back' });
    await sandbox.close();
  });
});

describe('the signing secret', () => {
  const secretIn = ({ text }: Answer): string =>
    /<code>(whsec_[A-Za-z0-9+/=]+)<\/code>/.exec(text)?.[1] ?? '';
  /** Which of these secrets the recipient can verify the newest delivery with. */
  const fitting = (...secrets: readonly string[]): readonly boolean[] => {
    const last = received().findLast(({ body }) => body.includes('"SG-'));
    return secrets.map((secret) => {
      try {
        new Webhook(secret).verify(last?.body ?? '', last?.headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    });
  };
  let leads = 0;
  /** A lead is sent until the recipient can verify it as expected: a worker learns of a renewal within seconds, or when it is `asked`. */
  const signedWith = async (
    secrets: readonly string[],
    expected: readonly boolean[],
    asked = true,
  ): Promise<void> => {
    await gateway.until(`signed as ${expected.join()}`, async () => {
      if (asked) await gateway.app.rotated.refresh();
      const reference = `SG-${(leads += 1)}`;
      await gateway.send(strangerRow(reference));
      await gateway.until('it has arrived', () =>
        received().some(({ body }) => body.includes(`"${reference}"`)),
      );
      return fitting(...secrets).join() === expected.join();
    });
  };

  test('C48: the client renews it: shown once, both sign until the date shown, a numbered note and an entry; then the old one ends by itself', async () => {
    await signedWith([first], [true]);
    expect(plain((await viewer.get(secretPage)).text)).toContain('jamais sur la console');
    const made = await viewer.post(secretPage);
    const second = secretIn(made);
    expect([made.status, Buffer.from(second.slice(6), 'base64').length]).toEqual([200, 32]);
    expect(made.headers.get('cache-control')).toBe('no-store');
    for (const path of [secretPage, '/destinations/essai-crm', testPage])
      expect((await viewer.get(path)).text).not.toContain(second);
    await signedWith([first, second], [true, true], false);

    const [note] = await gateway.owner.all<{ title: string; changes: string; asked_by: string }>(
      "SELECT title, changes, asked_by FROM client_notes WHERE kind = 'secret_rotated' ORDER BY number DESC LIMIT 1",
    );
    expect(note).toMatchObject({ title: 'secret de signature de « essai-crm » renouvelé' });
    expect(note?.asked_by).toMatch(/^le client lui-même/);
    expect(await entries('secret_rotated')).toMatchObject([
      { client: 'essai', destination: 'essai-crm', reason: 'renewed' },
    ]);

    expect((await viewer.post(secretPage)).status).toBe(422);
    await gateway.owner.run('UPDATE rotated_secrets SET overlap_ends_at = UTC_TIMESTAMP(3)');
    await signedWith([first, second], [false, true]);
  });

  test('another client’s deliveries under a secret of the same name are signed as before', async () => {
    await gateway.send(strangerRow('SG-AUTRE', { client_id: 'autre' }));
    await gateway.until('it has arrived', () => received().some(({ body }) => body.includes('"SG-AUTRE"')));
    expect(fitting(first)).toEqual([true]);
    expect((await viewer.get('/destinations/autre-crm/secret')).status).toBe(404);
    for (const path of ['/destinations/autre-crm/secret', '/destinations/autre-crm/secret/take-back'])
      expect([404, 422]).toContain((await viewer.post(path)).status);
    expect(await entries('secret_rotated')).toHaveLength(1);
  });

  test('a new one that was lost is taken back, and the one before signs alone', async () => {
    const [kept] = await gateway.owner.all<{ id: number }>('SELECT id FROM rotated_secrets');
    const third = secretIn(await viewer.post(secretPage));
    await signedWith([third, first], [true, false]);
    expect((await viewer.post(`${secretPage}/take-back`)).to).toBe(`${secretPage}?say=taken-back`);
    await signedWith([third, first], [false, false]);
    expect(await gateway.owner.all('SELECT id FROM rotated_secrets')).toEqual([kept]);
    expect((await viewer.post(`${secretPage}/take-back`)).status).toBe(422);
  });

  test('of two who press at once one is refused', async () => {
    const pages = await Promise.all([viewer.post(secretPage), viewer.post(secretPage)]);
    expect(pages.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422]);
    await viewer.post(`${secretPage}/take-back`);
  });

  test('no value stands in clear in MySQL, in Redis or in the log', async () => {
    const made = secretIn(await viewer.post(secretPage));
    await signedWith([made], [true]);
    const bare = made.slice(6);
    const tables = await gateway.owner.all<{ name: string }>(
      "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'",
    );
    const raw = Buffer.from(bare, 'base64');
    const forms = [bare, raw.toString('hex'), raw.toString('latin1')];
    const textOf = (value: unknown): string =>
      Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value);
    for (const { name } of tables) {
      const rows = await gateway.owner.all<object>(`SELECT * FROM \`${name}\``);
      const text = rows.flatMap((row) => Object.values(row).map(textOf)).join('\n');
      expect([name, forms.filter((form) => text.includes(form))]).toEqual([name, []]);
    }
    for (const key of await gateway.redis.keys('*')) {
      const kept = (await gateway.redis.dumpBuffer(key))?.toString('latin1') ?? '';
      expect([key, forms.filter((form) => `${key}${kept}`.includes(form))]).toEqual([key, []]);
    }
    await viewer.post(`${secretPage}/take-back`);
  });

  test('one that was put into the row of another destination signs nothing there', async () => {
    await gateway.owner.run("UPDATE rotated_secrets SET destination_id = 'autre-crm', client_id = 'autre'");
    await gateway.app.rotated.refresh();
    expect(gateway.app.rotated.secretsFor('autre-crm')('SIGNING')).toEqual([]);
    await gateway.owner.run("UPDATE rotated_secrets SET destination_id = 'essai-crm', client_id = 'essai'");
  });

  test('once the operator puts another value in, that one counts', async () => {
    const { app } = gateway;
    await app.rotated.refresh();
    const renewed = app.rotated.secretsFor('essai-crm')('SIGNING');
    expect([renewed.length, renewed.includes(first)]).toEqual([1, false]);
    await gateway.owner.run('UPDATE rotated_secrets SET over_value = REPEAT(CHAR(1), 32)');
    await app.rotated.refresh();
    expect(app.rotated.secretsFor('essai-crm')('SIGNING')).toEqual([first]);
    expect(plain((await viewer.get(secretPage)).text)).toContain('jamais sur la console');
  });

  test('one that cannot be opened signs nothing, rather than the old one', async () => {
    await viewer.post(secretPage);
    await gateway.owner.run('UPDATE rotated_secrets SET sealed = REPEAT(CHAR(1), 60)');
    await gateway.app.rotated.refresh();
    expect(gateway.app.rotated.secretsFor('essai-crm')('SIGNING')).toEqual([]);
    await gateway.owner.run('DELETE FROM rotated_secrets');
  });

  test('support has no right to it', async () => {
    const support = await desk.signedIn('support');
    expect((await support.get(secretPage)).status).toBe(403);
    expect((await support.post(secretPage)).status).toBe(403);
  });
});
