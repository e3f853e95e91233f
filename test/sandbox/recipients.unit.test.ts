// The recipients judge for themselves: what the CRM lets in, and how files and mails are read back.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { Webhook } from 'standardwebhooks';
import { createCrmRules } from '../../sandbox/recipients/crm-rules.ts';
import type { CrmRequest } from '../../sandbox/recipients/crm-rules.ts';
import { readCrmFile } from '../../sandbox/recipients/crm.ts';
import { csvRows, readDrop, xmlRows } from '../../sandbox/recipients/files.ts';
import { sandboxHostKey } from '../../sandbox/recipients/identity.ts';
import { readMailbox } from '../../sandbox/recipients/mailbox.ts';
import { createMoods } from '../../sandbox/recipients/moods.ts';

const secrets = { token: 'jeton', signing: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };
const judge = createCrmRules(secrets);

const lead = {
  reference: 'HZ-1',
  RGPD_OPTIN: 'OUI',
  RGPD_TEL: 'NON',
  contact: { nom: 'LECŒUR', tel: '0639980001' },
  projet: { programme: 'HZ-LYON', budget: '285 000' },
  canal: 'WEB',
  recueLe: '2026-11-20T10:15:00+01:00',
  source: 'Centre de contact',
};

function request(body: object, headers: Record<string, string> = {}, method = 'POST'): CrmRequest {
  const text = method === 'DELETE' ? '' : JSON.stringify(body);
  const sentAt = new Date();
  return {
    method,
    body: text,
    headers: {
      authorization: 'Bearer jeton',
      'idempotency-key': 'k1',
      'webhook-id': 'k1',
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': new Webhook(secrets.signing).sign('k1', sentAt, text),
      ...headers,
    },
  };
}

const verdict = (asked: CrmRequest): unknown => {
  const judged = judge(asked);
  return judged.ok ? 'kept' : [judged.answer.status, (judged.answer.body['error'] as { code: string }).code];
};

describe('the CRM', () => {
  test('keeps a lead that is as agreed, and takes its erasure', () => {
    expect(verdict(request(lead))).toBe('kept');
    expect(verdict(request({}, {}, 'DELETE'))).toBe('kept');
  });

  test('turns away a wrong token, a wrong or missing signature, a missing key', () => {
    expect(verdict(request(lead, { authorization: 'Bearer autre' }))).toEqual([401, 'TOKEN']);
    expect(verdict(request(lead, { 'webhook-signature': 'v1,AAAA' }))).toEqual([401, 'SIGNATURE']);
    expect(verdict(request(lead, { 'webhook-id': 'k2' }))).toEqual([401, 'SIGNATURE']);
    expect(verdict(request({}, { 'webhook-signature': 'v1,AAAA' }, 'DELETE'))).toEqual([401, 'SIGNATURE']);
    expect(verdict(request(lead, { 'idempotency-key': '' }))).toEqual([400, 'NO_KEY']);
  });

  const { RGPD_OPTIN: _optIn, ...withoutOptIn } = lead;
  test.each<[string, object, [number, string]]>([
    ['no opt-in', withoutOptIn, [422, 'E10']],
    ['an opt-in in other words', { ...lead, RGPD_OPTIN: 'true' }, [422, 'E10']],
    ['a phone that is not national', { ...lead, contact: { nom: 'X', tel: '+33639980001' } }, [422, 'E12']],
    ['a field nobody agreed on', { ...lead, apport: 20000 }, [422, 'E10']],
    [
      'a programme that is sold out',
      { ...lead, projet: { programme: 'HZ-SOLDOUT' } },
      [422, 'PROGRAMME_CLOSED'],
    ],
    [
      'a programme it does not know: a 200 that says no',
      { ...lead, projet: { programme: 'HZ-GHOST' } },
      [200, 'E31'],
    ],
  ])('says no to %s', (_name, body, expected) => {
    expect(verdict(request(body))).toEqual(expected);
  });

  test('its bad days follow the seed, and hold each kind of trouble once in twenty', () => {
    const day = (seed: number): string[] => Array.from({ length: 20 }, createMoods(seed));
    expect(day(1)).toEqual(day(1));
    expect(day(1)).not.toEqual(day(2));
    expect(
      day(1)
        .filter((mood) => mood !== 'kind')
        .sort(),
    ).toEqual(['broken', 'busy', 'evasive', 'forgetful', 'slow']);
  });
});

