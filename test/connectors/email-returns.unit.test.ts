// Mails that come back: a real reader over IMAP, reports in the forms servers write them, and what is none.
import type { Handled, Returned, ReturnsContext } from '../../connectors/contract.ts';
import { readReturned } from '../../connectors/email/delivery-report.ts';
import { createEmailConnector } from '../../connectors/email/index.ts';
import { readReturnMailbox } from '../../connectors/email/return-mailbox.ts';
import type { EmailSettings } from '../../connectors/email/settings.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { bounceMail, exchangeBounce, postfixDelay } from './servers/bounces.ts';
import { certificateFor, type Certificate } from './servers/certificate.ts';
import { imapUser, startImapServer, type ImapServer } from './servers/imap.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from './servers/smtp.ts';

describe('a delivery report', () => {
  const read = (mail: string): Promise<Returned> => readReturned(Buffer.from(mail, 'latin1'));

  test('of Postfix: the mailbox given up and its code, none of its words', async () => {
    const returned = await read(
      bounceMail({ to: 'retours+x@centre.example', mailbox: 'Leads@horizon.example' }),
    );
    expect(returned).toMatchObject({
      kind: 'report',
      failures: [{ target: 'leads@horizon.example', code: '5.1.1' }],
    });
  });

  test('of Exchange, in base64: the same', async () => {
    expect(await read(exchangeBounce('retours+x@centre.example', 'adv@horizon.example'))).toMatchObject({
      kind: 'report',
      failures: [{ target: 'adv@horizon.example', code: '5.7.1' }],
    });
  });

  test('of an alias speaks of the mailbox that was sent to', async () => {
    const mail = bounceMail({
      to: 'retours+x@centre.example',
      mailbox: 'jean.dupont@interne.horizon.example',
      original: 'leads@horizon.example',
    });
    expect((await read(mail)).failures).toEqual([{ target: 'leads@horizon.example', code: '5.1.1' }]);
  });

  test('of a delay gives nothing up; one that gives up after days does, whatever its status', async () => {
    expect(await read(postfixDelay('retours+x@centre.example', 'leads@horizon.example'))).toMatchObject({
      kind: 'report',
      failures: [],
    });
    const late = bounceMail({ to: 'r@centre.example', mailbox: 'leads@horizon.example', status: '4.4.7' });
    expect((await read(late)).failures).toEqual([{ target: 'leads@horizon.example', code: '4.4.7' }]);
  });

  test('a status that is none is a code of ours; an absence notice is a reply, other mail is other', async () => {
    const odd = bounceMail({ to: 'r@centre.example', mailbox: 'a@b.example', status: 'Jean Dupont' });
    expect((await read(odd)).failures).toEqual([{ target: 'a@b.example', code: 'UNSPECIFIED' }]);
    const head = 'From: a@b.example\r\nTo: r@centre.example\r\nSubject: x\r\n';
    expect((await read(`${head}Auto-Submitted: auto-replied\r\n\r\nAbsent.`)).kind).toBe('reply');
    expect((await read(`${head}\r\nAppelez-moi.`)).kind).toBe('other');
    expect((await read('\0\0Content-Type: multipart/report; boundary="')).kind).toBe('other');
  });
});

