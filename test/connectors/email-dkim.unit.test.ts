// DKIM: what leaves is signed for the sender's domain, as a real receiver verifies it; the key is checked before it is needed.
import { createPublicKey, createVerify, createHash, generateKeyPairSync } from 'node:crypto';
import { createEmailConnector } from '../../connectors/email/index.ts';
import type { EmailSettings } from '../../connectors/email/settings.ts';
import type { Outcome, Tested } from '../../connectors/contract.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import { startDnsServer, type DnsServer } from './servers/dns.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from './servers/smtp.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const publicText = (pair.publicKey.export({ type: 'spki', format: 'der' }) as Buffer).toString('base64');
const weak = generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
});
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

let recipient: SmtpRecipient;
let dns: DnsServer;
let ca = '';
let email: ReturnType<typeof createEmailConnector>;
beforeAll(async () => {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  ca = certificate.cert;
  recipient = await startSmtpRecipient(certificate);
  dns = await startDnsServer();
  email = createEmailConnector({ nameServers: [dns.address] });
});
afterEach(() => {
  recipient.received.length = 0;
  dns.texts.clear();
  dns.silent = false;
});
afterAll(async () => {
  await email.close?.();
  await recipient.close();
  await dns.close();
});

const settings = (over: Partial<EmailSettings> = {}): EmailSettings => ({
  to: 'leads@horizon.example',
  from: 'Centre de contact <relais@mail.centre.example>',
  smtp: { host: 'localhost', port: recipient.port, user: smtpUser.user, password: 'secret:SMTP' },
  dkim: { domain: 'centre.example', selector: 'relais1', key: 'secret:DKIM' },
  ...over,
});
const secrets = (key: string | undefined) => ({
  SMTP: smtpUser.password,
  ...(key === undefined ? {} : { DKIM: key }),
});
const context = (key: string | undefined = pem) =>
  contextOf({ secrets: secrets(key), target: 'leads@horizon.example', ca });
const send = async (key?: string): Promise<Outcome> => await email.send(parcelOf(), settings(), context(key));
const tested = async (key?: string): Promise<Tested> => await email.test(settings(), context(key));

describe('a signed mail', () => {
  test('carries a signature that its public key verifies over headers and body', async () => {
    expect(await send()).toMatchObject({ kind: 'unconfirmed' });
    const raw = recipient.received[0]?.raw.toString('latin1') ?? '';
    const { tags, isGood, isBodyGood } = verified(raw);
    expect(tags).toMatchObject({ a: 'rsa-sha256', d: 'centre.example', s: 'relais1' });
    expect(tags['h']?.split(':')).toEqual(
      expect.arrayContaining(['from', 'to', 'subject', 'message-id', 'date']),
    );
    expect([isGood, isBodyGood]).toEqual([true, true]);
    // And it is no accident of the verifier: one letter of the body changes everything.
    expect(verified(raw.replace('MARTIN', 'MARTEN')).isBodyGood).toBe(false);
  });

  test.each([
    'From: a@b.example',
    'To: a@b.example',
    'Subject: autre',
    'Date: Mon, 23 Nov 2026 09:00:00 +0000',
  ])('is broken by a second %s, above or below', async (header) => {
    await send();
    const raw = recipient.received[0]?.raw.toString('latin1') ?? '';
    expect(verified(raw).isGood).toBe(true);
    expect(verified(`${header}\r\n${raw}`).isGood).toBe(false);
    expect(verified(raw.replace('\r\n\r\n', `\r\n${header}\r\n\r\n`)).isGood).toBe(false);
  });

  test('is the same at every attempt', async () => {
    await send();
    await send();
    const [first, second] = recipient.received;
    expect(first?.raw.equals(second?.raw ?? Buffer.alloc(0))).toBe(true);
  });

  test('a key given in one line, with \\n for its line breaks, is read all the same', async () => {
    expect(await send(pem.trim().replaceAll('\n', String.raw`\n`))).toMatchObject({ kind: 'unconfirmed' });
    expect(verified(recipient.received[0]?.raw.toString('latin1') ?? '').isGood).toBe(true);
  });

  test.each([
    ['no key', ' ', 'DKIM_KEY_UNREADABLE'],
    ['text that is no key', 'pas une clé', 'DKIM_KEY_UNREADABLE'],
    ['a key of another kind', elliptic, 'DKIM_KEY_UNREADABLE'],
    ['a key that receivers ignore', weak, 'DKIM_KEY_WEAK'],
  ])('with %s nothing leaves unsigned: the destination is held', async (_name, key, reason) => {
    expect(await send(String(key))).toMatchObject({ kind: 'unauthorized', reason });
    expect(recipient.received).toEqual([]);
    const outcome = await tested(String(key));
    expect(outcome).toMatchObject({ kind: 'unauthorized', reason });
    expect(JSON.stringify(outcome)).not.toContain('pas une');
  });
});

