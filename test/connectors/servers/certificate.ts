// A self-signed certificate for loopback servers; tests give its text as extraCa.
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

// A key of RSA takes a twentieth of a second to make.
const elliptic = { keyType: 'ec', curve: 'P-256' } as const;

export const certificateFor = (...names: readonly string[]): Promise<Certificate> => made(elliptic, names);

/** Of RSA, as Amazon SNS signs with. */
export const rsaCertificateFor = (...names: readonly string[]): Promise<Certificate> =>
  made({ keySize: 2048 }, names);

async function made(
  key: typeof elliptic | { readonly keySize: number },
  names: readonly string[],
): Promise<Certificate> {
  const pair = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    ...key,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          /^[\d.]+$/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
        ),
      },
    ],
  });
  return { key: pair.private, cert: pair.cert };
}
