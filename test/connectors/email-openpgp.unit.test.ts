// OpenPGP: only the client reads the mail; a key that is over holds the destination, and somebody is told ahead.
import { simpleParser } from 'mailparser';
import { decrypt, generateKey, readKey, readMessage, readPrivateKey } from 'openpgp';
import type { Outcome } from '../../connectors/contract.ts';
import { createEmailConnector } from '../../connectors/email/index.ts';
import type { EmailSettings } from '../../connectors/email/settings.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from './servers/smtp.ts';

const day = 86_400_000;
const now = Date.parse('2026-11-20T12:00:00Z');
interface Pair {
  readonly publicKey: string;
  readonly privateKey: string;
}
const pairOf = async (days?: number, passphrase?: string): Promise<Pair> =>
  await generateKey({
    userIDs: [{ name: 'Demo', email: 'leads@demo.example' }],
    date: new Date(now - 100 * day),
    format: 'armored',
    ...(days === undefined ? {} : { keyExpirationTime: (100 + days) * 86_400 }),
    ...(passphrase === undefined ? {} : { passphrase }),
  });

let recipient: SmtpRecipient;
let ca = '';
let client: Pair;
let second: Pair;
let ours: Pair;
let over: Pair;
let soon: Pair;
const email = createEmailConnector();
beforeAll(async () => {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  ca = certificate.cert;
  recipient = await startSmtpRecipient(certificate);
  [client, second, ours, over, soon] = await Promise.all([
    pairOf(),
    pairOf(),
    pairOf(undefined, 'phrase'),
    pairOf(-1),
    pairOf(12),
  ]);
});
afterEach(() => {
  recipient.received.length = 0;
});
afterAll(async () => {
  await email.close?.();
  await recipient.close();
});

const settings = (openpgp: EmailSettings['openpgp']): EmailSettings => ({
  to: 'leads@demo.example',
  from: 'Centre de contact <relais@centre.example>',
  smtp: { host: 'localhost', port: recipient.port, user: smtpUser.user, password: 'secret:SMTP' },
  attachment: 'json',
  ...(openpgp === undefined ? {} : { openpgp }),
});
const secretsOf = (more: Readonly<Record<string, string>>) => ({ SMTP: smtpUser.password, ...more });
const context = (more: Readonly<Record<string, string>>) =>
  contextOf({ secrets: secretsOf(more), target: 'leads@demo.example', ca });
