// Files by FTPS: what its server is trusted with, and what it is not.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { flow } from '../../connectors/flow/index.ts';
import { ftpsRig, type FtpsRig } from './file-rigs.ts';
import { bytesInPieces, contextOf, parcelOf, sendInPieces } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';

let rig: FtpsRig;
const name = 'LEADS_20261120_000042.csv';
const bytes = Buffer.from('NOM;TEL\r\nMARTIN;0612345678\r\n');
const body = { bytes, mediaType: 'text/csv', extension: 'csv' };

beforeAll(async () => {
  rig = await ftpsRig('explicit');
});
afterEach(() => {
  rig.recover();
  rig.unknown = [];
});
afterAll(() => rig.close());

const patient = { connectMs: 20_000, responseMs: 20_000, totalMs: 40_000 };
const context = (over: Partial<SendContext> = {}): SendContext =>
  contextOf(rig, { timeouts: patient, ...over });
const settingsWith = (over: object = {}, server: object = {}): unknown => ({
  ...rig.settings,
  ...over,
  server: { ...(rig.settings['server'] as object), ...server },
});
const send = async (over: object = {}, parcel: Partial<Parcel> = {}): Promise<Outcome> =>
  await flow.send(parcelOf({ body, ...parcel }), settingsWith(over), context());
const asked = async (over: object = {}): Promise<Outcome | undefined> =>
  await flow.lookup?.(parcelOf({ body }), settingsWith(over), context());
const inHome = (file: string): string => join(rig.home, 'in', file);
const text = (file: string): string => readFileSync(inHome(file), 'utf8');

test('a file is written under a temporary name, renamed, and followed by its control file', async () => {
  expect(await send()).toMatchObject({ kind: 'accepted' });
  expect(rig.log).toEqual([
    `open in/${name}.part`,
    `rename in/${name}`,
    `open in/${name}.ctl.part`,
    `rename in/${name}.ctl`,
  ]);
  expect(text(name)).toBe(bytes.toString());
  expect(await send()).toMatchObject({ kind: 'duplicate' });
  expect(rig.log).toHaveLength(4);
});

test.each(['x'.repeat(bytes.length), 'x'])(
  'what stands under the final name is never replaced: %s',
  async (other) => {
    writeFileSync(inHome(name), other);
    expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
    expect(text(name)).toBe(other);
  },
);

test('what came under the name over the rename is not replaced, and told as such', async () => {
  rig.fault = (step, path) => {
    if (step === 'rename' && path.endsWith('.csv')) writeFileSync(inHome(name), 'theirs');
    return undefined;
  };
  expect(await send()).toMatchObject({ kind: 'refused', reason: 'NAME_TAKEN' });
  expect(text(name)).toBe('theirs');
});

test('what an attempt left under the temporary name is written anew', async () => {
  writeFileSync(inHome(`${name}.part`), 'x'.repeat(10_000));
  expect(await send()).toMatchObject({ kind: 'accepted' });
  expect(text(name)).toBe(bytes.toString());
  expect(readdirSync(join(rig.home, 'in')).toSorted()).toEqual([name, `${name}.ctl`]);
});

test('a file that stands shorter than what was sent never gets its final name', async () => {
  rig.fault = (step) => {
    if (step === 'stored') writeFileSync(inHome(`${name}.part`), 'NOM');
    return undefined;
  };
  expect(await send()).toMatchObject({ kind: 'unavailable', reason: 'SIZE_MISMATCH' });
  expect(existsSync(inHome(name))).toBe(false);
});

test('a cut while the content travels is tried again, one over the rename is unknown, and a look-up settles it', async () => {
  rig.fault = (step) => (step === 'stored' ? 'reset' : undefined);
  expect(await send()).toMatchObject({ kind: 'unavailable', maybeReceived: true });
  rig.fault = () => undefined;
  expect(await asked()).toMatchObject({ kind: 'absent' });
  rig.fault = (step) => (step === 'renamed' ? 'reset' : undefined);
  expect(await send()).toMatchObject({ kind: 'unknown', reason: 'CONNECTION_LOST' });
  rig.fault = () => undefined;
  expect(await asked()).toMatchObject({ kind: 'accepted' });
  expect(await send()).toMatchObject({ kind: 'duplicate' });
});

test('a server that does not say whether a file stands there holds the destination: its rename might replace', async () => {
  writeFileSync(inHome(name), 'theirs');
  rig.unknown = ['SIZE'];
  expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'SIZE_UNTOLD' });
  expect(text(name)).toBe('theirs');
});

test('a server that keeps no dates is believed by its sizes', async () => {
  rig.unknown = ['MDTM'];
  expect(await send()).toMatchObject({ kind: 'accepted' });
});

test('nothing travels in clear: a server without TLS, or without TLS for data, gets no password or no file', async () => {
  rig.unknown = ['AUTH'];
  expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'TLS_REFUSED' });
  rig.unknown = ['PROT'];
  expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'TLS_REFUSED' });
  expect(rig.log).toEqual([]);
});

