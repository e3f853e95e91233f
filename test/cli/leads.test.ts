// relais lead ...: taking files in with the intake account alone, finding without showing, and rights at once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grantRights } from '../../src/store/migrate.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
let intakeUrl: string;
const folder = mkdtempSync(join(tmpdir(), 'relais-cli-'));
const person = ['Lefèvre', 'Zoé', 'zoe.lefevre', '639980123', '39980123'];

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ success: true, id: 'CRM-1' }));
  };
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  const intake = { user: `${new URL(gateway.config.mysql.gatewayUrl).username}i`, host: '%' };
  await gateway.owner.text(`CREATE USER '${intake.user}'@'%' IDENTIFIED BY 'intake'`);
  const account = { user: intake.user.slice(0, -1), host: '%' };
  await grantRights(gateway.owner, gateway.config.keysSchema, { gateway: account, intake });
  const url = new URL(gateway.config.mysql.gatewayUrl);
  url.username = intake.user;
  url.password = 'intake';
  intakeUrl = url.href;
  relais = terminalOf(environmentOf(gateway, { RELAIS_MYSQL_INTAKE_URL: intakeUrl }));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('ES-1'), leadRow('ES-2', { consents: null, mobile: '+33639980124' }));
  await gateway.until('one delivered, one withheld', async () =>
    (await gateway.states())
      .map((one) => one.state)
      .sort()
      .join()
      .includes('delivered,withheld'),
  );
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
  rmSync(folder, { recursive: true, force: true });
});

function leadFile(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  const head = 'client_id,kind,reference,channel,collected_at,last_name,email';
  writeFileSync(path, `${[head, ...lines].join('\n')}\n`);
  return path;
}

describe('lead import', () => {
  const row = (reference: string, mail = 'a.martin@courriel.example'): string =>
    `essai,lead,${reference},web_form,2026-11-20T10:15:00+01:00,Martin,${mail}`;

  test('good rows reach the gateway through the intake account; bad ones are in a rejects file', async () => {
    const path = leadFile('leads.csv', row('IM-1'), row('IM-2', 'not-a-mail'));
    const ran = await relais('lead', 'import', path);
    expect(ran.out).toContain('1 inserted, 1 rejected of 2');
    expect(ran.code).toBe(1);
    const rejects = /readable by you only\): (.+)/.exec(ran.out)?.[1] ?? '';
    expect(readFileSync(rejects, 'utf8')).toContain('not-a-mail');
    expect(ran.out + ran.err).not.toContain('not-a-mail');
    await gateway.until('the lead', async () => (await gateway.states("l.reference = 'IM-1'")).length === 1);
  });

  test('the intake account is enough: the gateway account is not used', async () => {
    const elsewhere = new URL(gateway.config.mysql.gatewayUrl);
    elsewhere.port = '9';
    const ran = await terminalOf(
      environmentOf(gateway, { RELAIS_MYSQL_INTAKE_URL: intakeUrl, RELAIS_MYSQL_URL: elsewhere.href }),
    )('lead', 'import', leadFile('alone.csv', row('IM-3')));
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('1 inserted, 0 rejected') as string });
  });

  test('a dry run inserts nothing; a file that is not there is said so', async () => {
    const ran = await relais('lead', 'import', leadFile('dry.csv', row('IM-9')), '--dry-run');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('1 good, 0 rejected of 1') as string });
    expect(await gateway.owner.all("SELECT id FROM lead_intake WHERE reference = 'IM-9'")).toEqual([]);
    const missing = await relais('lead', 'import', join(folder, 'nowhere.csv'));
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^IMPORT-001 .*ENOENT/);
    expect(missing.err).not.toMatch(/\n\s+at /);
  });

  test('what the gateway refuses later is listed with column and code, without its values', async () => {
    await gateway.send(leadRow('RF-0', { channel: 'pigeon' }), leadRow('RF-1', { channel: 'pigeon' }));
    await gateway.until('the refusal', async () => (await relais('lead', 'refusals')).out.includes('RF-1'));
    const ran = await relais('lead', 'refusals', '--client', 'essai', '--limit', '1');
    expect(ran.out).toContain('channel');
    expect(ran.out).not.toContain('pigeon');
    expect(ran.err).toMatch(/more: --after \d+/);
    const after = /--after (\d+)/.exec(ran.err)?.[1] ?? '';
    expect((await relais('lead', 'refusals', '--after', after)).out).not.toContain('RF-1');
  });
});

