// A file as the attachment of a mail: what arrives, that all mailboxes get it or none, and what is never in it.
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { simpleParser, type ParsedMail } from 'mailparser';
import { decrypt, decryptKey, generateKey, readMessage, readPrivateKey } from 'openpgp';
import type { Outcome, Parcel } from '../../connectors/contract.ts';
import { mailedFileRig, mailProvider, type MailedFileRig } from './file-rigs.ts';
import { contextOf, parcelOf } from './rigs.ts';

const both = 'mailto:Leads@horizon.example,si@horizon.example';
const mailboxes = ['leads@horizon.example', 'si@horizon.example'];
const csv = Buffer.from('REF;NOM\r\nL-2026-0007;MARTIN\r\n');
const file = (over: Partial<Parcel> = {}): Parcel =>
  parcelOf({ body: { bytes: csv, mediaType: 'text/csv; charset=utf-8', extension: 'csv' }, ...over });

let rig: MailedFileRig;
beforeAll(async () => {
  rig = await mailedFileRig();
});
afterEach(() => rig.recover());
afterAll(async () => {
  await rig.connector.close?.();
  await rig.close();
});

const send = async (
  over: Readonly<Record<string, unknown>> = {},
  parcel = file(),
  secrets: Readonly<Record<string, string>> = rig.secrets,
): Promise<Outcome> =>
  await rig.connector.send(
    parcel,
    { ...rig.settings, ...over },
    contextOf({ ...rig, secrets }, { allowedTargets: mailboxes }),
  );
const arrived = async (): Promise<ParsedMail> => await simpleParser(rig.recipient.received[0]?.raw ?? '');
const serverWith = (over: object): object => ({ ...(rig.settings['server'] as object), ...over });

test('the file is attached byte for byte, its control file beside it; the words around name nobody', async () => {
  expect(await send({ to: both })).toMatchObject({ kind: 'unconfirmed', evidence: { status: 250 } });
  expect(rig.recipient.received[0]?.to.toSorted()).toEqual(mailboxes);
  const mail = await arrived();
  expect(mail.attachments.map(({ filename }) => filename)).toEqual([
    'LEADS_20261120_000042.csv',
    'LEADS_20261120_000042.csv.ctl',
  ]);
  const [data, control] = mail.attachments;
  expect(data?.content.equals(csv)).toBe(true);
  expect(data?.contentType).toBe('text/csv');
  expect(control?.content.toString()).toBe(
    `seq=42\nrows=1\nsha256=${createHash('sha256').update(csv).digest('hex')}\n`,
  );
  expect(mail.subject).toBe('Nouveaux leads LEADS_20261120_000042.csv');
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  const around = [mail.subject, mail.text, JSON.stringify(mail.headerLines)].join('\n');
  expect(around).not.toMatch(/martin|L-2026-0007|dlv_7f3a|programme/i);
});

test('C22: a lease that is lost while a long file leaves: the server never sees its end', async () => {
  const bytes = Buffer.alloc(7_000_000, 'abcdefgh;');
  let isLost = false;
  rig.recipient.atPiece = () => (isLost = true);
  const outcome = await rig.connector.send(
    file({ body: { bytes, mediaType: 'text/csv; charset=utf-8', extension: 'csv' } }),
    rig.settings,
    contextOf(rig, { mayLeave: () => !isLost }),
  );
  expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'LEASE_LOST', maybeReceived: false });
  // What a server may make of the broken connection is short of the file.
  for (const { raw } of rig.recipient.received) expect(raw.length).toBeLessThan(bytes.length);
});

test.each([
  ['update', 'Mises à jour'],
  ['erase', 'Demandes d’effacement'],
] as const)('%s: the subject says so, whatever the file asks for', async (action, said) => {
  await send({ server: serverWith({ subject: 'Fichier {fileName} {rows}' }) }, file({ action }));
  expect((await arrived()).subject).toBe(`${said} - Fichier LEADS_20261120_000042.csv 1`);
});