test('with a marker nothing is renamed', async () => {
  expect(await send({ marker: '.done', control: undefined })).toMatchObject({ kind: 'accepted' });
  expect(rig.log).toEqual([`open in/${name}`, `open in/${name}.done`]);
  expect(await send({ marker: '.done', control: undefined })).toMatchObject({ kind: 'duplicate' });
});

test('a folder that is not there holds the destination', async () => {
  rmSync(join(rig.home, 'in'), { recursive: true });
  expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'FOLDER_MISSING' });
  mkdirSync(join(rig.home, 'in'));
});

test('a full disk is tried again', async () => {
  rig.fault = (step) => (step === 'open' ? 552 : undefined);
  expect(await send()).toMatchObject({ kind: 'unavailable', reason: 'FOLDER_FULL' });
});

test('the acknowledgement is looked for, and read to its bound', async () => {
  const ack = { path: 'out/ACK_{seq}.csv' };
  mkdirSync(join(rig.home, 'out'), { recursive: true });
  expect(await send({ ack })).toMatchObject({ kind: 'pending' });
  expect(await asked({ ack })).toMatchObject({ kind: 'pending' });
  writeFileSync(join(rig.home, 'out', 'ACK_42.csv'), '"success":true');
  expect(await asked({ ack })).toMatchObject({ kind: 'accepted', reference: 'CRM-1' });
  writeFileSync(join(rig.home, 'out', 'ACK_42.csv'), 'x'.repeat(2 * 1024 * 1024));
  expect(await asked({ ack })).toMatchObject({ kind: 'unknown', reason: 'ANSWER_TOO_LARGE' });
});

test('a file of many pieces goes through whole, whatever time-out its pieces keep', async () => {
  const outcome = await sendInPieces((long, timeouts) =>
    flow.send(
      parcelOf({ body: { ...body, bytes: new Uint8Array(0), long } }),
      settingsWith(),
      context({ timeouts }),
    ),
  );
  expect(outcome).toMatchObject({ kind: 'accepted' });
  expect(statSync(inHome(name)).size).toBe(bytesInPieces);
});

describe('where the data go', () => {
  /** A server that lets everybody in and names a place for data. */
  async function startLure(passive: string, taken: () => void) {
    const other = createServer((socket) => {
      taken();
      socket.destroy();
    });
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.2', resolve));
    const { port } = other.address() as AddressInfo;
    rig.unknown = ['EPSV'];
    return { passive: passive.replace('PORT', `${port >> 8},${port & 255}`), close: () => other.close() };
  }

  test('never another machine than that of the session, whatever the server names', async () => {
    let connected = 0;
    const lure = await startLure('227 (127,0,0,2,PORT)', () => (connected += 1));
    rig.passive = lure.passive;
    expect(await send()).toMatchObject({ kind: 'unavailable' });
    expect(connected).toBe(0);
    rig.passive = undefined;
    lure.close();
  });
});

test('a certificate of an authority of its own is believed for this destination alone', async () => {
  const ours = await certificateFor('localhost', '127.0.0.1');
  const network = { allowedRanges: ['127.0.0.0/8'], allowPlaintext: false };
  const secrets = { ...rig.secrets, CA: rig.cert, OTHER: ours.cert };
  const by = (ca: string): Promise<Outcome> =>
    flow.send(
      parcelOf({ body }),
      settingsWith({}, { tls: { ca } }),
      contextOf({ ...rig, secrets }, { network, timeouts: patient }),
    );
  expect(await by('secret:OTHER')).toMatchObject({ kind: 'unauthorized', reason: 'TLS_CERTIFICATE' });
  expect(await by('secret:CA')).toMatchObject({ kind: 'accepted' });
  expect(await by('secret:NONE')).toMatchObject({ kind: 'unauthorized', reason: 'SECRET_MISSING' });
});

test.each<[string, object, object, string]>([
  ['a scheme of another server', { to: 'sftp:horizon/in' }, {}, '/to'],
  ['port 990 without implicit TLS', {}, { port: 990 }, '/server/port'],
  ['the port of SSH', {}, { port: 22 }, '/server/port'],
  ['a password in clear', {}, { password: 'clair' }, '/server/password'],
  ['a certificate without its key', {}, { tls: { cert: 'secret:CERT' } }, '/server/tls'],
])('%s is a problem', (_name, over, server, path) => {
  const found = flow.check(settingsWith(over, { encryption: 'explicit', ...server }));
  expect(found.map((problem) => problem.path)).toContain(path);
  expect(JSON.stringify(found)).not.toContain('clair');
});

test('the signed document names the protocol', () => {
  const rows = flow.words.transport(settingsWith() as object, []);
  expect(rows.map(({ agreed: [fr] }) => fr)).toContain('FTPS (TLS explicite)');
});
