// The email connector: what people read, what a server's reply means, and that no field can change the mail.
import { Ajv } from 'ajv';
import { simpleParser } from 'mailparser';
import type { Outcome, Parcel } from '../../connectors/contract.ts';
import { createEmailConnector } from '../../connectors/email/index.ts';
import { letterOf, mimeOf } from '../../connectors/email/message.ts';
import { escapeHtml, readable } from '../../connectors/email/render.ts';
import type { EmailSettings } from '../../connectors/email/settings.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import type { Certificate } from './servers/certificate.ts';
import { smtpSays, smtpUser, startSmtpRecipient } from './servers/smtp.ts';
import type { Fault, SmtpRecipient } from './servers/smtp.ts';

const settings: EmailSettings = {
  to: 'leads@horizon.example',
  from: 'Centre de contact <relais@centre.example>',
  smtp: 'secret:SMTP',
};
const email = createEmailConnector();
const mime = async (parcel: Parcel, over: Partial<EmailSettings> = {}): Promise<Buffer> =>
  await mimeOf(letterOf(parcel, { ...settings, ...over }));
const read = async (parcel: Parcel, over: Partial<EmailSettings> = {}) =>
  await simpleParser(await mime(parcel, over));

describe('what is read', () => {
  test('a French lead sheet in text and HTML, the opt-in emphasised, the body attached', async () => {
    const body = {
      bytes: Buffer.from('nom;tel\r\nMARTIN;0612345678\r\n'),
      mediaType: 'text/csv; charset=utf-8',
      extension: 'csv',
    };
    const mail = await read(parcelOf({ body }), { attachment: 'csv' });
    expect(mail.subject).toBe('Nouvelle demande L-2026-0007 - Programme HZ-LYON');
    expect(mail.text).toContain('>> Opt-in e-mail : OUI');
    expect(mail.text).toContain('Nom : MARTIN');
    expect(mail.text).toContain('20 novembre 2026');
    expect(mail.html).toContain('<html lang="fr"');
    expect(mail.html).toMatch(/<th scope="row"[^>]*>Opt-in e-mail<br><span[^>]*>À respecter<\/span><\/th>/);
    expect(
      mail.attachments.map(({ filename, contentType, content }) => [
        filename,
        contentType,
        content.toString(),
      ]),
    ).toEqual([['L-2026-0007.csv', 'text/csv', 'nom;tel\r\nMARTIN;0612345678\r\n']]);
  });

  test.each([
    ['update', 'Mise à jour'],
    ['erase', "Demande d'effacement"],
  ] as const)('an %s cannot be mistaken for a new lead', async (action, word) => {
    const mail = await read(parcelOf({ action }));
    expect(mail.subject).toContain(word);
    expect(mail.html).not.toContain('Nouvelle demande');
    expect(mail.text).not.toContain('Nouvelle demande');
    expect((await read(parcelOf({ action }), { subject: 'Lead {leadReference}' })).subject).toBe(
      `${word} - Lead L-2026-0007`,
    );
  });

  test('English when asked', async () => {
    const mail = await read(parcelOf(), { language: 'en' });
    expect(mail.subject).toMatch(/^New lead/);
    expect(mail.html).toContain('<html lang="en"');
  });

  test('the headers say who, to whom, automatic, and the stable identity', async () => {
    const mail = await read(parcelOf(), { cc: ['adv@horizon.example'], replyTo: 'suivi@centre.example' });
    expect(mail.messageId).toBe('<dlv_7f3a@centre.example>');
    expect(mail.date).toEqual(new Date('2026-11-20T11:59:30Z'));
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.headers.get('x-relais-delivery')).toBe('dlv_7f3a');
    expect([mail.from?.text, mail.replyTo?.text]).toEqual([
      '"Centre de contact" <relais@centre.example>',
      'suivi@centre.example',
    ]);
  });

  test('the same parcel gives the same bytes on the wire', async () => {
    expect(await mime(parcelOf(), { attachment: 'json' })).toEqual(
      await mime(parcelOf(), { attachment: 'json' }),
    );
  });

  test('nothing is loaded from anywhere', async () => {
    expect(letterOf(parcelOf(), settings).html).not.toMatch(/src=|url\(|href=|<script|@import/i);
  });
});