test.each([
  [550, { kind: 'refused', reason: 'SMTP_550' }],
  [451, { kind: 'unavailable', reason: 'SMTP_451', maybeReceived: false }],
] as const)(
  'a mailbox that is refused with %i keeps it from all: nobody has half of them',
  async (code, outcome) => {
    rig.recipient.faults = {
      recipient: (address) => (address.toLowerCase().startsWith('si@') ? code : undefined),
    };
    expect(await send({ to: both })).toMatchObject(outcome);
    rig.recipient.faults = {};
    // What a server may make of the broken connection it has made by then.
    expect(await send({ to: both })).toMatchObject({ kind: 'unconfirmed' });
    expect(rig.recipient.received.filter(({ raw }) => raw.length > 0)).toHaveLength(1);
  },
);

test('a mailbox that is not authorised keeps it from all, and nothing is dialled', async () => {
  const before = rig.connections();
  expect(await send({ to: `${both},autre@horizon.example` })).toEqual({
    kind: 'unauthorized',
    reason: 'TARGET_NOT_ALLOWED',
  });
  expect(rig.connections()).toBe(before);
});

test('the same file has the same Message-ID at every attempt, another number another one', async () => {
  const idOf = (parcel: Parcel): string =>
    rig.connector.compose(parcel, rig.settings).head.find((line) => line.startsWith('Message-ID')) ?? '';
  await send();
  await send();
  const ids = rig.recipient.received.map(({ raw }) =>
    /^Message-ID: (.*)$/im.exec(raw.toString())?.[1]?.trim(),
  );
  expect(new Set(ids).size).toBe(1);
  expect(idOf(file())).toBe(`Message-ID: ${String(ids[0])}`);
  const next = file({ batch: { sequence: 43, slot: new Date('2026-11-20T12:00:00Z'), rows: 1 } });
  expect(idOf(next)).not.toBe(idOf(file()));
});

test('through Mailjet it carries in their header what stands before the @ of its Message-ID; elsewhere it does not', async () => {
  const { host, port, ...login } = (rig.settings['server'] as { smtp: { host: string; port: number } }).smtp;
  const context = contextOf(rig, { allowedTargets: mailboxes });
  const network = { ...context.network, connectTo: { [mailProvider]: { host, port } } };
  const settings = { ...rig.settings, server: serverWith({ smtp: { ...login, host: mailProvider } }) };
  expect(await rig.connector.send(file(), settings, { ...context, network })).toMatchObject({
    kind: 'unconfirmed',
  });
  await send();
  const [through, elsewhere] = rig.recipient.received.map(({ raw }) => raw.toString());
  const [, name] = /^Message-ID: <([^@]+)@/im.exec(through ?? '') ?? [];
  expect(name).toMatch(/\.42\./);
  expect(/^X-MJ-CustomID: (.*)$/im.exec(through ?? '')?.[1]?.trim()).toBe(name);
  expect(elsewhere).not.toMatch(/X-MJ-/i);
});

test('a mail larger than agreed does not leave, and says so before it dials', async () => {
  const before = rig.connections();
  const bytes = Buffer.alloc(800_000, 'A');
  const large = file({ body: { ...file().body, bytes } });
  // Fits as a file, and not as an attachment.
  expect(await send({ server: serverWith({ megabytes: 1 }) }, large)).toEqual({
    kind: 'invalid',
    reason: 'MESSAGE_TOO_LARGE',
  });
  expect(rig.connections()).toBe(before);
  expect(await send({ server: serverWith({ megabytes: 2 }) }, large)).toMatchObject({ kind: 'unconfirmed' });
});

test('what is gone is not sent as an empty attachment', async () => {
  const read = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(csv);
    throw new Error('erased');
  };
  const long = { size: 100, read };
  const gone = file({ body: { ...file().body, bytes: new Uint8Array(), long } });
  expect(await send({}, gone)).toEqual({ kind: 'unavailable', reason: 'CONTENT_LOST', maybeReceived: false });
  expect(rig.recipient.received).toEqual([]);
});

