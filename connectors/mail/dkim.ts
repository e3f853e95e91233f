// Signs mails by DKIM (RFC 6376) for the sender's domain, and checks the public key in its DNS.
// Invariant: nothing is sent unsigned where a signature was asked for; only the public half of the key is ever shown.
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { problemIf, type Both, type SettingsProblem } from '../contract.ts';
import { clearTextProblem, masked, secretName, type TextRecords } from '../guard.ts';

export interface DkimSettings {
  readonly domain: string;
  readonly selector: string;
  readonly key: string;
}

export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  readonly pem: string;
}

export type DkimResult =
  | { readonly ok: true; readonly key: DkimKey | undefined }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'DKIM_KEY_UNREADABLE' | 'DKIM_KEY_WEAK' };

/** Receivers reject the signature of a shorter key (RFC 8301). */
const leastBits = 1_024;

/** The key of `send.dkim`; none where mails are not signed. */
export function dkimKeyOf(
  dkim: DkimSettings | undefined,
  secret: (name: string) => string | undefined,
): DkimResult {
  if (dkim === undefined) return { ok: true, key: undefined };
  const text = secret(secretName(dkim.key) ?? '');
  if (text === undefined) return { ok: false, reason: 'SECRET_MISSING' };
  const key = privateKey(text);
  if (key?.asymmetricKeyType !== 'rsa') return { ok: false, reason: 'DKIM_KEY_UNREADABLE' };
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < leastBits)
    return { ok: false, reason: 'DKIM_KEY_WEAK' };
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { ok: true, key: { domain: dkim.domain, selector: dkim.selector, pem } };
}

/** Variables are one line: `\n` represents a line break. */
function privateKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text.trim().replaceAll(String.raw`\n`, '\n'));
  } catch {
    return undefined;
  }
}

/** Headers a signature covers (RFC 6376, 5.4.1), as far as a mail has them. */
const coverable = new Set(
  'from sender reply-to subject date message-id to cc mime-version content-type content-transfer-encoding in-reply-to references'.split(
    ' ',
  ),
);
/** Listed once more than the mail has them, so that one added on the way breaks the signature (8.15). */
const oversigned = ['from', 'to', 'subject', 'date'];

/**
 * The mail with a DKIM-Signature before it, relaxed/relaxed. Ours, since nodemailer lists each header once. The same mail
 * and key give the same bytes: PKCS #1 v1.5 is not random, and the signature has no time.
 * @param bytes a mail as MIME, lines ending in CRLF
 */
export function signed(bytes: Buffer, { domain, selector, pem }: DkimKey): Buffer {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const headers = text
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), relaxed(line)] as const)
    .filter(([name]) => coverable.has(name));
  const body = text
    .slice(end + 4)
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(' \r\n', '\r\n')
    .replace(/(?:\r\n)+$/, '');
  const bodyHash = createHash('sha256')
    .update(body === '' ? '' : `${body}\r\n`, 'latin1')
    .digest('base64');
  const names = [...headers.map(([name]) => name), ...oversigned];
  const unsigned = [
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; q=dns/txt; s=${selector};`,
    ` bh=${bodyHash};`,
    ` h=${names.join(':\r\n  ')};`,
    ' b=',
  ].join('\r\n');
  // Several headers of one name are covered from the last one upwards (5.4.2): our mails have one of each.
  const covered = [...headers.map(([, line]) => line), relaxed(unsigned)].join('\r\n');
  const signature = sign('sha256', Buffer.from(covered, 'latin1'), pem).toString('base64');
  return Buffer.concat([
    Buffer.from(`${unsigned}${signature.replaceAll(/.{70}(?=.)/g, '$&\r\n ')}\r\n`),
    bytes,
  ]);
}

/** A header field in relaxed form (3.4.2). */
const relaxed = (line: string): string => {
  const [name = '', ...value] = line.split(':');
  const unfolded = value
    .join(':')
    .replaceAll('\r\n', '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
  return `${name.trim().toLowerCase()}:${unfolded}`;
};

export const recordName = ({ domain, selector }: Pick<DkimKey, 'domain' | 'selector'>): string =>
  `${selector}._domainkey.${domain}`;

const publicHalf = (pem: string): string =>
  createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64');

/** The record to publish in the domain's DNS. */
export const recordToPublish = (key: DkimKey): string =>
  `${recordName(key)} TXT "v=DKIM1; k=rsa; p=${publicHalf(key.pem)}"`;

export interface DkimRecordCheck {
  readonly reason?: 'DKIM_RECORD_MISSING' | 'DKIM_RECORD_DIFFERS';
  readonly note: Both;
}

/** Compares the key with its DNS records, and gives the remedy. */
export function checkRecord(key: DkimKey, records: TextRecords): DkimRecordCheck {
  const name = recordName(key);
  const record = recordToPublish(key);
  const toPublish: Both = [`Publiez dans le DNS : ${record}`, `Publish in DNS: ${record}`];
  if (records === 'silent')
    return {
      note: [
        `DKIM : la clé peut servir ; aucun serveur DNS n’a dit si ${name} la publie. ${toPublish[0]}`,
        `DKIM: the key can be used; no resolver answered whether ${name} publishes it. ${toPublish[1]}`,
      ],
    };
  const wanted = publicHalf(key.pem);
  if (records.some((record) => tagOf(record, 'p') === wanted))
    return {
      note: [`DKIM : ${name} publie la clé qui signe.`, `DKIM: ${name} publishes the key that signs.`],
    };
  if (records.some((record) => tagOf(record, 'p') !== undefined))
    return {
      reason: 'DKIM_RECORD_DIFFERS',
      note: [
        `DKIM : ${name} publie une autre clé que celle qui signe. ${toPublish[0]}`,
        `DKIM: ${name} publishes another key than the one that signs. ${toPublish[1]}`,
      ],
    };
  return {
    reason: 'DKIM_RECORD_MISSING',
    note: [
      `DKIM : rien n’est publié sous ${name}. ${toPublish[0]}`,
      `DKIM: nothing is published at ${name}. ${toPublish[1]}`,
    ],
  };
}

const tagOf = (record: string, name: string): string | undefined =>
  record
    .split(';')
    .map((tag) => tag.split('='))
    .find(([tag]) => tag?.trim() === name)
    ?.slice(1)
    .join('=')
    .replaceAll(/\s/g, '');

/** A signature for another domain than the sender's proves nothing to its receiver (DMARC). */
export function dkimProblems(
  dkim: DkimSettings | undefined,
  senderDomain: string,
): readonly SettingsProblem[] {
  if (dkim === undefined) return [];
  const domain = dkim.domain.toLowerCase();
  const sender = senderDomain.toLowerCase();
  const isAligned = sender === domain || sender.endsWith(`.${domain}`);
  return [
    ...problemIf(!isAligned, '/dkim/domain', [
      `Le domaine qui signe est celui de l’expéditeur, ${senderDomain}, ou un domaine au-dessus.`,
      `The domain that signs must be that of the sender, ${senderDomain}, or one above it.`,
    ]),
    ...problemIf(/\._domainkey/i.test(dkim.selector), '/dkim/selector', [
      'Le sélecteur est ce qui précède ._domainkey, comme relais1 : cette partie est ajoutée.',
      'The selector is the part before ._domainkey, such as relais1: that part is added.',
    ]),
    ...clearTextProblem('/dkim/key', dkim.key),
  ];
}

/** The line of a preview. */
export const dkimHead = ({ domain, selector, key }: DkimSettings): string =>
  `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=${selector}; b=… (key ${masked(key)})`;