describe('what a prospect may have typed', () => {
  const nasty = `<img src=x onerror=alert(1)>"'&</td><script>x</script>`;
  const sheet = [
    {
      title: nasty,
      lines: [{ label: nasty, value: `${nasty}\r\nBcc: evil@evil.example\r\n\r\nsuite`, emphasis: true }],
    },
  ];

  test('stays text in HTML', async () => {
    const html = letterOf(parcelOf({ sheet, clientName: nasty, title: nasty }), settings).html;
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script');
    expect(
      html.match(/&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;&amp;&lt;\/td&gt;/g)?.length,
    ).toBeGreaterThanOrEqual(4);
    expect(escapeHtml(nasty)).toBe(
      '&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/td&gt;&lt;script&gt;x&lt;/script&gt;',
    );
  });

  test('adds no header and no recipient, wherever it stands', async () => {
    const line = 'x\r\nBcc: evil@evil.example\r\nX-Evil: 1';
    const parcel = parcelOf({
      sheet,
      clientName: line,
      title: line,
      items: [{ deliveryId: 1, key: 'k\r\nX-Evil: 1', idempotencyKey: 'k', leadReference: line }],
      body: { bytes: Buffer.from('x'), mediaType: `text/csv\r\nX-Evil: 1`, extension: `csv\r\nX-Evil: 1` },
    });
    const raw = (
      await mime(parcel, {
        subject: '{clientName} {title} {leadReference}',
        attachment: 'csv',
        replyTo: `a@b.example\r\nX-Evil: 1`,
      })
    ).toString();
    // Blocks of headers: the mail's own and that of each part.
    const blocks = raw.split('\r\n\r\n').filter((block) => /^(auto-submitted|content-type):/im.test(block));
    expect(blocks.length).toBeGreaterThanOrEqual(5);
    for (const block of blocks) expect(block.replaceAll(/[^]*\r\n--/g, '--')).not.toMatch(/^(bcc|x-evil):/im);
    const mail = await simpleParser(raw);
    expect(mail.bcc).toBeUndefined();
    expect(mail.headers.has('x-evil')).toBe(false);
  });

  test('loses control characters and marks that turn the reading direction', () => {
    expect(readable('a\u0000b\u202ec\u2066d\u0085\te\r\nf')).toBe('abcd\te\nf');
  });

  test('a subject holds no value of the sheet and stays one short line', () => {
    const composed = email.compose(parcelOf({ title: `a\r\nb${'x'.repeat(500)}` }), {
      ...settings,
      subject: '{title}\n{action}',
    });
    const subject = composed.head.find((line) => line.startsWith('Subject: ')) ?? '';
    expect(subject.length).toBeLessThanOrEqual(210);
    expect(subject).not.toMatch(/[\r\n]/);
  });
});

describe('settings', () => {
  const ajv = new Ajv({ strict: true });
  const valid = (over: Record<string, unknown>): boolean =>
    ajv.validate(email.settingsSchema, { ...settings, ...over });

  test('the schema takes what the guide shows and nothing else', () => {
    expect(valid({})).toBe(true);
    expect(
      valid({
        to: ['a@b.example', 'c@d.example'],
        smtp: { host: 'smtp.centre.example', user: 'u', password: 'secret:P' },
        attachment: 'xml',
        language: 'en',
      }),
    ).toBe(true);
    for (const wrong of [
      { to: 'Moi <a@b.example>' },
      { to: 'a@b.example, evil@evil.example' },
      { to: 'a@b.example\nBcc: c@d.example' },
      { from: 'x\ny <a@b.example>' },
      { smtp: 'smtps://u:p@host' },
      { smtp: { host: 'h', password: 'clair' } },
      { attachement: 'csv' },
    ]) {
      expect(valid(wrong)).toBe(false);
    }
  });

  test.each<[string, Partial<EmailSettings>, string]>([
    ['personal data in the subject', { subject: 'Demande de {identity.lastName}' }, '/subject'],
    ['another placeholder', { subject: '{email}' }, '/subject'],
    ['a server address in clear', { smtp: 'smtps://u:p@host' }, '/smtp'],
    ['a password in clear', { smtp: { host: 'h', user: 'u', password: 'clair' } }, '/smtp/password'],
    ['a user without password', { smtp: { host: 'h', user: 'u' } }, '/smtp'],
    ['a list in one string', { to: 'a@b.example,c@d.example' }, '/to'],
  ])('%s is a problem', (_name, over, path) => {
    const found = email.check({ ...settings, ...over });
    expect(found.map((problem) => problem.path)).toContain(path);
    expect(JSON.stringify(found)).not.toMatch(/clair|u:p@/);
  });

  test('mailboxes are compared in lower case', () => {
    expect(
      email.targets({
        ...settings,
        to: 'Leads@Horizon.example',
        cc: ['ADV@horizon.example', 'leads@horizon.example'],
      }),
    ).toEqual(['leads@horizon.example', 'adv@horizon.example']);
  });
});