test('packed files are attached under their name and their type', async () => {
  await send({ compress: 'gzip' });
  const [data] = (await arrived()).attachments;
  expect([data?.filename, data?.contentType]).toEqual(['LEADS_20261120_000042.csv.gz', 'application/gzip']);
  expect(gunzipSync(data?.content ?? '').equals(csv)).toBe(true);
});

test("encrypted with the client's key the attachment is opened by nobody else; a key that is over holds it", async () => {
  const date = new Date('2026-01-01T00:00:00Z');
  const made = await generateKey({ date, userIDs: [{ email: 'si@horizon.example' }], passphrase: 'phrase' });
  await send({ openpgp: { encryptTo: 'secret:PGP' } }, file(), { ...rig.secrets, PGP: made.publicKey });
  expect(rig.recipient.received[0]?.raw.toString()).not.toContain(csv.toString('base64').slice(0, 20));
  const [data] = (await arrived()).attachments;
  expect(data?.filename).toBe('LEADS_20261120_000042.csv.gpg');
  const privateKey = await readPrivateKey({ armoredKey: made.privateKey });
  const opened = await decrypt({
    message: await readMessage({ binaryMessage: new Uint8Array(data?.content ?? []) }),
    decryptionKeys: await decryptKey({ privateKey, passphrase: 'phrase' }),
    format: 'binary',
  });
  expect(Buffer.from(opened.data as unknown as Uint8Array).equals(csv)).toBe(true);
  rig.recover();
  expect(await send({ openpgp: { encryptTo: 'secret:PGP' } })).toEqual({
    kind: 'unauthorized',
    reason: 'SECRET_MISSING',
  });
  expect(rig.recipient.received).toEqual([]);
});

test('nobody can be asked about a mail that has left', async () => {
  expect(rig.connector.unaskable?.(rig.settings)).toBeDefined();
  expect(await rig.connector.lookup?.(file(), rig.settings, contextOf(rig))).toMatchObject({
    kind: 'unknown',
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ['no mailbox', { to: 'mailto:horizon' }, '/to'],
  ['a mailbox that ends a line', { to: 'mailto:leads@horizon.example,\r\nBcc: x@horizon.example' }, '/to'],
  [
    'too many mailboxes for the log',
    {
      to: `mailto:${Array.from({ length: 20 }, (_, n) => `equipe-${n}@${'a'.repeat(60)}.${'b'.repeat(30)}.example`).join(',')}`,
    },
    '/to',
  ],
  ['a folder', { to: 'sftp:horizon/in' }, '/to'],
  ['a marker', { marker: '.done' }, '/marker'],
  ['a temporary name', { tempSuffix: '.part' }, '/tempSuffix'],
  ['an acknowledgement', { ack: { path: 'out/ACK_{seq}.csv' } }, '/ack'],
])('the check refuses %s', (_what, over, path) => {
  expect(rig.connector.check({ ...rig.settings, ...over }).map((problem) => problem.path)).toContain(path);
});

test('C10: financial data may not travel in a file that goes by mail, encrypted or not', () => {
  expect(rig.connector.noFinancial?.(rig.settings)).toEqual(['e-mail', 'mail']);
  expect(rig.connector.noFinancial?.({ ...rig.settings, openpgp: { encryptTo: 'secret:PGP' } })).toEqual([
    'e-mail',
    'mail',
  ]);
  const folder = { ...rig.settings, to: 'local:horizon/in', server: { folder: '/srv/horizon' } };
  expect(rig.connector.noFinancial?.(folder)).toBeUndefined();
});

test('C19: its mailboxes stand among the mailboxes of the contract, a folder among the folders', () => {
  const folder = { ...rig.settings, to: 'local:horizon/in', server: { folder: '/srv/horizon' } };
  expect(rig.connector.targetKind(rig.settings)).toBe('mailboxes');
  expect(rig.connector.targetKind(folder)).toBe('folders');
  expect(rig.connector.targets({ ...rig.settings, to: both })).toEqual(mailboxes);
  expect(rig.connector.places({ ...rig.settings, to: both }, (text) => text)).toEqual(mailboxes);
});
