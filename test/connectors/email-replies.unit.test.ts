// What an SMTP server's replies mean, against a real one on loopback, and how sessions are kept.
import type { Outcome } from '../../connectors/contract.ts';
import { createEmailConnector } from '../../connectors/email/index.ts';
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
    reached: readonly string[] = [],
  ): Promise<Outcome> =>
    await email.send(
      parcelOf({ items: parcelOf().items.map((item) => ({ ...item, reached })) }),
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
    [550, { kind: 'refused', reason: 'SMTP_550_PARTLY', partly: true }],
    [450, { kind: 'unavailable', reason: 'SMTP_450_PARTLY', maybeReceived: true }],
  ])('one mailbox of two refused with %p is neither silent nor a success', async (fault, expected) => {
    recipient.faults = { recipient: (address) => (address.startsWith('adv') ? fault : undefined) };
    expect(await send({ cc: 'adv@horizon.example' })).toMatchObject(expected);
  });

  test('what each mailbox said is told by its name', async () => {
    recipient.faults = { recipient: (address) => (address.startsWith('adv') ? 550 : undefined) };
    expect(await send({ cc: 'ADV@horizon.example' })).toMatchObject({
      partly: true,
      evidence: {
        targets: [
          { target: 'leads@horizon.example', taken: true, status: 250 },
          { target: 'adv@horizon.example', taken: false, status: 550 },
        ],
      },
    });
    recipient.faults = { recipient: (address) => (address.startsWith('adv') ? 550 : 450) };
    expect(await send({ cc: 'adv@horizon.example' })).toEqual(
      expect.objectContaining({
        kind: 'unavailable',
        reason: 'SMTP_450',
        maybeReceived: false,
        evidence: expect.objectContaining({
          targets: [
            { target: 'leads@horizon.example', taken: false, status: 450 },
            { target: 'adv@horizon.example', taken: false, status: 550 },
          ],
        }) as unknown,
      }),
    );
  });

  test('who has it is not sent it again; a refusal to the rest is no refusal of the whole', async () => {
    const both = ['leads@horizon.example', 'adv@horizon.example'];
    const rest = (): Promise<Outcome> => send({ cc: 'adv@horizon.example' }, both, ['leads@horizon.example']);
    expect(await rest()).toMatchObject({ kind: 'unconfirmed' });
    expect(recipient.received.map((mail) => mail.to)).toEqual([['adv@horizon.example']]);
    recipient.faults = { recipient: () => 450 };
    expect(await rest()).toMatchObject({ kind: 'unavailable', reason: 'SMTP_450_PARTLY', partly: true });
    recipient.faults = { connect: 421 };
    await email.close?.();
    // The server itself is away: that is no matter of one mailbox.
    expect(await rest()).not.toHaveProperty('partly');
    recipient.faults = {};
    expect(await send({}, both, ['leads@horizon.example'])).toEqual({ kind: 'duplicate' });
    expect(recipient.received).toHaveLength(1);
  });

  test('of a list too long for one entry of the log each mailbox is told', async () => {
    const many = Array.from({ length: 12 }, (_, index) => `agence-numero-${index}@horizon.example`);
    const outcome = await send({ to: many }, many);
    expect(outcome).toMatchObject({ kind: 'unconfirmed' });
    expect(outcome.evidence?.targets?.map(({ target, taken }) => [target, taken])).toEqual(
      many.map((target) => [target, true]),
    );
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
    };
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

  test('as many mails as leave together find their session again the next time', async () => {
    await email.close?.();
    const before = recipient.connections();
    const together = (): Promise<unknown> => Promise.all(Array.from({ length: 12 }, () => send()));
    await together();
    expect(recipient.connections() - before).toBe(12);
    await together();
    await together();
    expect(recipient.connections() - before).toBe(12);
  });
});
