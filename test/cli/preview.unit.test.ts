// relais mapping check and preview without any server: ten mistakes told at once, exact bytes, secrets masked.
import {
  cpSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { terminalOf } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const fixtures = join(root, 'test', 'mapping', 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'relais-preview-'));
const token = 'tk-never-shown-4711';
const relais = terminalOf({
  RELAIS_SECRET_HORIZON_TOKEN: token,
  RELAIS_SECRET_HORIZON_SIGNING: `whsec_${token}`,
});
const preview = (destination: string, ...more: readonly string[]) =>
  relais('mapping', 'preview', destination, '--dir', folder, ...more);

/** Every path below the folder with its content's size and time. */
const snapshot = (): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => {
      const { size, mtimeMs } = statSync(join(folder, path));
      return `${path} ${size} ${mtimeMs}`;
    });

beforeAll(() => cpSync(join(root, 'mappings'), folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what a provider of text messages is sent is shown, and not what it was made of', async () => {
  const home = join(folder, 'sms');
  mkdirSync(join(home, 'demo'), { recursive: true });
  cpSync(join(fixtures, 'client.yaml'), join(home, 'demo', 'client.yaml'));
  writeFileSync(
    join(home, 'demo', 'texts.yaml'),
    `destination: demo-texts
connector: sms
send: { url: https://crm.demo.example/sms, sender: DEMO, to: '+33639980001', auth: { bearer: secret:DEMO } }
consent:
  - { to: Accord e-mail, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: NON } }
fields: [{ to: text, template: 'Programme {{project.programme}}' }]
response: [{ accepted: { status: 201 }, reference: $.id }]
`,
  );
  const ran = await relais('mapping', 'preview', 'demo-texts', '--dir', home);
  expect(ran.code).toBe(0);
  expect(ran.out).toContain('{"sender":"DEMO","recipient":"+33639980001","text":"Programme ');
  expect(ran.out).toContain('\\nAccord e-mail : ');
  expect(ran.out).not.toContain('"Accord e-mail":');
});

