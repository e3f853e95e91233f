// What Postmark and Mailjet tell: which login holds, which events are their last word, and how our mail is named in them.
import type { Provider } from '../../src/callbacks/bounce-events.ts';
import { parsed } from '../../src/callbacks/verify.ts';
import { providers } from '../../src/callbacks/bounces.ts';
import type { SnsPlace } from '../../src/callbacks/sns-place.ts';
import { providerHeaders } from '../../connectors/mail/provider-headers.ts';
import { fileNamed, mailNamed } from '../../src/domain/return-tag.ts';

const name = 'dlv_7f3a5c2e-4b1d.r2';
const mailbox = 'leads@horizon.example';
const known = (of: string): Provider => {
  const provider = providers[of];
  if (provider === undefined) throw new Error(of);
  return provider;
};
const read = (of: string, body: unknown) => known(of).read(parsed(Buffer.from(JSON.stringify(body))));

/** As https://postmarkapp.com/developer/webhooks/bounce-webhook shows it, with persons of ours. */
const postmark = {
  RecordType: 'Bounce',
  MessageStream: 'outbound',
  ID: 4323372036854,
  Type: 'HardBounce',
  TypeCode: 1,
  Name: 'Hard bounce',
  Tag: '',
  MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
  Metadata: { Relais: name },
  ServerID: 23,
  Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).',
  Details: 'smtp;550 5.1.1 Zoé Martin unknown',
  Email: 'Leads@Horizon.example',
  From: 'relais@centre.example',
  BouncedAt: '2026-11-20T11:59:10.2735393-04:00',
  DumpAvailable: true,
  Inactive: true,
  CanActivate: true,
  Subject: 'Nouvelle demande HZ-000123',
};

/** As Mailjet's guide of its Event API shows it. */
const mailjet = {
  event: 'bounce',
  time: 1763640000,
  MessageID: 13792286917004336,
  Message_GUID: '1ab23cd4-e567-8901-2345-6789f0gh1i2j',
  email: mailbox,
  mj_campaign_id: 0,
  mj_contact_id: 0,
  customcampaign: '',
  CustomID: name,
  Payload: '',
  blocked: true,
  hard_bounce: true,
  error_related_to: 'recipient',
  error: 'user unknown',
};

const nowhere: SnsPlace = {
  certificate: () => Promise.resolve(undefined),
  confirm: () => Promise.resolve(false),
  close: () => Promise.resolve(),
};
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test.each(['postmark', 'mailjet'])(
  '%s shows a login: another, none, a short one or another scheme does not hold',
  (of) => {
    const login = 'relais:mot-de-passe-de-plus-de-vingt';
    const shown = (authorization: string, secrets: readonly string[]): unknown => {
      const header = (asked: string) => (asked === 'authorization' ? authorization : undefined);
      return known(of).isProved({ header, body: Buffer.from('{}') }, secrets, 0, nowhere);
    };
    expect(shown(basic(login), ['relais:un-autre-de-plus-de-vingt', login])).toBe(true);
    for (const given of [
      '',
      'Basic ',
      'Basic !',
      login,
      `Bearer ${login}`,
      basic(`${login}x`),
      basic('relais:'),
      basic(''),
    ])
      expect(shown(given, [login, '', ':'])).toBe(false);
    expect(shown(basic('relais:court'), ['relais:court'])).toBe(false);
    const nameless = 'un-mot-sans-nom-de-plus-de-vingt';
    for (const text of [nameless, `:${nameless}`]) expect(shown(basic(text), [text])).toBe(false);
    expect(shown(basic(login), [])).toBe(false);
  },
);

test('Postmark: its last words are read, by the name that our header gave it; of its words only the code', () => {
  expect(read('postmark', postmark)).toEqual([{ messageId: name, target: mailbox, code: '5.1.1' }]);
  const soft = { ...postmark, Type: 'SoftBounce', Details: 'mailbox full', Metadata: { relais: name } };
  expect(read('postmark', soft)).toEqual([{ messageId: name, target: mailbox, code: 'SOFTBOUNCE' }]);
  // Sent otherwise than by us: its own number is none of ours.
  expect(read('postmark', { ...postmark, Metadata: {} })).toEqual([
    { messageId: '', target: mailbox, code: '5.1.1' },
  ]);
});

test.each(['Transient', 'AutoResponder', 'AddressChange', 'Subscribe', 'Unsubscribe', 'SpamComplaint', ''])(
  'Postmark: %s is no bounce',
  (Type) => {
    expect(read('postmark', { ...postmark, Type })).toEqual([]);
    expect(read('postmark', { ...postmark, RecordType: 'Delivery' })).toEqual([]);
  },
);

test('Mailjet: bounces and blocked mails are read, alone or in a list, by their CustomID; what it tries again is not', () => {
  const said = { messageId: name, target: mailbox, code: 'USER_UNKNOWN' };
  expect(read('mailjet', mailjet)).toEqual([said]);
  const others = ['sent', 'open', 'click', 'spam', 'unsub'].map((event) => ({ ...mailjet, event }));
  expect(read('mailjet', [...others, mailjet])).toEqual([said]);
  const blocked = { ...mailjet, event: 'blocked', error_related_to: 'mailjet', error: 'preblocked' };
  expect(read('mailjet', blocked)).toEqual([{ ...said, code: 'PREBLOCKED' }]);
  const full = { ...mailjet, hard_bounce: false, error: 'quota exceeded' };
  expect(read('mailjet', full)).toEqual([{ ...said, code: 'QUOTA_EXCEEDED' }]);
  expect(read('mailjet', { ...mailjet, hard_bounce: false, error: 'greylisted' })).toEqual([]);
  expect(read('mailjet', { ...mailjet, error: '', CustomID: [] })).toEqual([
    { ...said, messageId: '', code: 'BOUNCE' },
  ]);
});

test.each(['postmark', 'mailjet'])('%s: a body that holds no events is nobody’s', (of) => {
  for (const body of [null, 7, 'x', [1, null], Array.from({ length: 5_001 }, () => mailjet)])
    expect(read(of, body)).toBeUndefined();
});

test('a mail through them carries in their header what stands before the @ of its Message-ID, and no other mail does', () => {
  const id = `<${name}@centre.example>`;
  expect(providerHeaders('SMTP.postmarkapp.com', id)).toEqual({
    'X-PM-KeepID': 'true',
    'X-PM-Metadata-relais': name,
  });
  expect(providerHeaders('in-v3.mailjet.com', id)).toEqual({ 'X-MJ-CustomID': name });
  for (const host of ['smtp.relais.example', 'postmarkapp.com.evil.example', 'notmailjet.com', ''])
    expect(providerHeaders(host, id)).toEqual({});
  expect(mailNamed(name)).toEqual({ key: 'dlv_7f3a5c2e-4b1d', keyRun: 2 });
  expect(fileNamed('essai.essai-file.42.mx0du1nc')).toEqual({
    clientId: 'essai',
    destinationId: 'essai-file',
    sequence: 42,
  });
  // Longer than Postmark takes: nothing rather than a part.
  expect(providerHeaders('smtp.postmarkapp.com', `<${'a'.repeat(81)}@x.example>`)).toEqual({
    'X-PM-KeepID': 'true',
  });
  expect(providerHeaders('in-v3.mailjet.com', `<${'a'.repeat(81)}@x.example>`)).toEqual({});
});
