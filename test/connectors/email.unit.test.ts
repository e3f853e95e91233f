// The email connector: what people read, and that no field can change the mail.
import { Ajv } from 'ajv';
import { simpleParser } from 'mailparser';
import type { Parcel } from '../../connectors/contract.ts';
import { createEmailConnector } from '../../connectors/email/index.ts';
import { letterOf, mimeOf } from '../../connectors/email/message.ts';
import { escapeHtml } from '../../connectors/email/render.ts';
import type { EmailSettings } from '../../connectors/email/settings.ts';
import { readable } from '../../connectors/mail/text.ts';
import { parcelOf } from './rigs.ts';

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
    expect(mail.subject).toBe('Nouveau lead L-2026-0007 - Programme HZ-LYON');
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
    ['erase', 'Demande d’effacement'],
  ] as const)('an %s cannot be mistaken for a new lead', async (action, word) => {
    const mail = await read(parcelOf({ action }));
    expect(mail.subject).toContain(word);
    expect(mail.html).not.toContain('Nouveau lead');
    expect(mail.text).not.toContain('Nouveau lead');
    expect((await read(parcelOf({ action }), { subject: 'Lead {leadReference}' })).subject).toBe(
      `${word} - Lead L-2026-0007`,
    );
  });

  test('English when asked', async () => {
    const mail = await read(parcelOf(), { language: 'en' });
    expect(mail.subject).toMatch(/^New lead/);
    expect(mail.html).toContain('<html lang="en"');
  });

  test('other content under the same delivery has an id of its own: mail systems drop a second message of one id', async () => {
    const [item] = parcelOf().items;
    if (item === undefined) throw new Error('no item');
    const mail = await read(parcelOf({ items: [{ ...item, idempotencyKey: `${item.key}.r2` }] }));
    expect(mail.messageId).toBe('<dlv_7f3a.r2@centre.example>');
    expect(mail.headers.get('x-relais-delivery')).toBe('dlv_7f3a');
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
  const ajv = new Ajv({ strict: true, keywords: ['x-forme'] });
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
    [
      'copies for which the log has no room',
      { cc: Array.from({ length: 20 }, (_, n) => `equipe-${n}@${'a'.repeat(60)}.${'b'.repeat(30)}.example`) },
      '/to',
    ],
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
