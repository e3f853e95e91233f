// A file that leaves packed: what the recipient unpacks is the file, and ours is known again whatever bytes it was packed into.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decrypt, generateKey, readKey, readMessage, readPrivateKey } from 'openpgp';
import { fromBuffer, type Entry } from 'yauzl';
import type { Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { flow } from '../../connectors/flow/index.ts';
import { packed } from '../../connectors/flow/packing/packed.ts';
import { contentOf } from '../../connectors/flow/content.ts';
import { gzip } from '../../connectors/flow/packing/gzip.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { sftpUser, startSftpRecipient } from './servers/sftp.ts';
import type { SftpRecipient } from './servers/sftp.ts';

const day = 86_400_000;
const now = Date.parse('2026-11-20T12:00:00Z');
interface Pair {
  readonly publicKey: string;
  readonly privateKey: string;
}
const pairOf = async (days?: number): Promise<Pair> =>
  await generateKey({
    userIDs: [{ name: 'Demo', email: 'leads@demo.example' }],
    date: new Date(now - 100 * day),
    format: 'armored',
    ...(days === undefined ? {} : { keyExpirationTime: (100 + days) * 86_400 }),
  });

let client: Pair;
let ours: Pair;
let over: Pair;
beforeAll(async () => {
  [client, ours, over] = await Promise.all([pairOf(), pairOf(), pairOf(-1)]);
});

let root: string;
let recipient: SftpRecipient;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'relais-packing-'));
  mkdirSync(join(root, 'in'));
  recipient = await startSftpRecipient(root);
});
afterEach(async () => {
  await recipient.close();
  rmSync(root, { recursive: true });
});

/** 200 kB that do not compress to nothing. */
const text = Array.from({ length: 4_000 }, (_, index) =>
  createHash('sha256').update(String(index)).digest('hex').slice(0, 48),
).join('\r\n');
const bytes = Buffer.from(text);
const body = { bytes, mediaType: 'text/csv; charset=utf-8', extension: 'csv' };
const at = (file: string): string => join(root, 'in', file);
const files = (): readonly string[] => readdirSync(join(root, 'in')).toSorted();

const fileKeys = (file: string): readonly Uint8Array[] => [
  createHash('sha256').update(`master ${file}`).digest(),
];
const context = (more: Partial<SendContext> = {}): SendContext =>
  contextOf(
    {
      secrets: {
        SFTP: sftpUser.password,
        KEY: client.publicKey,
        OUR_KEY: ours.privateKey,
        OVER: over.publicKey,
      },
      target: 'sftp:horizon/in',
    },
    { now: () => now, fileKeys, ...more },
  );
const settings = (packing: object): Record<string, unknown> => ({
  name: 'LEADS_{seq:6}.csv',
  to: 'sftp:horizon/in',
  server: {
    host: 'localhost',
    port: recipient.port,
    user: sftpUser.user,
    password: 'secret:SFTP',
    hostKey: recipient.hostKey,
  },
  schedule: { cron: '0 7 * * *' },
  ...packing,
});
const send = async (
  packing: object,
  parcel: Partial<Parcel> = {},
  surroundings: Partial<SendContext> = {},
): Promise<Outcome> =>
  await flow.send(parcelOf({ body, ...parcel }), settings(packing), context(surroundings));

const unzipped = (archive: Buffer): Promise<{ readonly name: string; readonly content: Buffer }> =>
  new Promise((resolve, reject) => {
    fromBuffer(archive, { lazyEntries: true }, (error, file) => {
      if (error !== null) return reject(error);
      file.on('entry', (entry: Entry) =>
        file.openReadStream(entry, (failed, stream) => {
          if (failed !== null) return reject(failed);
          const pieces: Buffer[] = [];
          stream.on('data', (piece: Buffer) => pieces.push(piece));
          stream.on('end', () => resolve({ name: entry.fileName, content: Buffer.concat(pieces) }));
        }),
      );
      file.readEntry();
    });
  });

const opened = async (sealed: Buffer): Promise<{ readonly data: Buffer; readonly signed: boolean }> => {
  const { data, signatures } = (await decrypt({
    message: await readMessage({ binaryMessage: sealed }),
    decryptionKeys: await readPrivateKey({ armoredKey: client.privateKey }),
    verificationKeys: await readKey({ armoredKey: ours.publicKey }),
    date: new Date(now),
    format: 'binary',
  })) as { data: Uint8Array; signatures: readonly { verified: Promise<true> }[] };
  const [signature] = signatures;
  return {
    data: Buffer.from(data),
    signed:
      signature === undefined
        ? false
        : await signature.verified.then(
            () => true,
            () => false,
          ),
  };
};

