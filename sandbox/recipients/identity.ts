// Makes the credentials of the demo's recipients: a certificate for the run, and a fixed SSH host key.
// Invariant: good for loopback and invented persons only. The host key is derived from a public text on purpose: the demo clients'
// mapping files pin its fingerprint, which therefore must be the same on every machine.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate that is its own authority, for the given host names. */
export async function certificateFor(...hosts: readonly string[]): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: hosts.map((host) => ({ type: 2 as const, value: host })) },
    ],
  });
  return { key: made.private, cert: made.cert };
}

export interface HostKey {
  /** As ssh2 reads it. */
  readonly privateKey: string;
  /** `SHA256:...`, as `ssh-keygen -lf` prints it and a mapping file pins it. */
  readonly fingerprint: string;
}

/** The same key in every sandbox. */
export function sandboxHostKey(): HostKey {
  const seed = createHash('sha256').update('Relais sandbox: SSH host key of invented recipients').digest();
  // PKCS #8 of an Ed25519 key is this prefix and the seed (RFC 8410).
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    format: 'der',
    type: 'spki',
  });
  const point = spki.subarray(-32);
  const type = Buffer.from('ssh-ed25519');
  const publicBlob = Buffer.concat([field(type), field(point)]);
  const check = Buffer.from('52656c61', 'hex');
  const secret = Buffer.concat([
    check,
    check,
    field(type),
    field(point),
    field(Buffer.concat([seed, point])),
    field(Buffer.from('sandbox')),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field(Buffer.from('none')),
    field(Buffer.from('none')),
    field(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  const label = 'OPENSSH PRIVATE KEY';
  return {
    privateKey: [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'),
    fingerprint: `SHA256:${createHash('sha256').update(publicBlob).digest('base64').replace(/=+$/, '')}`,
  };
}

/** An SSH string: its length, then itself (RFC 4251). */
function field(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
