// Where the files of a storm arrive: a folder, an FTPS server, a bucket of S3, an HTTPS server that wants OAuth2 and OpenPGP.
// Invariant: what stands there is kept outside of every process that may be killed; an object that took another's place is told.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decrypt, generateKey, readMessage, readPrivateKey } from 'openpgp';
import { startFtps, type FtpsFault, type FtpsStep } from '../../../sandbox/recipients/ftps.ts';
import type { Certificate } from '../../connectors/servers/certificate.ts';
import { startFileRecipient, type FileFault, type FileStep } from '../../connectors/servers/files.ts';
import { s3Keys, startS3Recipient, type S3Fault, type S3Step } from '../../connectors/servers/s3.ts';
import type { FileDestination, FilePlaces } from './mappings-files.ts';
import { startProxy, type Proxy } from './proxy.ts';
import type { Random } from './random.ts';
import { mark, type TokenDoor } from './tokens.ts';

/** A file under its final name; without text where nobody can read it. */
export interface Standing {
  readonly destination: FileDestination;
  readonly name: string;
  readonly text: string | undefined;
}

export interface FileRecipients {
  readonly places: FilePlaces;
  /** What the gateway must know to reach them. */
  readonly environment: Readonly<Record<string, string>>;
  /** The lines to the servers, and how often each was asked to write. */
  readonly lines: readonly { readonly line: Proxy; readonly writes: () => number }[];
  /** The first try of the next object written to the bucket comes through when whoever sent it has long given up. */
  readonly writeLate: () => void;
  readonly standing: () => Promise<readonly Standing[]>;
  /** Files that took the place of one of the same name. */
  readonly replaced: () => readonly string[];
  readonly close: () => Promise<void>;
}

const login = { user: 'relais', password: `${mark}-ftps` } as const;
/** Past the time-out of a whole sending: whoever sent it has long gone. */
const lateMs = [500, 6_000] as const;
/** Past the next try, which finds nothing there yet and is written at once, also on a busy machine. */
const muchLaterMs = [9_000, 16_000] as const;
/** AWS lets a clock be wrong by so much. */
const mostSkewMs = 15 * 60_000;
/** Conversations have many steps: trouble at each of them would leave hardly a file unharmed. */
const stepShare = 0.25;

export async function startFileRecipients(
  folder: string,
  { troubled, tokens, random, certificate }: Trouble,
): Promise<FileRecipients> {
  const home = join(folder, 'ftps');
  for (const place of [join(folder, 'in'), join(home, 'in')]) mkdirSync(place, { recursive: true });
  const draw = <Fault>(destination: FileDestination, faults: readonly Fault[] = []): Fault | undefined =>
    faults.length > 0 && troubled(destination, stepShare) ? random.pick(faults) : undefined;
  const ftps = await startFtps({
    ...{ login, home, certificate, encryption: 'explicit' },
    fault: (step) => draw('essai-ftps', ftpsFaults[step]),
  });
  const s3 = await startS3Recipient(certificate);
  s3.mostSkewMs = mostSkewMs;
  let isLate = false;
  const tried = new Set<string>();
  s3.fault = (step, key) => {
    const isFirst = step === 'put' && !tried.has(key);
    if (step === 'put') tried.add(key);
    if (!isFirst || !isLate) return draw('essai-s3', s3Faults(random)[step]);
    isLate = false;
    return { lateMs: random.between(...muchLaterMs) };
  };
  const put = await startFileRecipient(certificate);
  put.letsIn = tokens.letsIn;
  put.fault = (step) => draw('essai-put', putFaults(random)[step]);
  const [ftpsLine, s3Line, putLine] = await Promise.all(
    [ftps, s3, put].map(({ port }) => startProxy({ host: '127.0.0.1', port })),
  );
  if (ftpsLine === undefined || s3Line === undefined || putLine === undefined) throw new Error('no line');
  const client = await clientKey();
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const puts = (log: readonly string[]) => (): number => log.filter((line) => line.startsWith('PUT ')).length;
  return {
    places: { folder, ftps: ftpsLine.port, s3: s3Line.port, put: putLine.port },
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_FTPS: login.password,
      RELAIS_SECRET_S3_KEY: s3Keys.accessKeyId,
      RELAIS_SECRET_S3_SECRET: s3Keys.secretAccessKey,
      RELAIS_SECRET_FILE_KEY: client.publicKey,
    },
    lines: [
      { line: ftpsLine, writes: () => ftps.log.filter((line) => line.startsWith('open ')).length },
      { line: s3Line, writes: puts(s3.log) },
      { line: putLine, writes: puts(put.log) },
    ],
    writeLate: () => (isLate = true),
    standing: async () => [
      ...inFolder('essai-csv', join(folder, 'in')),
      ...inFolder('essai-ftps', join(home, 'in')),
      ...[...s3.objects].map(([key, bytes]) => standing('essai-s3', key, bytes.toString())),
      ...(await Promise.all(
        [...put.files].map(async ([path, bytes]) =>
          standing('essai-put', path, await client.unpacked(bytes).catch(() => undefined)),
        ),
      )),
    ],
    replaced: () => [
      ...s3.replaced.map((key) => `essai-s3 ${key}`),
      ...put.replaced.map((path) => `essai-put ${path}`),
    ],
    close: async () => {
      for (const line of [ftpsLine, s3Line, putLine]) await line.close();
      await Promise.all([ftps.close(), s3.close(), put.close()]);
    },
  };
}