const openpgp = { encryptTo: 'secret:KEY' };
/** Each way, under which name it leaves, and how its recipient opens it. */
const ways: readonly (readonly [string, object, string, (bytes: Buffer) => Buffer | Promise<Buffer>])[] = [
  ['gzip', { compress: 'gzip' }, 'LEADS_000042.csv.gz', gunzipSync],
  ['zip', { compress: 'zip' }, 'LEADS_000042.csv.zip', async (file) => (await unzipped(file)).content],
  ['OpenPGP', { openpgp }, 'LEADS_000042.csv.gpg', async (file) => (await opened(file)).data],
  [
    'gzip and OpenPGP',
    { compress: 'gzip', openpgp },
    'LEADS_000042.csv.gz.gpg',
    async (file) => gunzipSync((await opened(file)).data),
  ],
];

describe.each(ways)('%s', (_way, packing, name, unpack) => {
  const stands = async (): Promise<boolean> => bytes.equals(await unpack(readFileSync(at(name))));

  test('the recipient unpacks the file; the control file speaks of what it got', async () => {
    const control = { sidecar: '.ctl', fields: ['sha256', 'size'] };
    expect(await send({ ...packing, control })).toMatchObject({ kind: 'accepted' });
    expect(files()).toEqual([name, `${name}.ctl`]);
    expect(await stands()).toBe(true);
    const got = readFileSync(at(name));
    expect(readFileSync(at(`${name}.ctl`), 'utf8')).toBe(
      `sha256=${createHash('sha256').update(got).digest('hex')}\nsize=${got.length}\n`,
    );
  });

  test('sent again it is known, and its control file is of what stands', async () => {
    const control = { sidecar: '.ctl', fields: ['sha256'] };
    await send(packing);
    const first = readFileSync(at(name));
    expect(await send({ ...packing, control })).toMatchObject({ kind: 'duplicate' });
    expect(readFileSync(at(name)).equals(first)).toBe(true);
    expect(readFileSync(at(`${name}.ctl`), 'utf8')).toBe(
      `sha256=${createHash('sha256').update(first).digest('hex')}\n`,
    );
  });

  test('another content under its name is not ours, and stays', async () => {
    await send(packing, { body: { ...body, bytes: bytes.subarray(0, 150_000) } });
    const first = readFileSync(at(name));
    expect(await send(packing)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    writeFileSync(at(name), "somebody else's");
    expect(await send(packing)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    writeFileSync(at(name), first.subarray(0, 40_000));
    expect(await send(packing)).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  });

  test.each([0, 12, 2_000, 70_000])(
    'where nothing is renamed, what was cut off after %d bytes is written again',
    async (kept) => {
      await send({ ...packing, marker: '.done' });
      rmSync(at(`${name}.done`));
      truncateSync(at(name), kept);
      expect(await send({ ...packing, marker: '.done' })).toMatchObject({ kind: 'accepted' });
      expect(await stands()).toBe(true);
      expect(existsSync(at(`${name}.done`))).toBe(true);
    },
  );

  test('asked whether it stands, the answer is by what is inside', async () => {
    const lookup = async (parcel: Partial<Parcel> = {}): Promise<Outcome | undefined> =>
      await flow.lookup?.(parcelOf({ body, ...parcel }), settings(packing), context());
    await send(packing);
    expect(await lookup()).toMatchObject({ kind: 'accepted' });
    const other = { ...body, bytes: bytes.subarray(1) };
    expect(await lookup({ body: other })).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  });

  test('preview and signed document tell how it is packed', () => {
    const { head, fileName, content } = flow.compose(parcelOf({ body }), settings(packing));
    expect(fileName).toBe(name);
    // What was handed over is proved by what is inside.
    expect(Buffer.from(content).equals(bytes)).toBe(true);
    expect(head.join('\n')).toMatch(/compressed: (gzip|zip)|OpenPGP: encrypted to «secret:KEY»/);
    const rows = flow.words.transport(settings(packing), []).map(({ agreed: [fr] }) => fr);
    expect(rows.join('\n')).toMatch(/\.gz|\.zip|clé publique/);
  });
});

test('the same content packed by another library, or another version of it, is ours', async () => {
  writeFileSync(at('LEADS_000042.csv.gz'), gzipSync(bytes, { level: 1 }));
  expect(await send({ compress: 'gzip' })).toMatchObject({ kind: 'duplicate' });
});

test('an archive holds the file under its own name', async () => {
  await send({ compress: 'zip', name: 'LEADS_{seq:6}.zip' });
  expect(files()).toEqual(['LEADS_000042.zip']);
  expect((await unzipped(readFileSync(at('LEADS_000042.zip')))).name).toBe('LEADS_000042.csv');
});

test('a little that unpacks to very much is left alone before it is unpacked', async () => {
  let given = 0;
  const ours = contentOf({ bytes: Buffer.from('NOM;TEL\r\n') });
  const greedy = {
    pack: gzip.pack,
    open: async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of gzip.open(pieces)) {
        given += piece.length;
        yield piece;
      }
    },
  };
  const { take, end } = packed(ours, [greedy]).compare();
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  for (let from = 0; from < bomb.length; from += 1_024) await take(bomb.subarray(from, from + 1_024));
  expect(await end()).toBe('other');
  expect(given).toBeLessThan(3_000_000);
});