describe('lead find and show', () => {
  test.each(['06 39 98 01 23', '0639980123', '+33639980123', '0033 6 39 98 01 23', '06.39.98.01.23'])(
    'a phone is found in the spelling %s, the person masked',
    async (phone) => {
      const ran = await relais('lead', 'find', '--phone', phone, '--reason', 'ticket 1');
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.out).toContain('ES-1');
      expect(ran.out).not.toContain('ES-2');
      expect(ran.out).toContain('L*** Z*** z***@c***.example +33******23');
      for (const part of person) expect(ran.out + ran.err).not.toContain(part);
    },
  );

  describe('a person of whom there is only a refused row', () => {
    beforeAll(async () => {
      // Refused for the very spelling by which it must be found.
      await gateway.send(
        leadRow('RF-7', {
          last_name: 'Noirot',
          email: ' Ines.Noirot@courriel.example',
          mobile: '06 39 98 07 77',
        }),
      );
      await gateway.until('the refusal', async () => (await relais('lead', 'refusals')).out.includes('RF-7'));
    });
    test.each([
      ['--email', 'ines.noirot@courriel.example'],
      ['--phone', '+33639980777'],
      ['--reference', 'RF-7'],
    ])('is found by %s, masked, and the look-up is logged', async (by, value) => {
      const ran = await relais('lead', 'find', by, value, '--reason', 'request 90');
      expect(ran.code).toBe(0);
      expect(ran.out).toContain('RF-7');
      expect(ran.out).toContain('N***');
      for (const part of ['Noirot', 'nes.', '98 07', '9807']) expect(ran.out + ran.err).not.toContain(part);
      expect((await actionsOf(gateway, 'looked_up')).at(-1)).toMatchObject({ purpose: 'request 90' });
    });

    test('is shown, has its consents taken out by a withdrawal, and is gone after an erasure, each in the log', async () => {
      expect((await relais('lead', 'show', 'RF-7', '--client', 'essai')).out).toContain('RF-7');
      const withdrawn = await relais(
        'lead',
        'withdraw',
        'RF-7',
        '--client',
        'essai',
        '--reason',
        'request 91',
      );
      expect(withdrawn).toMatchObject({ code: 0, out: expect.stringMatching(/only refused rows/) as string });
      const [asked] = /Request (\d+): nobody received/.exec(withdrawn.out) ?? [];
      expect(asked).toBeDefined();
      expect((await actionsOf(gateway, 'withdrawn')).at(-1)).toMatchObject({
        purpose: expect.stringMatching(/^request \d+$/) as string,
      });
      const left = (): Promise<unknown[]> =>
        gateway.owner.all("SELECT consents FROM lead_intake WHERE reference = 'RF-7'");
      expect(await left()).toEqual([{ consents: null }]);
      const erased = await relais(
        'lead',
        'erase',
        'RF-7',
        '--client',
        'essai',
        '--reason',
        'request 92',
        '--identity',
        'card seen',
        '--yes',
      );
      expect(erased).toMatchObject({
        code: 0,
        out: expect.stringMatching(/Refused rows erased: 1/) as string,
      });
      const number = /Request (\d+): nobody received/.exec(erased.out)?.[1] ?? '';
      expect((await actionsOf(gateway, 'erased')).at(-1)).toMatchObject({ purpose: `request ${number}` });
      expect(await left()).toEqual([]);
      // C23, C24: its proof, its copy for the client and its term, like any other erasure.
      const proof = await relais('proof', 'show', /Proof (\d+)/.exec(erased.err)?.[1] ?? '');
      expect(JSON.parse(proof.out)).toMatchObject({
        act: 'erasure',
        request: number,
        tables: [{ table: 'lead_intake', rowsBefore: 1, rowsAfter: 0 }],
      });
      expect(
        await gateway.owner.all('SELECT mail_key FROM client_mails WHERE mail_key LIKE ? ORDER BY id', [
          `request-${number}%`,
        ]),
      ).toMatchObject([
        { mail_key: `request-${number}` },
        { mail_key: expect.stringContaining('proof') as string },
      ]);
      const shown = await relais('request', 'show', number, '--json');
      expect(JSON.parse(shown.out)).toMatchObject({ request: { state: 'applied', kind: 'erasure' } });
    });
  });

  test('looking a person up needs a reason and is in the log with who, why and which lead', async () => {
    const before = (await actionsOf(gateway, 'looked_up')).length;
    const refused = await relais('lead', 'find', '--email', 'zoe.lefevre@courriel.example');
    expect(refused).toMatchObject({ code: 64, err: expect.stringMatching(/^USAGE-002 /) as string });
    expect((await actionsOf(gateway, 'looked_up')).length).toBe(before);

    await relais('lead', 'find', '--email', 'ZOE.lefevre@courriel.example', '--reason', 'ticket 2');
    const logged = (await actionsOf(gateway, 'looked_up')).slice(before);
    expect(logged).toHaveLength(2);
    expect(logged[0]).toMatchObject({ actor: 'Sophie', purpose: 'ticket 2', client: 'essai' });
    expect(logged.every((one) => one.lead > 0)).toBe(true);
  });

  test('a look-up that finds nobody is logged too, and ends with 1', async () => {
    const ran = await relais('lead', 'find', '--email', 'nobody@courriel.example', '--reason', 'ticket 3');
    const err = 'Aucun lead trouvé par adresse e-mail. / No lead found by mail address.\n';
    expect(ran).toEqual({ code: 1, out: '', err });
    expect((await actionsOf(gateway, 'looked_up')).at(-1)).toMatchObject({ purpose: 'ticket 3', lead: 0 });
  });

  test('a reference needs no reason, yet is logged', async () => {
    expect((await relais('lead', 'find', '--reference', 'ES-1')).out).toContain('essai-crm create delivered');
    expect((await actionsOf(gateway, 'looked_up')).at(-1)).toMatchObject({
      purpose: 'lead find by reference',
    });
  });

  test('revealing shows the person and is an entry of its own', async () => {
    const why = ['--reveal', '--reason', 'request 77'];
    const ran = await relais('lead', 'find', '--reference', 'ES-1', ...why);
    expect(ran.out).toContain('Lefèvre Zoé zoe.lefevre@courriel.example +33639980123');
    expect((await actionsOf(gateway, 'revealed')).at(-1)).toMatchObject({ purpose: 'request 77' });
    expect(await relais('lead', 'show', 'ES-1', '--client', 'essai', '--reveal')).toMatchObject({ code: 64 });
    const shown = await relais('lead', 'show', 'ES-1', '--client', 'essai', ...why);
    expect(shown.out).toContain('Lefèvre');
    expect(await actionsOf(gateway, 'revealed')).toHaveLength(2);
  });

  test('a reason with a way to reach somebody is refused: the log never forgets', async () => {
    const ran = await relais(
      'lead',
      'find',
      '--phone',
      '0639980123',
      '--reason',
      'rappeler au 06 39 98 01 23',
    );
    expect(ran).toMatchObject({ code: 64, err: expect.stringContaining('--reason holds') as string });
    expect(ran.err).not.toContain('98 01 23');
  });

  test('show tells consents in force, deliveries and why one is withheld, and nothing of the person', async () => {
    const one = await relais('lead', 'show', 'ES-1', '--client', 'essai');
    expect(one.out).toContain('marketing.email : accordé');
    expect(one.out).toContain('essai-crm  création  livrée');
    const two = await relais('lead', 'show', 'ES-2', '--client', 'essai');
    expect(two.out).toContain('aucun enregistré');
    expect(two.out).toContain('retenue : opt-in non enregistré (marketing.email)');
    for (const part of person) expect(one.out + two.out).not.toContain(part);
    expect(await relais('lead', 'show', 'ES-404', '--client', 'essai')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^FIND-001 /) as string,
    });
  });

  test.each([
    ['the id that the recipient gave', 'CRM-1', 'ES-1'],
    ['that id in small letters', 'crm-1', 'ES-1'],
    ['our reference in small letters', 'es-1', 'ES-1'],
    ['the reference of a refused row in small letters', 'rf-0', 'RF-0'],
  ])('a lead is found by %s, masked, and the look-up is logged', async (_title, reference, found) => {
    const before = (await actionsOf(gateway, 'looked_up')).length;
    const ran = await relais('lead', 'find', '--reference', reference);
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(found) as string });
    expect(ran.out).not.toContain('ES-2');
    for (const part of person) expect(ran.out + ran.err).not.toContain(part);
    expect(await actionsOf(gateway, 'looked_up')).toHaveLength(before + 1);
    expect((await relais('lead', 'find', '--reference', reference, '--client', 'autre')).code).toBe(1);
  });

  test('an act names the very reference: another spelling is suggested, not taken', async () => {
    const ran = await relais('delivery', 'list', '--lead', 'es-1');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(/^FIND-001 .*es-1\. Did you mean ES-1\?/);
    expect((await relais('lead', 'show', 'CRM-1', '--client', 'essai')).code).toBe(1);
  });

  test('another client does not see the lead', async () => {
    expect((await relais('lead', 'show', 'ES-1', '--client', 'autre')).code).toBe(1);
    expect((await relais('lead', 'find', '--reference', 'ES-1', '--client', 'autre')).err).toMatch(
      /^FIND-001 No client/,
    );
  });
});