describe('the mailbox of the return path', () => {
  let certificate: Certificate;
  let imap: ImapServer;
  let place = '';
  beforeAll(async () => {
    certificate = await certificateFor('localhost', '127.0.0.1');
    imap = await startImapServer(certificate);
    place = `imaps://${imapUser.user}:${imapUser.password}@localhost:${imap.port}`;
  });
  afterEach(() => {
    imap.mails.length = 0;
    imap.fault = 'none';
  });
  afterAll(() => imap.close());
  const context = (over: Partial<ReturnsContext> = {}): ReturnsContext => ({
    network: { allowedRanges: ['127.0.0.0/8'], allowPlaintext: false, extraCa: certificate.cert },
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    ...over,
  });
  const read = (
    handle: (returned: Returned) => Handled = () => 'done',
    over: Partial<ReturnsContext> = {},
    at = place,
  ): ReturnType<typeof readReturnMailbox> =>
    readReturnMailbox(at, context(over), (returned) => Promise.resolve(handle(returned)));

  test('is read from the oldest; what is dealt with is removed, what is foreign stays and is not read again', async () => {
    for (const name of ['un', 'deux', 'trois'])
      imap.deliver(bounceMail({ to: `${name}@centre.example`, mailbox: `${name}@horizon.example` }));
    const seen: string[] = [];
    const handle = ({ failures }: Returned): Handled => {
      const [name = ''] = (failures[0]?.target ?? '').split('@');
      seen.push(name);
      return name === 'un' ? 'done' : name === 'deux' ? 'foreign' : 'later';
    };
    expect(await read(handle)).toEqual({ ok: true, done: 1, foreign: 1, more: false });
    expect(await read(handle)).toEqual({ ok: true, done: 0, foreign: 0, more: false });
    expect(seen).toEqual(['un', 'deux', 'trois', 'trois']);
    expect(imap.mails.map(({ uid }) => uid)).toHaveLength(2);
    await until(() => imap.openNow() === 0);
  });

  test('mails that wait keep no later one from being read', async () => {
    for (let number = 1; number <= 101; number += 1)
      imap.deliver(bounceMail({ to: 'r@centre.example', mailbox: `b${number}@horizon.example` }));
    const handle = ({ failures }: Returned): Handled =>
      failures[0]?.target === 'b101@horizon.example' ? 'done' : 'later';
    // A hundred mails can take a busy machine more than five seconds.
    expect(await read(handle, { timeoutMs: 60_000 })).toEqual({ ok: true, done: 1, foreign: 0, more: false });
    expect(imap.mails).toHaveLength(100);
  });

  test('a reading that is cut off resumes behind the mail it was at, and the next reads from the oldest', async () => {
    for (const name of ['un', 'deux', 'trois'])
      imap.deliver(bounceMail({ to: 'r@centre.example', mailbox: `${name}@horizon.example` }));
    const seen: string[] = [];
    const cut = new AbortController();
    const handle = ({ failures }: Returned): Promise<Handled> => {
      seen.push(failures[0]?.target.split('@')[0] ?? '');
      if (seen.length !== 2) return Promise.resolve('later');
      cut.abort();
      return new Promise(() => undefined);
    };
    expect(await readReturnMailbox(place, context({ signal: cut.signal }), handle)).toMatchObject({
      ok: false,
    });
    for (let reading = 2; reading <= 3; reading += 1)
      expect(await readReturnMailbox(place, context(), handle)).toMatchObject({ ok: true });
    expect(seen.join(' ')).toBe('un deux trois un deux un deux trois');
  });

  test('a mail that its server did not remove is there the next time', async () => {
    imap.deliver(bounceMail({ to: 'r@centre.example', mailbox: 'a@horizon.example' }));
    imap.fault = 'drop';
    expect(await read()).toEqual({ ok: false, code: 'IMAP_NOT_REMOVED' });
    imap.fault = 'none';
    expect(await read()).toMatchObject({ ok: true, done: 1 });
    expect(imap.mails).toEqual([]);
  });

  test('of a huge mail only the beginning is read', async () => {
    imap.deliver(
      `${bounceMail({ to: 'r@centre.example', mailbox: 'a@horizon.example' })}${'x\r\n'.repeat(2_000_000)}`,
    );
    let length = 0;
    await read((returned) => {
      length = returned.text.length;
      return 'done';
    });
    expect(length).toBe(256 * 1024);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a wrong password', () => read(undefined, {}, place.replace(imapUser.password, 'faux')), 'IMAP_AUTH'],
    ['a folder that does not exist', () => read(undefined, {}, `${place}/Absent`), 'IMAP_REFUSED'],
    [
      'a server that cannot prove who it is',
      () => read(undefined, { network: { allowedRanges: ['127.0.0.0/8'], allowPlaintext: false } }),
      'TLS_CERTIFICATE',
    ],
    [
      'an address outside the policy',
      () => read(undefined, { network: { allowedRanges: [], allowPlaintext: false } }),
      'ADDRESS_NOT_ALLOWED',
    ],
    ['a login in clear', () => read(undefined, {}, place.replace('imaps', 'imap')), 'PLAINTEXT_NOT_ALLOWED'],
    ['no URL', () => read(undefined, {}, 'centre'), 'URL_MALFORMED'],
  ])('%s is a code', async (_name, reading, code) => {
    const answer = await reading();
    expect(answer).toEqual({ ok: false, code });
  });

  test.each(['hang', 'flood'] as const)(
    'a server that does nothing but %s is cut off in time',
    async (fault) => {
      imap.deliver('x');
      imap.fault = fault;
      expect(await read(undefined, { timeoutMs: 500 })).toEqual({ ok: false, code: 'TOTAL_TIMEOUT' });
      await until(() => imap.openNow() === 0);
    },
  );
});

describe('the return path of a mail', () => {
  let recipient: SmtpRecipient;
  let ca = '';
  const email = createEmailConnector();
  beforeAll(async () => {
    const certificate = await certificateFor('localhost', '127.0.0.1');
    ca = certificate.cert;
    recipient = await startSmtpRecipient(certificate);
  });
  afterAll(async () => {
    await email.close?.();
    await recipient.close();
  });
  const settings = (returnPath: string): EmailSettings => ({
    to: 'leads@horizon.example',
    from: 'Centre <relais@centre.example>',
    smtp: { host: 'localhost', port: recipient.port, user: smtpUser.user, password: 'secret:SMTP' },
    returnPath,
  });

  test('carries the tag, and no header of the mail does', async () => {
    const tag = '3mj-1-abcdefghijklmnopqrstuvwx22';
    const context = contextOf(
      { secrets: { SMTP: smtpUser.password }, target: 'leads@horizon.example', ca },
      { returnTag: () => tag },
    );
    expect(await email.send(parcelOf(), settings('retours+{tag}@centre.example'), context)).toMatchObject({
      kind: 'unconfirmed',
    });
    expect(recipient.received[0]?.from).toBe(`retours+${tag}@centre.example`);
    expect(recipient.received[0]?.raw.toString()).not.toContain(tag);
  });

  test.each([
    ['retours@centre.example', false],
    ['retours+{tag}', false],
    ['{tag}@{tag}.example', false],
    ['retours+{tag}@centre.example\r\nX: 1', false],
    ['retours-de-courrier-du-centre+{tag}@centre.example', false],
    ['retours-de-courriers+{tag}@centre.example', false],
    ['retours-de-courrier+{tag}@centre.example', true],
    ['{tag}@retours.centre.example', true],
  ])('%s is a mistake or not: %p is right', (returnPath, isRight) => {
    expect(email.check(settings(returnPath)).map(({ path }) => path)).toEqual(isRight ? [] : ['/returnPath']);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !condition(); turn += 1)
    await new Promise((done) => setTimeout(done, 10));
  expect(condition()).toBe(true);
}