describe('ten different mistakes in one file', () => {
  const home = join(folder, 'ten');
  const whole = readFileSync(join(fixtures, 'mistakes', 'ten-at-once.yaml'), 'utf8');
  const expected = whole
    .split('\n')
    .flatMap((line) => (line.startsWith('#! ') ? [line.slice('#! mappings/'.length)] : []));
  beforeAll(() => {
    mkdirSync(join(home, 'demo'), { recursive: true });
    cpSync(join(fixtures, 'client.yaml'), join(home, 'demo', 'client.yaml'));
    writeFileSync(join(home, 'demo', 'crm.yaml'), whole.replaceAll(/^#! .*\n/gm, ''));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test('are all told, each at its line and column, with what was meant, and end with 1', async () => {
    const ran = await relais('mapping', 'check', 'demo', '--dir', home);
    expect(ran.code).toBe(1);
    const lines = ran.out.split('\n').slice(0, -1);
    expect(lines).toEqual(expected.map((line) => join(home, line)));
    expect(new Set(lines.map((line) => /MAP-\d{3}/.exec(line)?.[0])).size).toBeGreaterThanOrEqual(10);
    expect(ran.err).toBe(`${expected.length} errors, 0 warnings.\n`);
    expect(ran.out).not.toContain('tk_live_abc');
  });

  test('keep the file from being previewed, with the same list', async () => {
    const ran = await relais('mapping', 'preview', 'demo-crm', '--dir', home);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(/^MAPPING-001 The mapping of demo-crm has errors:\n/);
    for (const line of expected) expect(ran.err).toContain(line);
  });

  test('end a process with exit code 1, for CI, without any configuration', () => {
    const argv = [join(root, 'src/cli/index.ts'), 'mapping', 'check', '--dir', home, '--json'];
    const options = {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
      stdio: 'pipe',
    } as const;
    let failed: { status?: number; stdout?: string } = {};
    try {
      execFileSync(process.execPath, argv, options);
    } catch (error) {
      failed = error as typeof failed;
    }
    expect(failed.status).toBe(1);
    const places = (failed.stdout ?? '').trim().split('\n');
    expect(places).toHaveLength(expected.length);
    for (const line of places)
      expect(JSON.parse(line)).toMatchObject({
        line: expect.any(Number) as number,
        column: expect.any(Number) as number,
      });
  });
});

describe('a preview', () => {
  test('prints head, bytes, origins and the truth table; it writes nothing and needs no server', async () => {
    const before = snapshot();
    const ran = await preview('horizon-crm');
    expect(ran).toMatchObject({ code: 0, err: 'sample: horizon/samples/durand.yaml\n' });
    expect(ran.out).toContain('POST /api/leads HTTP/1.1\nhost: crm.horizon.example\n');
    const bytes = JSON.parse(
      readFileSync(join(folder, 'horizon/samples/durand.crm.json'), 'utf8'),
    ) as unknown;
    const body = ran.out.split('\n').find((line) => line.startsWith('{')) ?? '';
    expect(JSON.parse(body)).toEqual(bytes);
    expect(ran.out).toContain(`(${Buffer.byteLength(body)} bytes, application/json)`);
    expect(ran.out).toMatch(/contact\.nom +identity\.lastName +DURAND\n/);
    expect(ran.out).toMatch(/RGPD_TEL +prospection par téléphone +OUI +NON +NON +NON +refused\n/);
    expect(snapshot()).toEqual(before);
  });

  test('names secrets and never shows their values', async () => {
    const { out, err } = await preview('horizon-crm');
    expect(out).toContain('authorization: Bearer «secret:HORIZON_TOKEN»');
    expect(out).toContain('webhook-signature: v1,«signed with secret:HORIZON_SIGNING»');
    expect(out + err).not.toContain(token);
  });

  test('of a file is the file, with its name; of a mail, its head and sheet', async () => {
    const csv = await preview('alpes-csv');
    expect(csv.out).toMatch(/^sftp:alpes\/in\/LEADS_\d{8}_000001\.csv$/m);
    expect(csv.out).toContain(
      readFileSync(join(folder, 'alpes/samples/oeuvrard.csv.txt'), 'latin1').split('\r\n')[0],
    );
    const xml = await preview('hexagone-xml');
    expect(xml.out).toContain(readFileSync(join(folder, 'hexagone/samples/bernard.xml'), 'utf8').trim());
    const mail = await preview('littoral-mail');
    expect(mail.out).toContain('SMTP: «secret:SMTP_URL»');
    expect(mail.out).toContain('▶ Accord prospection par e-mail');
  });

  test.each(['sans-opt-in', 'sans-opt-in.yaml', 'samples/sans-opt-in'])(
    'takes the sample %s',
    async (name) => {
      const ran = await preview('horizon-crm', '--sample', name);
      expect(ran.err).toContain('sample: horizon/samples/sans-opt-in.yaml');
      expect(ran.out).toContain('Would not leave: opt_in_missing');
      expect(ran.out).toContain('Opt-in truth table');
    },
  );

  test('takes the file a path names, even if a sample of the client is called alike', async () => {
    const own = join(mkdtempSync(join(folder, 'mine-')), 'durand.yaml');
    const text = readFileSync(join(folder, 'horizon/samples/durand.yaml'), 'utf8');
    writeFileSync(own, text.replace('HZ-000123', 'HZ-MINE'));
    const ran = await preview('horizon-crm', '--sample', own);
    expect(ran.err).toBe(`sample: ${own}\n`);
    expect(ran.out).toContain('"reference":"HZ-MINE"');
  });

  test('refuses a wrong sample, an action nobody takes, a lead and a sample, an unknown destination', async () => {
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'reference: X\nchannel: pigeon\n');
    expect((await preview('horizon-crm', '--sample', wrong)).err).toMatch(
      new RegExp(`^MAPPING-001 The sample has errors:\n[^]*^${wrong}:2:10 `, 'm'),
    );
    const both = await preview('horizon-crm', '--sample', 'durand', '--lead', 'X', '--reason', 'ticket 1');
    expect(both).toMatchObject({ code: 64, err: expect.stringContaining('not both') as string });
    const erase = await preview('littoral-mail', '--action', 'erase');
    expect(erase).toMatchObject({ code: 64, out: '' });
    expect(erase.err).toContain('littoral-mail takes no erase; it takes create');
    expect(await preview('horizon-crm', '--action', 'delete')).toMatchObject({ code: 64, out: '' });
    expect(await preview('nowhere')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^FIND-001 /) as string,
    });
  });
});

test('a destination of several calls shows each of them, to the byte, with marks for ids that answers will give', async () => {
  const home = join(folder, 'several');
  mkdirSync(join(home, 'demo'), { recursive: true });
  mkdirSync(join(home, 'presets'), { recursive: true });
  cpSync(join(fixtures, 'client.yaml'), join(home, 'demo', 'client.yaml'));
  writeFileSync(
    join(home, 'demo', 'crm.yaml'),
    `destination: demo-crm
connector: webhook
send: {auth: {bearer: secret:DEMO}}
response: [{accepted: {status: 201, json: {ok: true}}}]
consent:
  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}
calls:
  - {name: person, send: {url: https://crm.demo.example/persons}, fields: [{to: nom, from: identity.lastName}], capture: {id: $.id}}
  - {name: company, when: {equals: {project.use: other}}, send: {url: https://crm.demo.example/firms}, fields: [{to: ref, from: id}]}
  - {name: deal, send: {url: "https://crm.demo.example/persons/{person.id}/deals"}, fields: [{to: person, from: calls.person.id}]}
`,
  );
  const ran = await relais('mapping', 'preview', 'demo-crm', '--dir', home);
  expect(ran).toMatchObject({ code: 0 });
  const out = ran.out.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'KEY');
  expect(out).toContain('Call 1 of 3: person');
  expect(out).toContain('POST /persons HTTP/1.1');
  expect(out).toContain('webhook-id: KEY-person');
  expect(out).toContain('Call 2 of 3: company\n  not made for this lead');
  expect(out).toContain('Call 3 of 3: deal');
  expect(out).toContain('POST /persons/‹person.id›/deals HTTP/1.1');
  expect(out).toContain('{"person":"‹person.id›"}');
  rmSync(home, { recursive: true, force: true });
});