describe('with OpenPGP', () => {
  test('each sending makes other bytes, and is signed where asked', async () => {
    const signed = { openpgp: { ...openpgp, sign: { key: 'secret:OUR_KEY' } } };
    await send(signed);
    const first = readFileSync(at('LEADS_000042.csv.gpg'));
    expect((await opened(first)).signed).toBe(true);
    expect(await send(signed)).toMatchObject({ kind: 'duplicate' });
    rmSync(at('LEADS_000042.csv.gpg'));
    await send(signed);
    expect(readFileSync(at('LEADS_000042.csv.gpg')).equals(first)).toBe(false);
  });

  test('a file is known by the keys of its own name alone, and by an earlier key of ours', async () => {
    await send({ openpgp });
    // A wrong key opens to noise now and then, and noise can end nowhere: as many as make that likely.
    const others = (file: string): readonly Uint8Array[] =>
      Array.from({ length: 100 }, (_, index) => createHash('sha256').update(`${index} ${file}`).digest());
    // A hundred keys take longer than a real destination's two.
    const timeouts = { connectMs: 15_000, responseMs: 15_000, totalMs: 30_000 };
    expect(await send({ openpgp }, {}, { fileKeys: others, timeouts })).toMatchObject({
      reason: 'NAME_TAKEN',
    });
    const rotated = (file: string): readonly Uint8Array[] => [...others(file), ...fileKeys(file)];
    expect(await send({ openpgp }, {}, { fileKeys: rotated, timeouts })).toMatchObject({
      kind: 'duplicate',
    });
  });

  test('of so little of a file that nothing can be opened yet, nothing is known: it stays', async () => {
    await send({ openpgp, marker: '.done' });
    rmSync(at('LEADS_000042.csv.gpg.done'));
    truncateSync(at('LEADS_000042.csv.gpg'), 90);
    expect(await send({ openpgp, marker: '.done' })).toMatchObject({ reason: 'NAME_TAKEN' });
  });

  test('a key that is over, or missing, holds the destination: nothing is opened', async () => {
    for (const [key, reason] of [
      ['secret:OVER', 'OPENPGP_KEY_EXPIRED'],
      ['secret:NONE', 'SECRET_MISSING'],
    ] as const)
      expect(await send({ openpgp: { encryptTo: key } })).toMatchObject({ kind: 'unauthorized', reason });
    expect(recipient.connections()).toBe(0);
  });

  test('its end is told ahead, and its secrets are named', async () => {
    const soon = await pairOf(12);
    const [expiry] =
      (await flow.expiries?.(
        settings({ openpgp: { encryptTo: 'secret:SOON' } }),
        () => soon.publicKey,
        new Date(now),
      )) ?? [];
    expect(expiry).toMatchObject({ secret: 'SOON', at: new Date(now + 12 * day) });
    expect(
      flow.secretNames(
        settings({ openpgp: { ...openpgp, sign: { key: 'secret:OUR_KEY', passphrase: 'secret:P' } } }),
      ),
    ).toEqual(['SFTP', 'KEY', 'OUR_KEY', 'P']);
  });
});

test('what may have arrived is packed again as it was; encryption asked for since is never left out', () => {
  const now = settings({ compress: 'zip', openpgp, to: 'sftp:horizon/new' });
  expect(flow.settingsAgain?.(now, settings({ compress: 'gzip' }))).toEqual({ ...now, compress: 'gzip' });
  expect(flow.settingsAgain?.(settings({}), settings({ openpgp }))).toEqual(settings({ openpgp }));
  expect(flow.settingsAgain?.(settings({ compress: 'zip' }), settings({}))).toEqual(settings({}));
});

test.each<[string, object, RegExp]>([
  ['.gz and no compression', { name: 'L_{seq}.csv.gz' }, /write compress: gzip/],
  ['.zip and gzip', { name: 'L_{seq}.zip', compress: 'gzip' }, /write compress: zip/],
  ['.gpg and no encryption', { name: 'L_{seq}.csv.gpg' }, /nothing is encrypted/],
  ['a private key in clear', { openpgp: { ...openpgp, sign: { key: 'KEY' } } }, /must not stand in the file/],
  ['a key that is none', { openpgp: { encryptTo: 'my key' } }, /Write the public key itself/],
])('a name with %s is told', (_what, over, message) => {
  expect(flow.check(settings(over)).map(({ message: [, english] }) => english)).toEqual([
    expect.stringMatching(message),
  ]);
});

test('an ending that stands in the name is not added twice', () => {
  const nameOf = (over: object): string | undefined =>
    flow.compose(parcelOf({ body }), settings(over)).fileName;
  expect(nameOf({ name: 'L_{seq}.csv.gz', compress: 'gzip' })).toBe('L_42.csv.gz');
  expect(nameOf({ name: 'L_{seq}.csv.pgp', compress: 'gzip', openpgp })).toBe('L_42.csv.gz.pgp');
  expect(flow.check(settings({ name: 'L_{seq}.zip.asc', compress: 'zip', openpgp }))).toEqual([]);
});
