// relais mapping publish, rollback, history, preview of a stored lead; relais log verify and anchor.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let gateway: Gateway;
let relais: Relais;
const files = webhookFiles(9);
const main = files['essai/crm.yaml'] ?? '';
const note = ['--note', 'asked by Essai on 2026-11-20'];
const folder = mkdtempSync(join(tmpdir(), 'relais-cli-'));

beforeAll(async () => {
  gateway = await openGateway({ files });
  relais = terminalOf(environmentOf(gateway));
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('mapping publish, rollback, history', () => {
  test('needs a note and one target; what check refuses is not published', async () => {
    expect(await relais('mapping', 'publish', 'essai-crm')).toMatchObject({
      code: 64,
      err: expect.stringMatching(/^USAGE-002 Say why with --note/) as string,
    });
    expect((await relais('mapping', 'publish', ...note)).err).toMatch(/^USAGE-001 Name one destination/);
    gateway.file('essai/crm.yaml', main.replace('identity.lastName', 'identity.lastNam'));
    for (const target of ['essai-crm', '--all']) {
      const ran = await relais('mapping', 'publish', target, ...note);
      expect(ran).toMatchObject({ code: 1, out: '' });
      expect(ran.err).toMatch(/^MAPPING-001 [^]*crm\.yaml:\d+:\d+ {2}MAP-\d+ .*identity\.lastName/);
    }
    gateway.file('essai/crm.yaml', main);
    expect((await relais('mapping', 'publish', 'nowhere', ...note)).err).toMatch(/^FIND-001 /);
  });

  test('a guessed opt-in is not published, alone or with all, until its mark is gone', async () => {
    gateway.file(
      'essai/crm.yaml',
      main.replace('withdrawn: RETRAIT } }', 'withdrawn: RETRAIT } } # guess: x'),
    );
    expect((await relais('mapping', 'check', 'essai-crm')).code).toBe(0);
    for (const target of ['essai-crm', '--all']) {
      const ran = await relais('mapping', 'publish', target, ...note);
      expect(ran).toMatchObject({ code: 1, out: '' });
      expect(ran.err).toMatch(/^MAPPING-001 [^]*crm\.yaml:\d+:\d+ {2}MAP-904 /);
    }
    gateway.file('essai/crm.yaml', main);
  });

  test('a client.yaml with an address in a text that is kept for ever is not published', async () => {
    const client = webhookFiles(9)['essai/client.yaml'] ?? '';
    gateway.file(
      'essai/client.yaml',
      client.replace('document: Contrat 1', 'document: "mail de zoe@courriel.example"'),
    );
    for (const target of ['essai-crm', '--all']) {
      const ran = await relais('mapping', 'publish', target, ...note);
      expect(ran).toMatchObject({ code: 1, out: '' });
      expect(ran.err).toMatch(/^MAPPING-001 [^]*client\.yaml:\d+:\d+ {2}MAP-908 /);
    }
    gateway.file('essai/client.yaml', client);
  });

  test('versions follow each other with author and note; an earlier one can be put back', async () => {
    const first = await relais('mapping', 'publish', '--all', ...note);
    expect(first.out).toBe(
      "essai-crm v1 is in force.\nNote 1 is written and will be mailed to the client's contact: relais note show essai 1\n1 authorisation of client.yaml added.\n",
    );
    expect((await relais('mapping', 'publish', 'essai-crm', ...note)).out).toContain('nothing changed');
    gateway.file('essai/crm.yaml', main.replace('to: nom', 'to: name'));
    const second = await relais(
      ...['mapping', 'publish', 'essai-crm', '--author', 'Anne', '--note', 'name instead of nom'],
    );
    expect(second.out).toMatch(/^essai-crm v2 is in force\.\nNote 2 is written/);
    expect(await relais('mapping', 'rollback', 'essai-crm', '1')).toMatchObject({ code: 64 });
    const back = await relais('mapping', 'rollback', 'essai-crm', 'v1', '--reason', 'ticket 16');
    expect(back.out).toBe('essai-crm v1 is in force again.\n');
    expect((await relais('mapping', 'rollback', 'essai-crm', '9', '--reason', 'ticket 16')).code).toBe(1);
    const { out } = await relais('mapping', 'history', 'essai-crm');
    expect(out).toMatch(/v1 +\S+ \S+ +Sophie +asked by Essai on 2026-11-20 +in force/);
    expect(out).toMatch(/v2 +\S+ \S+ +Anne +name instead of nom\n/);
    const facts = { version: 1, author: 'staff:1', note: 'asked by Essai on 2026-11-20', inForce: true };
    const asJson = async (...argv: readonly string[]): Promise<unknown> =>
      JSON.parse((await relais('mapping', ...argv, '--json')).out);
    expect(await asJson('history', 'essai-crm')).toMatchObject([{ version: 2, inForce: false }, facts]);
    gateway.file('essai/crm.yaml', main);
    expect(await asJson('publish', 'essai-crm', ...note)).toMatchObject({
      ...{ destination: 'essai-crm', ...facts, changed: false, warnings: [{ severity: 'warning' }] },
      missingSecrets: [],
    });
    expect(await actionsOf(gateway, 'published', 'rolled_back')).toMatchObject([
      { entry: 'published', client: 'essai' },
      { entry: 'rolled_back', purpose: 'ticket 16' },
    ]);
    const again = await asJson('rollback', 'essai-crm', '1', '--reason', 'ticket 16');
    expect(again).toMatchObject({ destination: 'essai-crm', ...facts });
  });
});

describe('an authorisation that client.yaml names no more', () => {
  test('stays in force and is named with the command that ends it, until it is revoked', async () => {
    const client = files['essai/client.yaml'] ?? '';
    const narrower = client.replace(
      'targets: [localhost], categories: [identity, project, statistical]',
      'targets: [localhost], categories: [identity, project]',
    );
    expect(narrower).not.toBe(client);
    gateway.file('essai/client.yaml', narrower);
    const ran = await relais('mapping', 'publish', 'essai-crm', ...note);
    expect(ran.out).toContain('1 authorisation of client.yaml added.');
    expect(ran.err).toContain(
      'Authorisation 1 (Essai CRM: localhost; identity, project, statistical) is in force, but client.yaml does not name it. If it is over: relais authorisation revoke 1 --reason "..."',
    );
    const asJson = await relais('mapping', 'publish', 'essai-crm', ...note, '--json');
    expect(JSON.parse(asJson.out)).toMatchObject({
      authorisedBeside: [{ id: 1, recipient: 'Essai CRM', targets: ['localhost'] }],
    });
    gateway.file('essai/client.yaml', client);
    expect((await relais('mapping', 'publish', 'essai-crm', ...note)).err).toContain('Authorisation 2 (');
    expect((await relais('authorisation', 'revoke', '2', '--reason', 'ticket 20')).code).toBe(0);
    expect((await relais('mapping', 'publish', 'essai-crm', ...note)).err).not.toContain('Authorisation');
  });
});

describe('mapping preview', () => {
  beforeAll(async () => {
    gateway.file('essai/crm.yaml', main);
    await gateway.send(leadRow('PV-1'), leadRow('PV-2', { consents: null }));
    while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
  });

  test('a stored lead needs a reason, is shown to the byte and logged; nothing is sent', async () => {
    const command = ['mapping', 'preview', 'essai-crm', '--lead', 'PV-1'];
    expect(await relais(...command)).toMatchObject({ code: 64, out: '' });
    const { out, code } = await relais(...command, '--reason', 'ticket 17');
    expect(code).toBe(0);
    expect(out).toContain('POST /leads HTTP/1.1');
    expect(out).toContain('{"ref":"PV-1","nom":"Lefèvre","tel":"0639980123","OPTIN":"OUI"}');
    expect(out).toMatch(/nom +identity\.lastName +Lefèvre/);
    expect(out).toMatch(/OPTIN +.*e-mail +OUI +NON +NON +RETRAIT +granted/);
    expect(await actionsOf(gateway, 'revealed')).toMatchObject([{ purpose: 'ticket 17', client: 'essai' }]);
    expect(await gateway.owner.all("SELECT id FROM handovers WHERE entry = 'departed'")).toEqual([]);
  });

  test('a lead without a recorded opt-in says why it would not leave', async () => {
    const { out } = await relais(
      'mapping',
      'preview',
      'essai-crm',
      '--lead',
      'PV-2',
      '--reason',
      'ticket 17',
    );
    expect(out).toContain('Would not leave: opt_in_missing');
    expect(out).toContain('no answer is recorded for marketing by email');
  });

  test('an invented lead needs neither reason nor log', async () => {
    const before = await actionsOf(gateway, 'revealed');
    const ran = await relais('mapping', 'preview', 'essai-crm');
    expect(ran.err).toContain('sample: a built-in invented lead');
    expect(ran.out).toContain('Durand-Exemple');
    expect(await actionsOf(gateway, 'revealed')).toEqual(before);
    const erased = await relais('mapping', 'preview', 'essai-crm', '--action', 'erase');
    expect(erased.out).toContain('DELETE /leads/REF-OF-THE-CRM HTTP/1.1');
    expect((await relais('mapping', 'preview', 'essai-crm', '--sample', 'nobody')).err).toMatch(/^FIND-001 /);
  });
});

describe('log verify', () => {
  const sealAll = async (): Promise<void> => {
    while ((await gateway.app.sealer.seal(1000)) > 0);
  };

  test('a whole log verifies, with its anchor given as text or file', async () => {
    await sealAll();
    const anchor = (await relais('log', 'anchor')).out.trim();
    expect(anchor).toMatch(/^\d+:[0-9a-f]{64}$/);
    const file = join(folder, 'anchor.txt');
    writeFileSync(file, `${anchor}\n`);
    const plain = await relais('log', 'verify');
    expect(plain).toMatchObject({ code: 0, err: expect.stringContaining('Without an anchor') as string });
    expect(plain.out).toMatch(/^The log verifies: \d+ entries under \d+ seals/);
    for (const given of [
      ['--anchor', anchor],
      ['--anchor', file],
      ['--anchor-file', file],
    ])
      expect((await relais('log', 'verify', ...given)).out).toContain('anchor found');
    expect(await relais('log', 'verify', '--anchor', 'x')).toMatchObject({ code: 64 });
  });

  test('a cut tail is seen with the anchor; a changed entry is named; both end with 1', async () => {
    const tail = await relais('log', 'verify', '--anchor', `999:${'0'.repeat(64)}`);
    expect(tail).toMatchObject({ code: 1, out: '' });
    expect(tail.err).toMatch(/^LOG-001 .*end of the log was cut.*anchor_missing, seal 999/);

    await gateway.owner.text('DROP TRIGGER handovers_no_update');
    const [entry] = await gateway.owner.all<{ id: number }>(
      "SELECT id FROM handovers WHERE entry = 'rolled_back'",
    );
    await gateway.owner.run("UPDATE handovers SET purpose = 'ticket 99' WHERE id = ?", [entry?.id ?? 0]);
    const changed = await relais('log', 'verify');
    expect(changed).toMatchObject({ code: 1, out: '' });
    expect(changed.err).toContain(`(entry_changed, entry ${entry?.id ?? ''}, seal 1)`);
    expect(changed.err).toContain('→ Keep the database as it is');
  });
});

describe('mapping diff', () => {
  const changed = main
    .replace('as: { phone: national }', 'as: { phone: spaced }')
    .replace('from: identity.lastName', 'from: identity.lastName, as: upper');
  beforeAll(async () => {
    gateway.file('essai/crm.yaml', main);
    await relais('mapping', 'publish', 'essai-crm', ...note);
    gateway.file('essai/crm.yaml', changed);
  });

  test('over the leads that came: by field, their values by form only, nothing journaled', async () => {
    const before = (await actionsOf(gateway, 'revealed', 'looked_up')).length;
    const { out, code } = await relais('mapping', 'diff', 'essai-crm');
    expect(code).toBe(0);
    expect(out).toMatch(/^essai-crm: v\d+ \(in force\) → file, over 2 leads, newest first\n1 of 2 /);
    expect(out).toContain('nom  in 1\n  "Xx…" → "X…"  ×1  PV-1');
    expect(out).toContain('tel  in 1\n  "9999999999" → "99 99 99 99 99"  ×1  PV-1');
    expect(out).not.toMatch(/OPTIN|Lef|LEF/);
    expect(await actionsOf(gateway, 'revealed', 'looked_up')).toHaveLength(before);
  });

  test('values in clear need a reason and are journaled lead by lead before they are shown', async () => {
    const command = ['mapping', 'diff', 'essai-crm', 'published', 'file', '--show-values'];
    expect(await relais(...command)).toMatchObject({ code: 64, out: '' });
    const { out } = await relais(...command, '--reason', 'ticket 18');
    expect(out).toContain('"Lefèvre" → "LEFÈVRE"');
    const noted = (await actionsOf(gateway, 'revealed')).filter((one) => one.purpose === 'ticket 18');
    expect(noted.map((one) => one.client)).toEqual(['essai', 'essai']);
  });

  test('two versions by number; samples on request; as JSON', async () => {
    expect((await relais('mapping', 'diff', 'essai-crm', '1', 'v1')).out).toContain('Nothing changes');
    const ran = await relais('mapping', 'diff', 'essai-crm', '--samples', '--json');
    expect(JSON.parse(ran.out)).toMatchObject({
      to: 'file',
      leads: 1,
      targets: [
        { target: 'nom', changes: [{ before: '"Durand-Exemple"', after: '"DURAND-EXEMPLE"' }] },
        { target: 'tel' },
      ],
    });
    expect(await relais('mapping', 'diff', 'essai-crm', '99')).toMatchObject({ code: 1, out: '' });
  });
});

test('mapping coverage counts over the leads that came', async () => {
  const { out } = await relais('mapping', 'coverage', 'essai-crm', '--last', '10');
  expect(out).toMatch(/^essai-crm, over 2 leads\n/);
  expect(out).toMatch(/identity\.email +identity +2\n/);
  expect(out).toMatch(/marketing +email +OPTIN +- +missing 1, granted 1\n/);
  expect(out).not.toContain('Lefèvre');
});

test('mapping spec of a published version names version, author and date', async () => {
  const { out } = await relais('mapping', 'spec', 'essai-crm', '--version', '2');
  expect(out).toMatch(/\| Version \| version 2 \|/);
  expect(out).toMatch(/\| Auteur \| Anne \|/);
  expect(out).toContain('| `name` | texte | Nom |');
});