describe('what the server says', () => {
  let certificate: Certificate;
  let recipient: SmtpRecipient;
  beforeAll(async () => {
    certificate = await certificateFor('localhost', '127.0.0.1');
    recipient = await startSmtpRecipient(certificate);
  });
  afterEach(() => {
    recipient.faults = {};
    recipient.received.length = 0;
  });
  afterAll(async () => {
    await email.close?.();
    await recipient.close();
  });

  const url = (password = smtpUser.password): string =>
    `smtp://${smtpUser.user}:${encodeURIComponent(password)}@localhost:${recipient.port}`;
  const send = async (
    over: Partial<EmailSettings> = {},
    targets = ['leads@horizon.example', 'adv@horizon.example'],
  ): Promise<Outcome> =>
    await email.send(
      parcelOf(),
      { ...settings, ...over },
      contextOf(
        { secrets: { SMTP: url(), BAD: 'ftp://x', RELAY: url('faux') }, target: '', ca: certificate.cert },
        { allowedTargets: targets },
      ),
    );

  test('a server taken from a secret address takes the mail over TLS', async () => {
    expect(await send()).toMatchObject({ kind: 'unconfirmed', evidence: { status: 250, host: 'localhost' } });
    expect(recipient.received[0]).toMatchObject({
      from: 'relais@centre.example',
      to: ['leads@horizon.example'],
      secure: true,
    });
    expect(await send({ smtp: 'secret:BAD' })).toMatchObject({
      kind: 'unauthorized',
      reason: 'SECRET_MALFORMED',
    });
  });

  test('TLS from the first byte works as well', async () => {
    const secure = await startSmtpRecipient(certificate, { secure: true });
    try {
      const smtp = { host: 'localhost', port: secure.port, secure: true };
      expect(await send({ smtp })).toMatchObject({ kind: 'unauthorized', reason: 'SMTP_530' });
      expect(secure.received).toEqual([]);
    } finally {
      await email.close?.();
      await secure.close();
    }
  });

  test.each<[string, SmtpRecipient['faults'], Partial<Extract<Outcome, { reason: string }>>]>([
    [
      'greylisting',
      { recipient: () => 450 },
      { kind: 'unavailable', reason: 'SMTP_450', maybeReceived: false },
    ],
    ['a mailbox that does not exist', { recipient: () => 550 }, { kind: 'refused', reason: 'SMTP_550' }],
    ['relaying denied', { recipient: () => 554 }, { kind: 'refused', reason: 'SMTP_554' }],
    ['a sender that is not taken', { sender: 553 }, { kind: 'unauthorized', reason: 'SMTP_553' }],
    ['a login that is wanted', { sender: 530 }, { kind: 'unauthorized', reason: 'SMTP_530' }],
    ['a size that is too large', { sender: 552 }, { kind: 'invalid', reason: 'SMTP_552' }],
    [
      'a busy server after the content',
      { content: 451 },
      { kind: 'unavailable', reason: 'SMTP_451', maybeReceived: false },
    ],
    ['content that is refused', { content: 554 }, { kind: 'invalid', reason: 'SMTP_554' }],
    ['content that is refused by policy', { content: 550 }, { kind: 'refused', reason: 'SMTP_550' }],
    [
      'a server that is shutting down',
      { connect: 421 },
      { kind: 'unavailable', reason: 'SMTP_421', maybeReceived: false },
    ],
  ])('%s', async (_name, faults, expected) => {
    await email.close?.();
    recipient.faults = faults;
    const outcome = await send();
    expect(outcome).toMatchObject(expected);
    expect(JSON.stringify(outcome)).not.toContain(smtpSays);
  });

  test('a wrong password holds the destination', async () => {
    expect(await send({ smtp: 'secret:RELAY' })).toMatchObject({ kind: 'unauthorized', reason: 'SMTP_535' });
  });

  test.each<[Fault, Record<string, unknown>]>([
    [550, { kind: 'refused', reason: 'SMTP_550_PARTLY' }],
    [450, { kind: 'unavailable', reason: 'SMTP_450_PARTLY', maybeReceived: true }],
  ])('one mailbox of two refused with %p is neither silent nor a success', async (fault, expected) => {
    recipient.faults = { recipient: (address) => (address.startsWith('adv') ? fault : undefined) };
    expect(await send({ cc: 'adv@horizon.example' })).toMatchObject(expected);
  });

  test('every mailbox must be allowed, copies included', async () => {
    expect(await send({ cc: 'adv@horizon.example' }, ['leads@horizon.example'])).toMatchObject({
      kind: 'unauthorized',
      reason: 'TARGET_NOT_ALLOWED',
    });
    expect(recipient.received).toEqual([]);
  });

  test('a kept session that breaks before the content is replaced at once, a new one is not', async () => {
    await send();
    let resets = 0;
    recipient.faults = {
      get sender(): Fault | undefined {
        resets += 1;
        return resets === 1 ? 'reset' : undefined;
      },
    } as SmtpRecipient['faults'];
    expect(await send()).toMatchObject({ kind: 'unconfirmed' });
    expect([resets, recipient.received.length]).toEqual([2, 2]);
    await email.close?.();
    resets = 0;
    expect(await send()).toMatchObject({ kind: 'unavailable', maybeReceived: false });
  });

  test('mails share a session, and one that the server closed meanwhile is replaced without a double', async () => {
    await email.close?.();
    const before = recipient.connections();
    await send();
    await send();
    expect(recipient.connections()).toBe(before + 1);
    recipient.cutIdle();
    expect(await send()).toMatchObject({ kind: 'unconfirmed' });
    expect(recipient.received).toHaveLength(3);
    expect(recipient.connections()).toBe(before + 2);
  });
});