const send = async (
  openpgp: EmailSettings['openpgp'],
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> => await email.send(parcelOf(), settings(openpgp), context(more));

async function opened(key: string, signer?: string) {
  const raw = recipient.received[0]?.raw.toString('latin1') ?? '';
  const armored = /-----BEGIN PGP MESSAGE-----[^]*-----END PGP MESSAGE-----/.exec(raw)?.[0] ?? '';
  const { data, signatures } = (await decrypt({
    message: await readMessage({ armoredMessage: armored }),
    decryptionKeys: await readPrivateKey({ armoredKey: key }),
    ...(signer === undefined ? {} : { verificationKeys: await readKey({ armoredKey: signer }) }),
    format: 'binary',
    date: new Date(now),
  })) as { data: Uint8Array; signatures: readonly { verified: Promise<true> }[] };
  const isSigned = signatures[0] === undefined ? false : await signatures[0].verified;
  return { mail: await simpleParser(Buffer.from(data)), isSigned };
}

test('a mail is PGP/MIME: its head stays readable without a person, all else is for the client alone', async () => {
  expect(await send({ encryptTo: client.publicKey })).toMatchObject({ kind: 'unconfirmed' });
  const raw = recipient.received[0]?.raw.toString('latin1') ?? '';
  const outer = await simpleParser(raw);
  expect(outer.subject).toBe('Nouveau lead L-2026-0007 - Programme HZ-LYON');
  expect(outer.messageId).toBe('<dlv_7f3a@centre.example>');
  expect(raw).toMatch(
    /Content-Type: multipart\/encrypted; protocol="application\/pgp-encrypted";\r\n boundary=/,
  );
  expect(raw).toContain('Content-Type: application/pgp-encrypted');
  expect(raw.match(/^Content-Type:/gim)).toHaveLength(3);
  for (const word of [
    'MARTIN',
    'Contact',
    'Opt-in e-mail',
    '.json',
    Buffer.from('{"nom"').toString('base64').slice(0, 8),
  ])
    expect(raw).not.toContain(word);
  const { mail } = await opened(client.privateKey);
  expect(mail.text).toContain('Nom : MARTIN');
  expect(mail.html).toContain('MARTIN');
  expect(mail.attachments[0]?.content.toString()).toContain('Zoé');
  await expect(opened(second.privateKey)).rejects.toThrow();
});

test('several keys can each read; signed inside, with a key under a passphrase', async () => {
  const keys = { CLIENT: client.publicKey, OURS: ours.privateKey, PHRASE: 'phrase' };
  const sign = { key: 'secret:OURS', passphrase: 'secret:PHRASE' };
  expect(await send({ encryptTo: ['secret:CLIENT', second.publicKey], sign }, keys)).toMatchObject({
    kind: 'unconfirmed',
  });
  for (const { privateKey } of [client, second]) {
    const { mail, isSigned } = await opened(privateKey, ours.publicKey);
    expect(mail.text).toContain('MARTIN');
    expect(isSigned).toBe(true);
  }
});

test('what is digested for the log is the same at every attempt, although each mail is encrypted anew', () => {
  const of = (openpgp: EmailSettings['openpgp']) => email.compose(parcelOf(), settings(openpgp));
  expect(of({ encryptTo: client.publicKey }).content).toEqual(of({ encryptTo: client.publicKey }).content);
  expect(of({ encryptTo: 'secret:CLIENT' }).head).toContain('OpenPGP: encrypted to «secret:CLIENT»');
  expect(email.secretNames(settings({ encryptTo: 'secret:CLIENT' }))).toContain('CLIENT');
});

test.each<[string, () => [EmailSettings['openpgp'], Readonly<Record<string, string>>], string]>([
  ['a key that is over', () => [{ encryptTo: over.publicKey }, {}], 'OPENPGP_KEY_EXPIRED'],
  [
    'a second key that is over',
    () => [{ encryptTo: [client.publicKey, over.publicKey] }, {}],
    'OPENPGP_KEY_EXPIRED',
  ],
  [
    'a private key in its place',
    () => [{ encryptTo: 'secret:K' }, { K: client.privateKey }],
    'OPENPGP_KEY_UNREADABLE',
  ],
  ['no key', () => [{ encryptTo: 'secret:K' }, { K: 'pas une clé' }], 'OPENPGP_KEY_UNREADABLE'],
  ['a secret that is not there', () => [{ encryptTo: 'secret:K' }, {}], 'SECRET_MISSING'],
  [
    'a wrong passphrase',
    () => [
      { encryptTo: client.publicKey, sign: { key: 'secret:O', passphrase: 'secret:P' } },
      { O: ours.privateKey, P: 'faux' },
    ],
    'OPENPGP_SIGN_KEY_UNUSABLE',
  ],
  [
    'a locked key without passphrase',
    () => [{ encryptTo: client.publicKey, sign: { key: 'secret:O' } }, { O: ours.privateKey }],
    'OPENPGP_SIGN_KEY_UNUSABLE',
  ],
])('with %s nothing leaves in clear: the destination is held', async (_name, given, reason) => {
  const [openpgp, more] = given();
  expect(await send(openpgp, more)).toMatchObject({ kind: 'unauthorized', reason });
  expect(recipient.received).toEqual([]);
  expect(await email.test(settings(openpgp), context(more))).toMatchObject({ kind: 'unauthorized', reason });
});

test('the end of each key is told ahead, ours included, by the name of its secret', async () => {
  const secrets: Readonly<Record<string, string>> = {
    CLIENT: client.publicKey,
    SOON: soon.publicKey,
    OURS: soon.privateKey,
  };
  const ends = async (openpgp: EmailSettings['openpgp']) =>
    await email.expiries?.(settings(openpgp), (secret) => secrets[secret], new Date(now));
  const at = new Date(now + 12 * day);
  expect(await ends({ encryptTo: ['secret:CLIENT', 'secret:SOON'] })).toEqual([{ secret: 'SOON', at }]);
  expect(await ends({ encryptTo: soon.publicKey })).toEqual([{ secret: 'openpgp', at }]);
  expect(await ends({ encryptTo: client.publicKey, sign: { key: 'secret:OURS' } })).toEqual([
    { secret: 'OURS', at },
  ]);
  expect(await ends({ encryptTo: client.publicKey })).toEqual([]);
  expect(await ends(undefined)).toEqual([]);
});

test('a key of another kind in the file, and a private key in clear, are mistakes', () => {
  const paths = (openpgp: EmailSettings['openpgp']) => email.check(settings(openpgp)).map(({ path }) => path);
  expect(paths({ encryptTo: 'horizon.asc' })).toEqual(['/openpgp/encryptTo']);
  expect(paths({ encryptTo: client.privateKey })).toEqual(['/openpgp/encryptTo']);
  expect(paths({ encryptTo: client.publicKey, sign: { key: client.privateKey } })).toEqual([
    '/openpgp/sign/key',
  ]);
  expect(paths({ encryptTo: [client.publicKey, 'secret:K'] })).toEqual([]);
});