describe('what was received, read back', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'relais-received-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('the CRM’s file: kept once, recognised the second time', () => {
    const line = { key: 'k1', idempotencyKey: 'k1', action: 'create', id: 'H-1', reference: 'HZ-1' };
    const file = join(folder, 'leads.jsonl');
    writeFileSync(
      file,
      `${JSON.stringify({ ...line, lead })}\n${JSON.stringify({ ...line, again: true })}\n`,
    );
    const { received, complaints } = readCrmFile(file, 'horizon-crm');
    expect(complaints).toEqual([]);
    expect(received).toEqual([
      expect.objectContaining({
        key: 'k1',
        reference: 'HZ-1',
        times: 2,
        optIn: { RGPD_OPTIN: 'OUI', RGPD_TEL: 'NON' },
      }),
    ]);
    writeFileSync(file, `${JSON.stringify({ ...line, again: true })}\n`);
    expect(readCrmFile(file, 'horizon-crm').complaints).toHaveLength(1);
  });

  test('CSV in windows-1252, with a semicolon and a quote inside', () => {
    const text =
      '"REFERENCE";"ACTION";"NOM";"OPTIN_TEL"\r\n"AL-1";"C";"ŒUVRARD ; ""Zoé""";"O"\r\n"AL-2";"S";"";""\r\n';
    expect(csvRows(iconv.encode(text, 'windows-1252'))).toEqual([
      { reference: 'AL-1', action: 'create', optIn: { OPTIN_TEL: 'O' } },
      { reference: 'AL-2', action: 'erase', optIn: { OPTIN_TEL: '' } },
    ]);
  });

  test('XML with attributes: "0" stays "0"', () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?><leads xmlns="urn:hexagone:leads">
      <lead ref="HX-1" action="create" profilage="refuse"><optin canal="email">0</optin><optin canal="tel">1</optin></lead>
      <lead ref="HX-2" action="create"><commentaire><![CDATA[<optin>]]></commentaire></lead></leads>`;
    expect(xmlRows(Buffer.from(text))).toEqual([
      {
        reference: 'HX-1',
        action: 'create',
        optIn: { 'lead.optin@canal=email': '0', 'lead.optin@canal=tel': '1', 'lead@profilage': 'refuse' },
      },
      { reference: 'HX-2', action: 'create', optIn: {} },
    ]);
  });

  test('a file that disagrees with its control file, or was never finished, is complained of', () => {
    writeFileSync(join(folder, 'L_1.csv'), '"REFERENCE";"ACTION"\r\n"AL-1";"C"\r\n');
    writeFileSync(join(folder, 'L_1.csv.ctl'), 'seq=1\nrows=2\nsha256=00\n');
    writeFileSync(join(folder, 'L_2.csv.part'), '');
    const { complaints } = readDrop(folder, { destination: 'alpes-csv', kind: 'csv' });
    expect(complaints).toEqual([
      expect.stringContaining('control file says 2'),
      expect.stringContaining('check sum differs'),
      expect.stringContaining('never finished'),
    ]);
  });

  test('mails: one per Message-ID, the opt-in from the sheet and not from a comment', async () => {
    const mail = [
      'Message-ID: <k-1@relais.example>',
      'Subject: Nouvelle demande LT-000005 Programme LT-PORNIC',
      'Content-Type: text/plain; charset=utf-8',
      '',
      '>> Accord prospection par e-mail (OPTIN_EMAIL) : Oui',
      'Commentaire : Accord (OPTIN_EMAIL) : Non',
      '',
    ].join('\r\n');
    for (const name of ['0001.eml', '0002.eml']) writeFileSync(join(folder, name), mail);
    const { received, complaints } = await readMailbox(folder, 'littoral-mail');
    expect(complaints).toEqual([]);
    expect(received).toEqual([
      expect.objectContaining({
        key: 'k-1',
        reference: 'LT-000005',
        action: 'create',
        times: 2,
        optIn: { OPTIN_EMAIL: 'Oui' },
      }),
    ]);
  });
});

test('the host key of the sandbox is the one the demo clients’ mappings pin', () => {
  for (const file of ['mappings/alpes/csv.yaml', 'mappings/hexagone/xml.yaml']) {
    expect(readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).toContain(
      `hostKey: ${sandboxHostKey().fingerprint}\n`,
    );
  }
});
