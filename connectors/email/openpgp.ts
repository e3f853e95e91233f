// Encrypts a mail for the client's key, all but its headers, and signs it where asked (PGP/MIME, RFC 3156).
// Invariant: nothing of its content is sent in clear where encryption was asked for.
import type { PgpKeys } from '../openpgp.ts';

/** The mail with everything but its headers encrypted: text, sheet and attachment. */
export async function encrypted(mail: Buffer, { encryptTo, sign }: PgpKeys, at: Date): Promise<Buffer> {
  const { createMessage, encrypt } = await import('openpgp');
  const text = mail.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end).split(/\r\n(?![ \t])/);
  const isContent = (line: string): boolean => /^content-/i.test(line);
  const inner = `${head.filter(isContent).join('\r\n')}\r\n\r\n${text.slice(end + 4)}`;
  // Its types name streams of a package that is not needed here.
  const armored = (await encrypt({
    message: await createMessage({ binary: Buffer.from(inner, 'latin1') }),
    encryptionKeys: [...encryptTo],
    ...(sign === undefined ? {} : { signingKeys: sign }),
    date: at,
  })) as string;
  const outer = head.filter((line) => !isContent(line) && !/^mime-version:/i.test(line));
  return Buffer.from(
    [...outer, ...wrapping(armored.trimEnd().replaceAll(/\r?\n/g, '\r\n'))].join('\r\n'),
    'latin1',
  );
}

const boundary = '=_relais_openpgp';

const wrapping = (armored: string): readonly string[] => [
  'MIME-Version: 1.0',
  'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";',
  ` boundary="${boundary}"`,
  '',
  `--${boundary}`,
  'Content-Type: application/pgp-encrypted',
  'Content-Description: PGP/MIME version identification',
  '',
  'Version: 1',
  '',
  `--${boundary}`,
  'Content-Type: application/octet-stream; name="encrypted.asc"',
  'Content-Description: OpenPGP encrypted message',
  'Content-Disposition: inline; filename="encrypted.asc"',
  '',
  armored,
  '',
  `--${boundary}--`,
  '',
];