export interface Trouble {
  /** Draws whether a destination misbehaves now; with a share, so much more seldom. */
  readonly troubled: (destination: string, share?: number) => boolean;
  readonly tokens: TokenDoor;
  readonly random: Random;
  /** Of the servers that speak TLS. */
  readonly certificate: Certificate;
}

const ftpsFaults: Partial<Record<FtpsStep, readonly FtpsFault[]>> = {
  connect: ['reset', 'hang'],
  open: ['reset', 'hang', 452],
  stored: ['reset', 'hang', 426],
  rename: ['reset', 'hang', 421],
  renamed: ['reset', 'hang'],
  read: ['reset', 'hang'],
};

const s3Faults = (random: Random): Partial<Record<S3Step, readonly S3Fault[]>> => {
  const late = { lateMs: random.between(...lateMs) };
  return {
    connect: ['reset', 'hang'],
    asked: ['reset', 'hang', { status: 503, code: 'SlowDown' }],
    put: ['reset', 'hang', { status: 500, code: 'InternalError' }, late, late, late, late],
    stored: ['reset', 'hang', { status: 504, code: '' }],
  };
};

const putFaults = (random: Random): Partial<Record<FileStep, readonly FileFault[]>> => {
  const late = { lateMs: random.between(...lateMs) };
  return {
    connect: ['reset'],
    asked: ['reset', 'hang', 503, 429],
    sent: ['reset', 'hang', 500, 503, late, late],
    stored: ['reset', 'hang', 502, 504],
  };
};

const standing = (destination: FileDestination, path: string, text: string | undefined): Standing => ({
  destination,
  name: path.split('/').at(-1) ?? path,
  text,
});

const inFolder = (destination: FileDestination, path: string): readonly Standing[] =>
  readdirSync(path)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => standing(destination, name, readFileSync(join(path, name), 'utf8')));

interface ClientKey {
  readonly publicKey: string;
  readonly unpacked: (bytes: Buffer) => Promise<string>;
}

/** Made long ago: no clock of the storm is before it. */
async function clientKey(): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKey({
    userIDs: [{ email: 'leads@essai.example' }],
    format: 'armored',
    date: new Date('2026-01-01T00:00:00Z'),
  });
  const decryptionKeys = await readPrivateKey({ armoredKey: privateKey });
  return {
    publicKey,
    unpacked: async (bytes) => {
      const { data } = (await decrypt({
        message: await readMessage({ binaryMessage: bytes }),
        decryptionKeys,
        format: 'binary',
      })) as { data: Uint8Array };
      return gunzipSync(Buffer.from(data)).toString();
    },
  };
}