describe('the test of the destination', () => {
  const name = 'relais1._domainkey.centre.example';
  const record = `v=DKIM1; k=rsa; p=${publicText}`;

  test('finds the public key in DNS, cut into strings as long keys are', async () => {
    dns.texts.set(name, [[record.slice(0, 200), record.slice(200)]]);
    const outcome = await tested();
    expect(outcome).toMatchObject({ kind: 'accepted' });
    expect(outcome.notes).toEqual([
      [`DKIM : ${name} publie la clé qui signe.`, `DKIM: ${name} publishes the key that signs.`],
    ]);
    expect(recipient.received).toEqual([]);
  });

  test('says which record to publish where there is none', async () => {
    const outcome = await tested();
    expect(outcome).toMatchObject({ kind: 'invalid', reason: 'DKIM_RECORD_MISSING' });
    for (const language of [0, 1] as const)
      expect(outcome.notes?.[0]?.[language]).toContain(`${name} TXT "${record}"`);
  });

  test('says that another key is published', async () => {
    dns.texts.set(name, [['v=DKIM1; k=rsa; p=AAAA']]);
    expect(await tested()).toMatchObject({ kind: 'invalid', reason: 'DKIM_RECORD_DIFFERS' });
    dns.texts.set(name, [['v=DKIM1; p=']]);
    expect(await tested()).toMatchObject({ kind: 'invalid', reason: 'DKIM_RECORD_DIFFERS' });
  });

  test('where no resolver answers, says so and which record is expected', async () => {
    dns.silent = true;
    const outcome = await tested();
    expect(outcome).toMatchObject({ kind: 'accepted' });
    expect(outcome.notes?.join(' ')).toMatch(/no resolver answered/i);
    expect(outcome.notes?.join(' ')).toContain(`${name} TXT "${record}"`);
  });
});

describe('what the check and the preview say', () => {
  test.each<[string, EmailSettings['dkim'], string]>([
    [
      'a domain that is not the sender’s',
      { domain: 'autre.example', selector: 's', key: 'secret:K' },
      '/dkim/domain',
    ],
    [
      'a domain that only ends alike',
      { domain: 'entre.example', selector: 's', key: 'secret:K' },
      '/dkim/domain',
    ],
    ['a key in clear', { domain: 'centre.example', selector: 's', key: 'MIIE' }, '/dkim/key'],
  ])('%s is a mistake', (_name, dkim, path) => {
    const problems = email.check({ ...settings(), dkim });
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(JSON.stringify(problems)).not.toContain('MIIE');
  });

  test('the preview shows the signature with its key masked, and the secret is named', () => {
    const composed = email.compose(parcelOf(), settings(), () => pem);
    expect(composed.head).toContain(
      'DKIM-Signature: v=1; a=rsa-sha256; d=centre.example; s=relais1; b=… (key «secret:DKIM»)',
    );
    expect(email.secretNames(settings())).toContain('DKIM');
  });

  test('the document that is signed names domain and selector in French', () => {
    const rows = email.words.transport(settings(), []);
    expect(rows.map(({ agreed }) => agreed[0])).toContain('DKIM, domaine centre.example, sélecteur relais1');
  });
});

/** RFC 6376, relaxed/relaxed, written from the RFC and not from the signer. */
function verified(raw: string) {
  const at = raw.indexOf('\r\n\r\n');
  const headers = raw.slice(0, at).split(/\r\n(?![ \t])/);
  const relaxed = (header: string): string => {
    const colon = header.indexOf(':');
    const value = header
      .slice(colon + 1)
      .replaceAll('\r\n', '')
      .replaceAll(/[ \t]+/g, ' ')
      .trim();
    return `${header.slice(0, colon).trim().toLowerCase()}:${value}`;
  };
  const signature = headers.find((header) => /^dkim-signature:/i.test(header)) ?? '';
  const tags = Object.fromEntries(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((tag) => {
        const [key = '', ...value] = tag.split('=');
        return [key.trim(), value.join('=').replaceAll(/\s+/g, '')] as const;
      }),
  ) as Record<string, string>;
  const body = raw
    .slice(at + 4)
    .split('\r\n')
    .map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''))
    .join('\r\n')
    .replace(/(\r\n)*$/, '\r\n');
  const isBodyGood = createHash('sha256').update(body, 'latin1').digest('base64') === tags['bh'];
  // From the last of a name upwards; a name listed once more than it stands there is the empty text (RFC 6376, 5.4.2).
  const left = [...headers];
  const signed = (tags['h'] ?? '').split(':').map((wanted) => {
    const index = left.findLastIndex(
      (header) => header.slice(0, header.indexOf(':')).trim().toLowerCase() === wanted,
    );
    return index < 0 ? '' : `${relaxed(left.splice(index, 1)[0] ?? '')}\r\n`;
  });
  const unsigned = relaxed(signature).replace(/([;:\s]b=)[^;]*/, '$1');
  const isGood = createVerify('RSA-SHA256')
    .update(signed.join('') + unsigned, 'latin1')
    .verify(createPublicKey(pem), tags['b'] ?? '', 'base64');
  return { tags, isGood, isBodyGood };
}