describe('rights', () => {
  test('withdraw records the answer and tells the recipient', async () => {
    const ran = await relais(
      ...['lead', 'withdraw', 'ES-1', '--client', 'essai', '--channel', 'email', '--reason', 'request 78'],
    );
    expect(ran.out).toContain('Withdrawn: marketing by email');
    await gateway.until('the update', async () =>
      (await gateway.states("l.reference = 'ES-1'")).some(
        (one) => one.action === 'update' && one.state === 'delivered',
      ),
    );
    expect(crm.received.at(-1)?.body.toString()).toContain('RETRAIT');
    expect((await relais('lead', 'show', 'ES-1', '--client', 'essai')).out).toContain(
      'marketing.email : retiré',
    );
  });

  test('show says of a withdrawal that came over from another lead where it comes from', async () => {
    await gateway.send(leadRow('ES-3'));
    await gateway.until('the lead', async () => (await gateway.states("l.reference = 'ES-3'")).length > 0);
    expect((await relais('lead', 'show', 'ES-3', '--client', 'essai')).out).toContain(
      ', par la passerelle : repris d’un autre lead de la même personne\n',
    );
    expect((await relais('lead', 'show', 'ES-3', '--client', 'essai', '--lang', 'en')).out).toContain(
      ', by the gateway: carried over from another lead of the same person\n',
    );
  });

  test('an unknown channel is refused with the list of those there are', async () => {
    const ran = await relais(
      ...['lead', 'withdraw', 'ES-1', '--client', 'essai', '--channel', 'fax', '--reason', 'request 78'],
    );
    expect(ran).toMatchObject({
      code: 64,
      err: expect.stringContaining('email, sms, phone, post') as string,
    });
  });

  test('erase asks first, then blanks the person and sends an erase after what was sent', async () => {
    const command = [
      'lead',
      'erase',
      'ES-1',
      '--client',
      'essai',
      '--reason',
      'request 79',
      '--identity',
      'seen',
    ];
    const unasked = await relais(...command);
    expect(unasked).toMatchObject({ code: 64, err: expect.stringContaining('cannot be undone') as string });
    expect(await gateway.owner.all('SELECT id FROM leads WHERE erased_at IS NOT NULL')).toEqual([]);

    expect((await relais(...command, '--yes')).out).toContain('Erased.');
    await gateway.until('the erase', async () =>
      (await gateway.states("l.reference = 'ES-1'")).some(
        (one) => one.action === 'erase' && one.state === 'delivered',
      ),
    );
    expect((await relais('lead', 'show', 'ES-1', '--client', 'essai')).out).toContain('Personne effacée le');
    expect((await relais(...command, '--yes')).out).toContain('Already erased.');
    const [create] = await gateway.owner.all<{ id: number }>(
      "SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference = 'ES-1' AND d.action = 'create'",
    );
    const again = await relais('replay', String(create?.id), '--reason', 'ticket 9');
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^REPLAY-001 /) as string });
    expect(again.out).toContain('the lead has been erased');
  });

  test('where a recipient takes neither change nor erasure, the person who asks is told that it is theirs to write', async () => {
    const main = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
    const silent = main.replace(/^(update|erase): .*\n/gm, '');
    expect(silent).not.toBe(main);
    gateway.file('essai/crm.yaml', silent);
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'silent' });
    await gateway.send(leadRow('ES-9'));
    await gateway.until('delivered', async () =>
      (await gateway.states("l.reference = 'ES-9'")).some((one) => one.state === 'delivered'),
    );
    const about = ['ES-9', '--client', 'essai', '--reason', 'request 80'];
    const withdrawn = await relais('lead', 'withdraw', ...about);
    expect([withdrawn.code, withdrawn.err]).toEqual([
      0,
      'essai-crm: takes no update, so that its recipient has to be informed in writing (dpo@essai.example). ' +
        'That task comes up as failed manual_update_required in relais delivery list --lead ES-9.\n',
    ]);
    const task = (reason: string) => async (): Promise<boolean> =>
      (await gateway.states("l.reference = 'ES-9'")).some(
        (one) => one.state === 'failed' && one.reason === reason,
      );
    await gateway.until('the update as a task', task('manual_update_required'));
    const erased = await relais('lead', 'erase', ...about, '--identity', 'seen', '--yes');
    expect(erased.err).toContain('essai-crm: takes no erase');
    await gateway.until('the erase as a task', task('manual_erasure_required'));
    // Each is one task, not a delivery and an alert, and is closed once.
    const listed = (await relais('task', 'list')).out;
    expect(listed).toContain('Contact for rights: dpo@essai.example');
    expect(listed).not.toContain('manual_task');
    const closing = ['--reason', 'told', '--evidence', 'mail of 2026-11-20', '--yes'];
    await relais(
      'task',
      'close',
      '--destination',
      'essai-crm',
      '--cause',
      'manual_erasure_required',
      ...closing,
    );
    expect((await relais('task', 'list')).out).not.toContain('erasure must be requested');
  });
});

test('C54: where a lead was bought is shown, and where its proof is found only when revealed', async () => {
  await gateway.send(
    leadRow('ES-54', {
      ...{ acquisition: 'bought', seller: 'leads-factory', buyer: 'centre', collected_by: 'api-1' },
      ...{ consent_proof: 'present', proof_reference: 'preuve-77', mobile: '+33639980154' },
    }),
  );
  await gateway.until('taken in', async () => (await gateway.states("l.reference = 'ES-54'")).length > 0);
  const shown = (...more: readonly string[]) => relais('lead', 'show', 'ES-54', '--client', 'essai', ...more);
  const { out } = await shown();
  expect(out).toContain(
    'Provenance  acheté à leads-factory par centre, preuve du consentement présente (***)',
  );
  expect(out).toMatch(/Recueil +api-1/);
  expect((await shown('--reveal', '--reason', 'request 54')).out).toContain('(preuve-77)');
  expect(JSON.parse((await shown('--json')).out)).toMatchObject({
    provenance: { acquisition: 'bought', seller: 'leads-factory', consentProof: 'present' },
  });
});
